/**
 * The kinds of fusion models. A new one is an object in a file of its own, its spec in {@linkcode FusionSpec},
 * and a line here.
 *
 * @module
 */
import type { ParameterPlan } from "../../tensor/initializers.ts";
import { linear, mean, mlp, weighted } from "./adapters.ts";
import type { ModelKind, SpecOf } from "./kind.ts";
import { maxPool } from "./max_pool.ts";
import { checkCount, type FusionSizes, type FusionSpec, refuse } from "./spec.ts";
import { transformer } from "./transformer.ts";

const MODEL_KINDS: { [K in FusionSpec["kind"]]: ModelKind<SpecOf<K>> } = {
  transformer, // the paper's, §3.4.1
  mean, // this and the next three: Table 4
  weighted,
  linear,
  mlp,
  "max-pool": maxPool, // extended
};

/**
 * The kind of a spec's model.
 *
 * @param spec which model
 * @throws Error when there is none of its name
 */
export function kindOf(spec: FusionSpec): ModelKind<FusionSpec> {
  if (!Object.hasOwn(MODEL_KINDS, spec.kind)) refuse(`no kind "${spec.kind}"`);
  return MODEL_KINDS[spec.kind] as ModelKind<FusionSpec>;
}

/**
 * A spec with its model's defaults filled in, so that a default that changes makes another spec.
 *
 * @param spec which model
 * @param dim D
 * @throws Error when a value is out of range
 */
export function resolveSpec(spec: FusionSpec, dim: number): FusionSpec {
  return kindOf(spec).resolve(spec, dim);
}

/**
 * The parameters that a model has: names, shapes and starting values, in PyTorch's order.
 *
 * @param spec which model
 * @param sizes what the shapes depend on
 */
export function planFusion(spec: FusionSpec, sizes: FusionSizes): ParameterPlan[] {
  checkCount("dim", sizes.dim);
  const kind = kindOf(spec);
  return kind.plan(kind.resolve(spec, sizes.dim), sizes);
}

/** Whether a model of this spec is made for one number of patches, which `createFusion` must be told. */
export function needsPatchCount(spec: FusionSpec): boolean {
  return kindOf(spec).needsPatchCount?.(spec) ?? false;
}
