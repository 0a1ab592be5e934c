/**
 * The paper's fusing model (§3.4.1): `torch.nn.Transformer` with GELU, batch first, each layer's
 * normalisation after its residual, and a final normalisation on both stacks. Patch features are the
 * source, the full image's feature is the target: see `forward`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import {
  constant,
  linearPlan,
  normal,
  type ParameterPlan,
  xavierMatrix,
} from "../../tensor/initializers.ts";
import {
  attention,
  type Dropout,
  feedForward,
  layerNorm,
  residualNorm,
} from "../../tensor/ops/mod.ts";
import { centrePatches } from "./centre.ts";
import type { DropoutOptions, ForwardInput, ModelKind, Parameters } from "./kind.ts";
import { type ResolvedTransformer, resolveTransformer, type TransformerSpec } from "./spec.ts";

/** Name of the learned offsets of m > 1 targets, (m, D). */
const TARGET_OFFSETS = "targets.offsets";

/** The paper's transformer. */
export const transformer: ModelKind<TransformerSpec> = {
  resolve: resolveTransformer,
  vectors: ({ vectors }) => vectors,
  canCentre: true,
  plan: (spec, { dim }) => planTransformer(spec, dim),
  forward,
};

/**
 * Fuses a batch.
 *
 * @returns (B, m, D), not normalised
 */
function forward(
  spec: ResolvedTransformer,
  parameters: Parameters,
  { patches, full, mask, centre }: ForwardInput,
  options: DropoutOptions,
): tf.Tensor3D {
  const layers = createLayers(spec, parameters, mask, dropoutOf(spec, options));
  const image = tf.expandDims(full, 1) as tf.Tensor3D; // (B, 1, D)
  let memory = centrePatches(spec.patches ? patches : image, spec.inputScale, centre);
  for (let i = 0; i < spec.encoderLayers; i++) {
    const layer = `encoder.layers.${i}`;
    memory = layers.attend(layer, 1, "self_attn", memory, memory, true); // (B, P, D)
    memory = layers.feedForward(layer, 2, memory);
  }
  memory = layers.norm("encoder.norm", memory);

  let x = image;
  if (spec.vectors > 1) x = tf.add(image, parameters.get(TARGET_OFFSETS)!); // (B, m, D)
  for (let i = 0; i < spec.decoderLayers; i++) {
    const layer = `decoder.layers.${i}`;
    x = layers.attend(layer, 1, "self_attn", x, x, false);
    x = layers.attend(layer, 2, "multihead_attn", x, memory, true); // (B, m, D)
    x = layers.feedForward(layer, 3, x);
  }
  return layers.norm("decoder.norm", x);
}

/** Dropout as the spec has it; none outside training. */
function dropoutOf(
  { dropout: rate }: ResolvedTransformer,
  { training, random }: DropoutOptions,
): Dropout | undefined {
  if (!training || rate === 0) return undefined;
  if (!random) throw new Error("Cannot train fusion model: dropout needs a random generator");
  return { rate, random };
}

/** The blocks of both stacks: attention or feed-forward, then residual and normalisation. */
interface Layers {
  norm(name: string, x: tf.Tensor3D): tf.Tensor3D;
  attend(
    layer: string,
    norm: number,
    name: string,
    x: tf.Tensor3D,
    memory: tf.Tensor3D,
    overPatches: boolean,
  ): tf.Tensor3D;
  feedForward(layer: string, norm: number, x: tf.Tensor3D): tf.Tensor3D;
}

