/**
 * What a fusion model is, as plain JSON: part of configs and of saved models.
 *
 * @module
 */
import type { z } from "zod";
import {
  checkSettings,
  COUNT,
  FLAG,
  kindsOf,
  number,
  oneOf,
  POSITIVE,
} from "../../runtime/settings.ts";

/** A size of the transformer by name. */
export type TransformerSize = "tiny" | "small" | "base";

/** The transformer's sizes in the authors' code: layers in each stack, and heads. */
export const TRANSFORMER_SIZES: Record<TransformerSize, { layers: number; heads: number }> = {
  tiny: { layers: 3, heads: 2 },
  small: { layers: 6, heads: 4 },
  base: { layers: 12, heads: 8 },
};

/** The paper's fusing model (§3.4.1): patches are the source, the full image is the target. */
export interface TransformerSpec {
  /** Which model. */
  kind: "transformer";
  /** Layers and heads by name: tiny 3+3 and 2, small 6+6 and 4, base 12+12 and 8. */
  size: TransformerSize;
  /** Encoder layers, where they differ from the size's. */
  encoderLayers?: number;
  /** Decoder layers, where they differ from the size's. */
  decoderLayers?: number;
  /** Attention heads, where they differ from the size's. */
  heads?: number;
  /** Width of the feed-forward blocks (default 2048). */
  feedForward?: number;
  /** Dropout rate in training (default 0.1). */
  dropout?: number;
  /** Epsilon of every layer normalisation (default 1e-5; candidates in the paper's Table 14). */
  epsilon?: number;
  /** m, fused vectors per image (default 1, the paper's; more is *extended*). */
  vectors?: number;
  /** Factor on the patch features before the first layer (default 1, the paper's; else *extended*). */
  inputScale?: number;
  /** false: the full image is source and target, the transformer of Table 4 (default true). */
  patches?: boolean;
}

/** An MLP: the adapters of Table 4. */
export interface MlpSpec {
  /** Which model. */
  kind: "mlp";
  /** What it reads: the full image's feature (D), or all patches, concatenated (P·D). */
  input: "full" | "patches";
  /** Linear layers. */
  layers: 1 | 2 | 3;
  /**
   * Width between layers (default D). With `batchNorm` over patches, as in the authors' code: 1024 unless told; the first of
   * three layers is always P·D/8 wide.
   */
  hidden?: number;
  /**
   * Whether batch normalisation and LeakyReLU follow every layer, the last one too, as in the authors' code; unless told
   * there is GELU between layers alone.
   */
  batchNorm?: boolean;
}

/** A weighted mean of the patches. */
export interface WeightedSpec {
  /** Which model. */
  kind: "weighted";
  /**
   * What has a weight of its own: a `patch` (P; their softmax, which starts as the plain mean), or every `value` of every
   * patch (P·D; a sum, which starts at random, as in the authors' code). Default `patch`.
   */
  per?: "patch" | "value";
}

/** One linear layer over all patches, concatenated: P·D → D. */
export interface LinearSpec {
  /** Which model. */
  kind: "linear";
  /** Whether it has a bias (default true; false in the authors' code). */
  bias?: boolean;
}

/** Detectors at every patch, pooled by their maxima (*extended*: not in the paper). */
export interface MaxPoolSpec {
  /** Which model. */
  kind: "max-pool";
  /** How many detectors (default 1024). */
  hidden?: number;
  /** Factor on the patch features, once the centre is subtracted (default 16). */
  inputScale?: number;
  /** m, fused vectors per image (default 1). */
  vectors?: number;
}

/**
 * A fusion model: transformer, maxima of detectors, plain mean, learned weights over patches,
 * Linear(P·D → D), or MLP.
 */
export type FusionSpec =
  | TransformerSpec
  | MaxPoolSpec
  | { kind: "mean" }
  | WeightedSpec
  | LinearSpec
  | MlpSpec;

const LAYERS = [1, 2, 3];

/** What a {@linkcode FusionSpec} may say. */
export const MODEL_SCHEMA: z.ZodType<FusionSpec> = kindsOf<FusionSpec, "kind">("kind", {
  transformer: {
    size: oneOf("tiny", "small", "base"),
    encoderLayers: COUNT.optional(),
    decoderLayers: COUNT.optional(),
    heads: COUNT.optional(),
    feedForward: COUNT.optional(),
    dropout: number("in [0, 1)", (value) => value >= 0 && value < 1).optional(),
    epsilon: POSITIVE.optional(),
    vectors: COUNT.optional(),
    inputScale: POSITIVE.optional(),
    patches: FLAG.optional(),
  },
  "max-pool": {
    hidden: COUNT.optional(),
    inputScale: POSITIVE.optional(),
    vectors: COUNT.optional(),
  },
  mean: {},
  weighted: { per: oneOf("patch", "value").optional() },
  linear: { bias: FLAG.optional() },
  mlp: {
    input: oneOf("full", "patches"),
    layers: number("1, 2 or 3", (value) => LAYERS.includes(value)) as z.ZodType<1 | 2 | 3>,
    hidden: COUNT.optional(),
    batchNorm: FLAG.optional(),
  },
});

/**
 * Checks what a spec says, whatever the features' size.
 *
 * @throws RangeError naming what is wrong
 */
export function checkSpec(spec: FusionSpec): void {
  checkSettings(MODEL_SCHEMA, spec, "Cannot create fusion model");
}

/** What a spec leaves open and a model needs. */
export interface FusionSizes {
  /** D, dimensions of a feature. */
  dim: number;
  /** P, patches per image: only `weighted`, `linear` and `mlp` over patches need it. */
  patches?: number;
}

/** A transformer's spec with every default filled in. */
export type ResolvedTransformer = Required<TransformerSpec>;

/**
 * Fills in a transformer's defaults and checks it against the features' size.
 *
 * @param spec the spec
 * @param dim D
 * @returns the spec, complete
 * @throws Error when a value is out of range, or the heads do not divide D
 */
export function resolveTransformer(spec: TransformerSpec, dim: number): ResolvedTransformer {
  checkSpec(spec);
  const size = TRANSFORMER_SIZES[spec.size];
  const full: ResolvedTransformer = {
    kind: "transformer",
    size: spec.size,
    encoderLayers: spec.encoderLayers ?? size.layers,
    decoderLayers: spec.decoderLayers ?? size.layers,
    heads: spec.heads ?? size.heads,
    feedForward: spec.feedForward ?? 2048,
    dropout: spec.dropout ?? 0.1,
    epsilon: spec.epsilon ?? 1e-5,
    vectors: spec.vectors ?? 1,
    inputScale: spec.inputScale ?? 1,
    patches: spec.patches ?? true,
  };
  if (dim % full.heads !== 0) refuse(`heads must divide D = ${dim}, got ${full.heads}`);
  return full;
}

/**
 * Checks a count.
 *
 * @param name what error messages call it
 * @param value the count
 * @throws Error when it is not a positive integer
 */
export function checkCount(name: string, value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    refuse(`${name} must be a positive integer, got ${value}`);
  }
}

/**
 * Refuses a model that cannot be made.
 *
 * @param why the reason
 * @throws Error always
 */
export function refuse(why: string): never {
  throw new Error(`Cannot create fusion model: ${why}`);
}
