import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { createRandom } from "../../numeric/random.ts";
import { testOnEngines } from "../../tensor/engines_testing.ts";
import { createFusion, type CreateFusionOptions } from "./model.ts";
import { fusionWeights, loadFusion, saveFusion, setFusionWeights } from "./saving.ts";
import type { FusionSpec } from "./spec.ts";
import { readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { randomImages } from "../testing.ts";

const D = 6, H = 7, M = 2;
const SPEC: FusionSpec = { kind: "max-pool", hidden: H, inputScale: 3, vectors: M };
const FLAT: FusionSpec = {
  kind: "transformer",
  size: "tiny",
  encoderLayers: 1,
  decoderLayers: 1,
  feedForward: 8,
};
const CENTRE = Float32Array.of(0.3, -0.2, 0.1, 0, 0.4, -0.1);

/** Unit vectors. // (B, 4, D), (B, D) */
function createBatch(images: number): { patches: tf.Tensor3D; full: tf.Tensor2D } {
  const data = randomImages(images, D, () => 4).map(({ features }) => [...features]).flat();
  const patches = tf.tensor3d(data, [images, 4, D]);
  return { patches, full: tf.tidy(() => tf.squeeze(tf.slice(patches, [0, 0, 0], [-1, 1, -1]))) };
}

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-4) {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const off = Math.abs(actual[i] - expected[i]);
    assert.ok(off <= tolerance, `value ${i}: ${actual[i]} instead of ${expected[i]}`);
  }
}

/** x Φ(x), Φ by the trapezium rule. */
function slowGelu(x: number): number {
  const steps = 2000, low = -9;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const at = low + (x - low) * i / steps;
    sum += (i === 0 || i === steps ? 0.5 : 1) * Math.exp(-at * at / 2);
  }
  return x * sum * (x - low) / steps / Math.sqrt(2 * Math.PI);
}

testOnEngines("it is W2 max_p gelu(W1 s (p - centre) + b1) + b2, by plain loops", async () => {
  const { patches, full } = createBatch(3);
  const model = createFusion(SPEC, { dim: D, seed: 1, centre: CENTRE });
  // makes units whose inputs are negative for every patch: their maximum may be at the least
  model.parameters.get("linear1.bias")!.assign(tf.tensor1d([-5, -3, -2, -1, 0, 1, 2]));
  const weights = await fusionWeights(model);
  const [w1, b1, w2, b2] = ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"]
    .map((name) => weights.get(name)!.data);
  const rows = patches.arraySync();
  const atLeast: number[] = [];
  const expected = rows.flatMap((image) => {
    const best = Array.from({ length: H }, (_, h) => {
      const inputs = image.map((patch) =>
        patch.reduce((sum, x, d) => sum + w1[h * D + d] * 3 * (x - CENTRE[d]), b1[h])
      );
      const found = inputs.map(slowGelu), most = Math.max(...found);
      if (found.indexOf(most) === inputs.indexOf(Math.min(...inputs))) atLeast.push(h);
      return most;
    });
    return Array.from(
      { length: M * D },
      (_, o) => best.reduce((sum, x, h) => sum + w2[o * H + h] * x, b2[o]),
    );
  });
  assert.ok(atLeast.length > 0, "no maximum is at the least input");
  const fused = model.forward(patches, full);
  assert.deepEqual(fused.shape, [3, M, D]);
  assertClose(values(fused), expected);
  model.dispose();
});

testOnEngines("weights start as nn.Linear's, with 1024 units and patches scaled by 16", () => {
  const model = createFusion({ kind: "max-pool" }, { dim: D, seed: 1 });
  const shapes = [...model.parameters].map(([name, { shape }]) => [name, shape]);
  assert.deepEqual(Object.fromEntries(shapes), {
    "linear1.weight": [1024, D],
    "linear1.bias": [1024],
    "linear2.weight": [D, 1024],
    "linear2.bias": [D],
  });
  for (const [name, inputs] of [["linear1", D], ["linear2", 1024]] as const) {
    const most = Math.max(...values(model.parameters.get(`${name}.weight`)!).map(Math.abs));
    assert.ok(most <= 1 / Math.sqrt(inputs) && most > 0.95 / Math.sqrt(inputs), name);
  }
  const { patches, full } = createBatch(2);
  const same = createFusion({ kind: "max-pool", inputScale: 1 }, { dim: D, seed: 1 });
  assertClose(
    values(model.forward(patches, full)),
    values(same.forward(tf.mul(patches, 16), full)),
  );
  [model, same].forEach((made) => made.dispose());
});