function createLayers(
  { heads, epsilon, patches }: ResolvedTransformer,
  parameters: Parameters,
  mask: tf.Tensor2D | undefined,
  dropout: Dropout | undefined,
): Layers {
  const get = <T extends tf.Tensor>(name: string) => parameters.get(name) as T;
  const matrix = (name: string) => get<tf.Tensor2D>(`${name}.weight`);
  const bias = (name: string) => get<tf.Tensor1D>(`${name}.bias`);
  const norm = (name: string, x: tf.Tensor3D) =>
    layerNorm(x, get<tf.Tensor1D>(`${name}.weight`), bias(name), epsilon);
  const residual = (name: string, x: tf.Tensor3D, change: tf.Tensor3D) => {
    const [scale, shift] = [get<tf.Tensor1D>(`${name}.weight`), bias(name)];
    return residualNorm(x, change, scale, shift, { epsilon, dropout });
  };
  return {
    norm,
    attend(layer, number, name, x, memory, overPatches) {
      const block = `${layer}.${name}`;
      const change = attention(x, memory, {
        inProjWeight: get(`${block}.in_proj_weight`),
        inProjBias: get(`${block}.in_proj_bias`),
        outProjWeight: matrix(`${block}.out_proj`),
        outProjBias: bias(`${block}.out_proj`),
      }, {
        heads,
        dropout,
        mask: overPatches && patches ? mask : undefined,
      });
      return residual(`${layer}.norm${number}`, x, change);
    },
    feedForward(layer, number, x) {
      const [a, b] = [`${layer}.linear1`, `${layer}.linear2`];
      const change = feedForward(x, matrix(a), bias(a), matrix(b), bias(b), { dropout });
      return residual(`${layer}.norm${number}`, x, change);
    },
  };
}

/**
 * Plans a transformer's parameters, named as in `nn.Transformer`'s state dict and started as PyTorch
 * leaves them: Xavier-uniform matrices, biases of attention 0, of linear layers uniform and, since
 * PyTorch clones one layer to make a stack, alike in all layers of a stack.
 *
 * @param spec the resolved spec
 * @param dim D
 * @returns the plans; with m > 1 also {@link TARGET_OFFSETS}, which `nn.Transformer` does not have
 */
function planTransformer(spec: ResolvedTransformer, dim: number): ParameterPlan[] {
  const stack = (name: "encoder" | "decoder", layers: number): ParameterPlan[] => [
    ...Array.from({ length: layers }, (_, i) => planLayer(name, i, dim, spec.feedForward)).flat(),
    ...planNorm(`${name}.norm`, dim),
  ];
  const plans = [...stack("encoder", spec.encoderLayers), ...stack("decoder", spec.decoderLayers)];
  if (spec.vectors > 1) {
    // As long as the unit vector that they are added to, so that the m targets start apart.
    const start = normal(1 / Math.sqrt(dim));
    plans.push({ name: TARGET_OFFSETS, shape: [spec.vectors, dim], start });
  }
  return plans;
}

function planLayer(
  stack: "encoder" | "decoder",
  index: number,
  dim: number,
  width: number,
): ParameterPlan[] {
  const layer = `${stack}.layers.${index}`;
  const decoder = stack === "decoder";
  const linear = (name: string, inputs: number, outputs: number): ParameterPlan[] => {
    const [, bias] = linearPlan(`${layer}.${name}.`, inputs, outputs);
    const stream = `${stack}.${name}.bias`; // no layer index: clones start alike
    return [xavierMatrix(`${layer}.${name}.weight`, outputs, inputs), { ...bias, stream }];
  };
  return [
    ...planAttention(`${layer}.self_attn`, dim),
    ...(decoder ? planAttention(`${layer}.multihead_attn`, dim) : []),
    ...linear("linear1", dim, width),
    ...linear("linear2", width, dim),
    ...planNorm(`${layer}.norm1`, dim),
    ...planNorm(`${layer}.norm2`, dim),
    ...(decoder ? planNorm(`${layer}.norm3`, dim) : []),
  ];
}

function planAttention(name: string, dim: number): ParameterPlan[] {
  return [
    xavierMatrix(`${name}.in_proj_weight`, 3 * dim, dim),
    { name: `${name}.in_proj_bias`, shape: [3 * dim], start: constant(0) },
    xavierMatrix(`${name}.out_proj.weight`, dim, dim),
    { name: `${name}.out_proj.bias`, shape: [dim], start: constant(0) },
  ];
}

function planNorm(name: string, dim: number): ParameterPlan[] {
  return [
    { name: `${name}.weight`, shape: [dim], start: constant(1) },
    { name: `${name}.bias`, shape: [dim], start: constant(0) },
  ];
}
