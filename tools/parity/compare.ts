/**
 * Parity with PyTorch: a file holds what `torch.nn.Transformer` computed from given weights (output,
 * gradients, losses of a few AdamW steps); the same is computed here, and compared.
 *
 * The file's layout: `weights.*` and `grad.*` under the names of `nn.Transformer`'s state dict,
 * `input.patches` (B, P, D) whose patch 0 is the full image and the target, `input.text` (Q, D),
 * `output.fused` (B, D), and in `__metadata__` the `losses` as a JSON array: the first at the given
 * weights, the others each after one more step. The loss is the paper's (eq. 7) with MSE, times 100.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { createLoss } from "../../lib/fusion/loss/loss.ts";
import { buildFusion, type FusionModel } from "../../lib/fusion/model/model.ts";
import { l2Normalize } from "../../lib/tensor/ops/mod.ts";
import { createAdamW, gradientsOf } from "../../lib/tensor/adamw.ts";
import { readTensor } from "../../lib/tensor/reading.ts";
import { type ParityFile, readParityFile } from "./parity_file.ts";
import type { NamedArray } from "../../lib/tensor/safetensors.ts";
import { batchTargets } from "../../lib/fusion/loss/targets.ts";

/** Largest differences between PyTorch's values and ours. */
export interface Differences {
  /** Of the fused vectors. */
  output: number;
  /** Of any gradient. */
  gradient: number;
  /** Of the losses. */
  losses: number;
}

/** Parts of the largest value of a tensor by which float32 arithmetic in another order may differ. */
export const TOLERANCE = 1e-4;

/**
 * The parts that differ by more than {@linkcode TOLERANCE}.
 *
 * @param relative differences relative to PyTorch's largest values
 */
export function beyondTolerance(relative: Differences): (keyof Differences)[] {
  return (["output", "gradient", "losses"] as const).filter((part) => relative[part] > TOLERANCE);
}

/** What {@link checkParity} finds. */
export interface ParityReport {
  /** max |Δ|. */
  absolute: Differences;
  /** max |Δ| / max |PyTorch's value| within a tensor, the largest of all tensors; per loss. */
  relative: Differences;
}

/**
 * Compares this workspace's transformer, gradients and AdamW with a file from PyTorch. `loadEngine()`
 * comes first.
 *
 * @param path a safetensors file of the layout above, of any sizes
 * @param heads attention heads, which the tensors do not tell
 * @returns the largest differences
 * @throws Error naming the file when it has another layout, or when a value is not finite
 */
export async function checkParity(path: string, heads: number): Promise<ParityReport> {
  return await compareFile(path, await readParityFile(path, heads));
}

/**
 * Compares this workspace with a file that has been read. `loadEngine()` comes first.
 *
 * @param path what messages call it
 * @param file what it says
 * @throws Error naming the file when it does not fit the model, or when a value is not finite
 */
export async function compareFile(path: string, file: ParityFile): Promise<ParityReport> {
  try {
    const model = buildFusion(file.spec, { dim: file.dim }, file.weights);
    try {
      return await compare(model, file);
    } finally {
      model.dispose();
    }
  } catch (error) {
    throw new Error(`Cannot check ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

async function compare(model: FusionModel, file: ParityFile): Promise<ParityReport> {
  const inputs = createInputs(file);
  const optimizer = createAdamW(model.parameters, file.adamW);
  const gap = createGap();
  try {
    const fused = await readTensor(model.forward(inputs.patches, inputs.full));
    gap.compare("output", "output.fused", fused, file.fused.data);
    for (const [step, expected] of file.losses.entries()) {
      const { loss, gradients } = gradientsOf(model.parameters, () => lossOf(model, inputs));
      try {
        gap.compare("losses", `loss ${step}`, await loss.data(), [expected]);
        for (const [name, { data }] of step === 0 ? file.gradients : []) {
          gap.compare("gradient", `grad.${name}`, await gradients.get(name)?.data(), data);
        }
        if (step + 1 < file.losses.length) await optimizer.step(gradients);
      } finally {
        tf.dispose([loss, ...gradients.values()]);
      }
    }
    return gap.report;
  } finally {
    optimizer.dispose();
    tf.dispose([inputs.patches, inputs.full, inputs.text, inputs.targets]);
  }
}

/** The batch that every step sees. */
type Inputs = {
  patches: tf.Tensor3D; // (B, P, D)
  full: tf.Tensor2D; // (B, D)
  text: tf.Tensor2D; // (Q, D), unit
  targets: tf.Tensor2D; // (B, Q)
};

function createInputs(file: ParityFile): Inputs {
  const toTensor = ({ data, shape }: NamedArray) => tf.tensor(data, shape, "float32");
  return tf.tidy(() => {
    const patches = toTensor(file.patches) as tf.Tensor3D;
    const [images, , dim] = patches.shape;
    const text = l2Normalize(toTensor(file.text) as tf.Tensor2D);
    const full: tf.Tensor2D = tf.reshape(tf.slice(patches, [0, 0, 0], [images, 1, dim]), [
      images,
      dim,
    ]);
    return { patches, full, text, targets: batchTargets(l2Normalize(patches), text) };
  });
}

const meanSquare = createLoss({ kind: "query-proxy", distance: "mse" });

function lossOf(model: FusionModel, { patches, full, text, targets }: Inputs): tf.Scalar {
  const fused = l2Normalize(model.forward(patches, full));
  return meanSquare({ fused, proxies: text, targets });
}

/** Keeps the largest differences. */
function createGap() {
  const none = (): Differences => ({ output: 0, gradient: 0, losses: 0 });
  const report: ParityReport = { absolute: none(), relative: none() };
  return {
    report,
    compare(
      kind: keyof Differences,
      name: string,
      ours: ArrayLike<number> | undefined,
      reference: ArrayLike<number>,
    ): void {
      if (!ours) throw new Error(`the loss does not depend on the parameter of ${name}`);
      if (ours.length !== reference.length) {
        throw new Error(`${name} has ${reference.length} values, but ${ours.length} are computed`);
      }
      let largest = 0, scale = 0;
      for (let i = 0; i < ours.length; i++) {
        const difference = Math.abs(ours[i] - reference[i]);
        if (!Number.isFinite(difference)) {
          throw new Error(`${name} is not finite: ${reference[i]} there, ${ours[i]} here`);
        }
        largest = Math.max(largest, difference);
        scale = Math.max(scale, Math.abs(reference[i]));
      }
      report.absolute[kind] = Math.max(report.absolute[kind], largest);
      if (largest > 0) {
        report.relative[kind] = Math.max(report.relative[kind], largest / scale);
      }
    },
  };
}
