/**
 * How long one layer of the paper's transformer takes on the engine in use, forward and back: what decides between a
 * GPU and the processor.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { gradientsOf } from "./adamw.ts";
import { attention, feedForward, residualNorm } from "./ops/mod.ts";
import { readTensor } from "./reading.ts";

/** A batch of the paper's (30) with the patches of cc@5, and the layer's sizes. */
const [B, P, D, F, HEADS] = [30, 39, 256, 1024, 2];

/** Makes the layer's parameters, from no chance in particular. */
function createLayer(): Map<string, tf.Variable> {
  const shapes: Record<string, number[]> = {
    ...{ inProjWeight: [3 * D, D], inProjBias: [3 * D], outProjWeight: [D, D], outProjBias: [D] },
    ...{ weight1: [F, D], bias1: [F], weight2: [D, F], bias2: [D], scale: [D], shift: [D] },
  };
  const variable = (shape: number[], seed: number) =>
    tf.tidy(() => tf.variable(tf.randomUniform(shape, -0.1, 0.1, "float32", seed)));
  return new Map(
    Object.entries(shapes).map(([name, shape], i) => [name, variable(shape, i + 1)]),
  );
}

/**
 * Times the layer.
 *
 * @returns milliseconds of the fastest of a few rounds
 */
export async function timeLayer(): Promise<number> {
  const layer = createLayer();
  const get = <T extends tf.Tensor>(name: string) => layer.get(name) as tf.Tensor as T;
  const x = tf.randomUniform<tf.Rank.R3>([B, P, D], -1, 1, "float32", 1);
  const [scale, shift] = [get<tf.Tensor1D>("scale"), get<tf.Tensor1D>("shift")];
  const loss = () => {
    const attended = attention(x, x, {
      ...{ inProjWeight: get("inProjWeight"), inProjBias: get("inProjBias") },
      ...{ outProjWeight: get("outProjWeight"), outProjBias: get("outProjBias") },
    }, { heads: HEADS });
    const h = residualNorm(x, attended, scale, shift);
    const change = feedForward(h, get("weight1"), get("bias1"), get("weight2"), get("bias2"));
    return tf.sum(residualNorm(h, change, scale, shift)) as tf.Scalar;
  };
  const layers = 8; // a GPU tells its results late: several are timed together
  let best = Infinity;
  try {
    for (let round = 0; round < 4; round++) {
      const start = performance.now();
      for (let i = 0; i < layers; i++) {
        const { loss: value, gradients } = gradientsOf(layer, loss);
        const last = i === layers - 1 ? tf.clone(gradients.get("inProjBias")!) : undefined;
        tf.dispose([value, ...gradients.values()]);
        if (last) await readTensor(last);
      }
      best = Math.min(best, (performance.now() - start) / layers);
    }
    return best;
  } finally {
    tf.dispose([x, ...layer.values()]);
  }
}