for (const spec of [SPEC, FLAT, { ...FLAT, inputScale: 4, vectors: 2 }]) {
  testOnEngines(`${JSON.stringify(spec)}: the centre is subtracted from patches`, async () => {
    const { patches, full } = createBatch(2);
    const plain = createFusion(spec, { dim: D, seed: 1 });
    const model = createFusion(spec, { dim: D, seed: 1, centre: CENTRE });
    const zero = createFusion(spec, { dim: D, seed: 1, centre: new Float32Array(D) });
    assert.deepEqual(await fusionWeights(model), await fusionWeights(plain)); // the centre is none of them
    const expected = plain.forward(tf.sub(patches, tf.tensor1d(CENTRE)), full);
    assertClose(values(model.forward(patches, full)), values(expected));
    const still = values(plain.forward(patches, full));
    assert.deepEqual(values(zero.forward(patches, full)), still); // bit for bit
    assert.ok(values(expected).some((value, i) => Math.abs(value - still[i]) > 1e-3));
    [plain, model, zero].forEach((made) => made.dispose());
  });
}

testOnEngines(
  "a centre is saved and loaded, stays when weights are set, and leaves no tensor",
  async () => {
    const path = await Deno.makeTempFile({ suffix: ".safetensors" });
    const { patches, full } = createBatch(2);
    const before = tf.memory().numTensors;
    for (const spec of [SPEC, FLAT]) {
      const model = createFusion(spec, { dim: D, seed: 1, centre: CENTRE });
      assert.equal(tf.memory().numTensors, before + model.parameters.size + 1);
      await saveFusion(model, path);
      assert.deepEqual((await readSafetensors(path)).tensors.get("input.centre"), {
        shape: [D],
        data: CENTRE,
      });
      const loaded = await loadFusion(path);
      const other = createFusion(spec, { dim: D, seed: 2, centre: CENTRE });
      setFusionWeights(other, await fusionWeights(model));
      const fused = [model, loaded, other].map((made) =>
        tf.tidy(() => values(made.forward(patches, full)))
      );
      assert.deepEqual(fused[1], fused[0]);
      assert.deepEqual(fused[2], fused[0]);
      [model, loaded, other].forEach((made) => made.dispose());
      assert.equal(tf.memory().numTensors, before);
    }
    await Deno.remove(path);
  },
);

testOnEngines("training does not move the centre, and lowers a loss", () => {
  const { patches, full } = createBatch(4);
  const model = createFusion(SPEC, { dim: D, seed: 1, centre: CENTRE });
  const random = createRandom(1);
  const goal = tf.tensor3d(Array.from({ length: 4 * M * D }, () => random.normal()), [4, M, D]);
  const optimizer = tf.train.adam(0.03);
  const step = () =>
    optimizer.minimize(
      () => tf.mean(tf.square(tf.sub(model.forward(patches, full), goal))) as tf.Scalar,
      true,
      [...model.parameters.values()],
    )!.dataSync()[0];
  const first = step();
  let last = first;
  for (let i = 0; i < 60; i++) last = step();
  assert.ok(last < 0.1 * first, `${first} to ${last}`);
  assert.deepEqual(model.constants.get("input.centre")!.data, CENTRE);
  model.dispose();
});

testOnEngines("what does not fit is refused with the reason", async () => {
  const before = tf.memory().numTensors;
  const refuse = (spec: unknown, reason: RegExp, options: Partial<CreateFusionOptions> = {}) => {
    const make = () => createFusion(spec as FusionSpec, { dim: D, seed: 1, ...options });
    assert.throws(make, { message: new RegExp(`^Cannot create fusion model: ${reason.source}`) });
  };
  refuse({ ...SPEC, hidden: 0 }, /hidden must be a positive integer, got 0/);
  refuse({ ...SPEC, vectors: 1.5 }, /vectors must be a positive integer, got 1.5/);
  refuse({ ...SPEC, inputScale: 0 }, /inputScale must be positive, got 0/);
  refuse(SPEC, /centre must be 6 finite numbers, got 5 values/, { centre: new Float32Array(5) });
  refuse(SPEC, /centre must be 6 finite/, { centre: new Float32Array(6).fill(NaN) });
  refuse({ kind: "mean" }, /a model of kind "mean" has no centre/, { centre: CENTRE });
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  const model = createFusion(SPEC, { dim: D, seed: 1 });
  const tensors = await fusionWeights(model);
  tensors.set("input.centre", { shape: [1, D], data: CENTRE });
  await writeSafetensors(path, { tensors, metadata: {} });
  await assert.rejects(
    loadFusion(path, { spec: SPEC, sizes: { dim: D } }),
    /input\.centre must have shape \[6\], got \[1,6\]/,
  );
  model.dispose();
  await Deno.remove(path);
  assert.equal(tf.memory().numTensors, before);
});
