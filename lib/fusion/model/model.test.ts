import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { join } from "node:path";
import { createRandom, type Random } from "../../numeric/random.ts";
import { testOnEngines } from "../../tensor/engines_testing.ts";
import { dropout } from "../../tensor/ops/mod.ts";
import { readSafetensors } from "../../tensor/safetensors.ts";
import { createFusion, type FusionModel } from "./model.ts";
import { planFusion } from "./registry.ts";
import { fusionWeights } from "./saving.ts";
import type { FusionSpec } from "./spec.ts";

const D = 12;
const TINY: FusionSpec = { kind: "transformer", size: "tiny", feedForward: 16 };

/** A batch of made-up unit vectors. */
function createBatch(images: number, count: number, dim = D) {
  const random = createRandom("batch");
  const data = Float32Array.from({ length: images * count * dim }, () => random.normal());
  return tf.tidy(() => {
    const raw = tf.tensor3d(data, [images, count, dim]);
    const patches: tf.Tensor3D = tf.div(raw, tf.norm(raw, 2, 2, true));
    const full: tf.Tensor2D = tf.squeeze(tf.slice(patches, [0, 0, 0], [-1, 1, -1]), [1]);
    return { patches, full };
  });
}

function values(tensor: tf.Tensor): number[] {
  return Array.from(tensor.dataSync());
}

function assertClose(actual: number[], expected: number[], tolerance = 1e-5): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    const off = Math.abs(value - expected[i]);
    assert.ok(off <= tolerance, `value ${i}: ${value} instead of ${expected[i]}`);
  });
}

/** Layer normalisation of each row, without scale and shift. */
function normaliseRows(rows: number[], dim: number, epsilon = 1e-5): number[] {
  return rows.map((value, i) => {
    const row = rows.slice(i - i % dim, i - i % dim + dim);
    const mean = row.reduce((sum, x) => sum + x, 0) / dim;
    const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / dim;
    return (value - mean) / Math.sqrt(variance + epsilon);
  });
}

Deno.test("tiny, small and base have as many parameters as PyTorch's", () => {
  const count = (size: "tiny" | "small" | "base") =>
    planFusion({ kind: "transformer", size }, { dim: 512 })
      .reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n), 0);
  // sum(p.numel() for p in torch.nn.Transformer(512, heads, n, n, 2048).parameters())
  assert.equal(count("tiny"), 22_071_296);
  assert.equal(count("small"), 44_140_544);
  assert.equal(count("base"), 88_279_040);
});

Deno.test("parameters have the names and shapes of PyTorch's state dict", async () => {
  const path = join(import.meta.dirname!, "..", "testdata", "fusion_torch.safetensors");
  const { tensors } = await readSafetensors(path);
  const shapes = Object.fromEntries(
    [...tensors].filter(([name]) => name.startsWith("weights."))
      .map(([name, { shape }]) => [name.slice("weights.".length), shape]),
  );
  const plans = planFusion({ kind: "transformer", size: "tiny", feedForward: 128 }, { dim: 64 });
  assert.deepEqual(Object.fromEntries(plans.map(({ name, shape }) => [name, shape])), shapes);
});

testOnEngines("weights start as PyTorch leaves them, from the seed", async () => {
  const dim = 64, width = 128;
  const spec: FusionSpec = { kind: "transformer", size: "tiny", feedForward: width };
  const model = createFusion(spec, { dim, seed: 1 });
  const weights = await fusionWeights(model);
  const uniform = (name: string, bound: number) => {
    const { data } = weights.get(name)!;
    assert.ok(data.every((value) => Math.abs(value) <= bound), `${name} exceeds ${bound}`);
    const square = data.reduce((sum, value) => sum + value * value, 0) / data.length;
    const expected = bound / Math.sqrt(3);
    assert.ok(Math.abs(Math.sqrt(square) / expected - 1) < 0.15, `${name} deviates by ${square}`);
  };
  for (const layer of ["encoder.layers.0", "decoder.layers.2"]) {
    uniform(`${layer}.self_attn.in_proj_weight`, Math.sqrt(6 / (4 * dim)));
    uniform(`${layer}.self_attn.out_proj.weight`, Math.sqrt(6 / (2 * dim)));
    uniform(`${layer}.linear1.weight`, Math.sqrt(6 / (dim + width)));
    uniform(`${layer}.linear2.weight`, Math.sqrt(6 / (dim + width)));
    uniform(`${layer}.linear1.bias`, 1 / Math.sqrt(dim));
    uniform(`${layer}.linear2.bias`, 1 / Math.sqrt(width));
    for (const name of ["self_attn.in_proj_bias", "self_attn.out_proj.bias", "norm1.bias"]) {
      assert.ok(weights.get(`${layer}.${name}`)!.data.every((value) => value === 0), name);
    }
    assert.ok(weights.get(`${layer}.norm2.weight`)!.data.every((value) => value === 1));
  }
  // PyTorch clones one layer and draws only the matrices anew
  const get = (name: string) => weights.get(name)!.data;
  assert.deepEqual(get("encoder.layers.0.linear1.bias"), get("encoder.layers.2.linear1.bias"));
  assert.notDeepEqual(get("encoder.layers.0.linear1.bias"), get("decoder.layers.0.linear1.bias"));
  assert.notDeepEqual(
    get("encoder.layers.0.linear1.weight"),
    get("encoder.layers.2.linear1.weight"),
  );
  const again = createFusion(spec, { dim, seed: 1 }), other = createFusion(spec, { dim, seed: 2 });
  assert.deepEqual(await fusionWeights(again), weights);
  assert.notDeepEqual(
    (await fusionWeights(other)).get("encoder.layers.0.linear1.weight"),
    weights.get("encoder.layers.0.linear1.weight"),
  );
  [model, again, other].forEach((made) => made.dispose());
});

testOnEngines("one vector is the paper's model, more are offsets on the same weights", async () => {
  const { patches, full } = createBatch(2, 5);
  const plain = createFusion(TINY, { dim: D, seed: 3 });
  const one = createFusion({ ...TINY, vectors: 1 }, { dim: D, seed: 3 });
  const three = createFusion({ ...TINY, vectors: 3 }, { dim: D, seed: 3 });
  const [a, b] = [plain, one].map((model) => values(model.forward(patches, full)));
  assert.deepEqual(a, b); // bit for bit
  assert.deepEqual([...one.parameters.keys()], [...plain.parameters.keys()]);
  const { "targets.offsets": offsets, ...rest } = Object.fromEntries(await fusionWeights(three));
  assert.deepEqual(offsets.shape, [3, D]);
  assert.deepEqual(rest, Object.fromEntries(await fusionWeights(plain)));
  const fused = three.forward(patches, full);
  assert.deepEqual(fused.shape, [2, 3, D]);
  const [first, second] = [values(fused).slice(0, D), values(fused).slice(D, 2 * D)];
  assert.ok(first.some((value, i) => Math.abs(value - second[i]) > 1e-2), "vectors must differ");
  // without offsets the three targets are one and the same
  three.parameters.get("targets.offsets")!.assign(tf.zeros([3, D]));
  const same = values(three.forward(patches, full));
  for (let m = 0; m < 3; m++) assertClose(same.slice(m * D, (m + 1) * D), a.slice(0, D));
  [plain, one, three].forEach((model) => model.dispose());
  tf.dispose([patches, full]);
});

testOnEngines("patches are scaled before the transformer, the target is not", () => {
  const { patches, full } = createBatch(2, 5);
  const plain = createFusion(TINY, { dim: D, seed: 3 });
  const scaled = createFusion({ ...TINY, inputScale: 16 }, { dim: D, seed: 3 });
  const expected = values(plain.forward(tf.mul(patches, 16), full));
  assertClose(values(scaled.forward(patches, full)), expected);
  assert.notDeepEqual(values(plain.forward(patches, full)), expected);
  plain.dispose();
  scaled.dispose();
});

testOnEngines("without patches the full image is all that the transformer sees", () => {
  const { patches, full } = createBatch(2, 5);
  const model = createFusion({ ...TINY, patches: false }, { dim: D, seed: 3 });
  const plain = createFusion(TINY, { dim: D, seed: 3 });
  const fused = values(model.forward(patches, full));
  const mask = tf.tensor2d([[1, 0, 0, 0, 0], [1, 1, 0, 0, 0]]);
  assert.deepEqual(values(model.forward(tf.mul(patches, 2), full, { mask })), fused);
  const alone = tf.expandDims(full, 1) as tf.Tensor3D;
  assertClose(values(plain.forward(alone, full)), fused);
  model.dispose();
  plain.dispose();
});

/** One layer a stack: every block is there, and PyTorch's fixtures test the full depth. */
const FLAT: FusionSpec = { ...TINY, encoderLayers: 1, decoderLayers: 1 };

/** Every kind of model, for five patches. */
const KINDS: [string, FusionSpec][] = [
  ["transformer", FLAT],
  ["transformer with more heads and vectors", { ...FLAT, heads: 4, vectors: 2 }],
  ["max-pool", { kind: "max-pool", hidden: 9 }],
  ["max-pool with vectors", { kind: "max-pool", hidden: 9, inputScale: 3, vectors: 3 }],
  ["mean", { kind: "mean" }],
  ["weighted", { kind: "weighted" }],
  ["linear", { kind: "linear" }],
  ["mlp over patches", { kind: "mlp", input: "patches", layers: 2, hidden: 7 }],
];

function create(spec: FusionSpec): FusionModel {
  const model = createFusion(spec, { dim: D, patches: 5, seed: 4 });
  const random = createRandom("disturb"); // zeros and ones would hide mistakes
  for (const variable of model.parameters.values()) {
    const noise = values(variable).map((value) => value + 0.3 * random.normal());
    tf.tidy(() => variable.assign(tf.tensor(noise, variable.shape)));
  }
  return model;
}

for (const [name, spec] of KINDS) {
  testOnEngines(`${name}: padding changes nothing`, () => {
    const { patches, full } = createBatch(2, 5);
    const model = create(spec);
    const mask = tf.tensor2d([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]);
    const fused = values(model.forward(patches, full, { mask }));
    const garbage = tf.add(patches, tf.mul(tf.expandDims(tf.sub(1, mask), 2), 100)) as tf.Tensor3D;
    assertClose(values(model.forward(garbage, full, { mask })), fused, 1e-4);
    const unmasked = values(model.forward(patches, full));
    const half = fused.length / 2; // the second image has no padding
    assertClose(fused.slice(half), unmasked.slice(half));
    assert.ok(unmasked.slice(0, half).some((value, i) => Math.abs(value - fused[i]) > 1e-3));
    if (["transformer", "max-pool", "mean"].includes(spec.kind)) { // P is free: leave the padding out
      const [short, one] = [tf.slice(patches, [0, 0, 0], [1, 3, D]), tf.slice(full, 0, 1)];
      assertClose(values(model.forward(short, one)), fused.slice(0, half));
    }
    model.dispose();
  });

  testOnEngines(`${name}: every gradient is a finite difference's, and no tensor is left`, () => {
    const { patches, full } = createBatch(2, 5);
    const before = tf.memory().numTensors;
    const model = create(spec);
    assert.equal(tf.memory().numTensors, before + model.parameters.size);
    const random = createRandom("weights of the loss");
    const factors = Array.from({ length: 2 * model.vectors * D }, () => random.normal());
    const loss = () =>
      tf.tidy(() =>
        tf.sum(tf.mul(tf.reshape(model.forward(patches, full), [-1]), tf.tensor1d(factors)))
      ) as tf.Scalar;
    const fused = model.forward(patches, full);
    assert.deepEqual(fused.shape, [2, model.vectors, D]);
    fused.dispose();
    assert.equal(tf.memory().numTensors, before + model.parameters.size);
    if (model.parameters.size > 0) checkGradients(model, loss);
    assert.equal(tf.memory().numTensors, before + model.parameters.size);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
    tf.dispose([patches, full]);
  });
}

/** Moves each parameter along a random direction, and compares the slope with the gradient. */
function checkGradients(model: FusionModel, loss: () => tf.Scalar): void {
  const random = createRandom("direction");
  const { value, grads } = tf.variableGrads(loss, [...model.parameters.values()]);
  for (const [name, variable] of model.parameters) {
    const start = values(variable);
    const direction = start.map(() => random.normal());
    const at = (step: number) =>
      tf.tidy(() => {
        const moved = start.map((x, i) => x + step * direction[i]);
        variable.assign(tf.tensor(moved, variable.shape));
        return loss().dataSync()[0];
      });
    const size = Math.sqrt(direction.length), h = 5e-3 / size;
    const slope = (at(h) - at(-h)) / (2 * h);
    at(0);
    const gradient = values(grads[variable.name]);
    const expected = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
    const scale = Math.hypot(...gradient) + 1;
    assert.ok(Math.abs(slope - expected) < 0.05 * scale, `${name}: ${slope}, ${expected}`);
  }
  tf.dispose([value, grads]);
}

/** A generator that counts its draws. */
function countDraws(seed: number): { random: Random; draws: () => number } {
  const random = createRandom(seed);
  let count = 0;
  const integer = (low: number, high: number) => {
    count++;
    return random.integer(low, high);
  };
  return { random: { ...random, integer }, draws: () => count };
}

testOnEngines("dropout is where PyTorch has it, in training only", () => {
  const { patches, full } = createBatch(2, 5);
  const model = createFusion({ ...TINY, dropout: 0.5 }, { dim: D, seed: 3 });
  const still = values(model.forward(patches, full));
  const { random, draws } = countDraws(1);
  assert.deepEqual(values(model.forward(patches, full, { random })), still);
  assert.equal(draws(), 0);
  dropout(full, 0.5, random);
  const once = draws();
  const dropped = values(model.forward(patches, full, { random: createRandom(1), training: true }));
  const counted = countDraws(1);
  model.forward(patches, full, { random: counted.random, training: true });
  // encoder layer: attention's weights and result, inside and after the feed-forward block; decoder: 2 more
  assert.equal(counted.draws(), (3 * 4 + 3 * 6) * once);
  assert.notDeepEqual(dropped, still);
  const train = (seed: number) =>
    values(model.forward(patches, full, { random: createRandom(seed), training: true }));
  assert.deepEqual(train(1), dropped);
  assert.notDeepEqual(train(2), dropped);
  assert.throws(
    () => model.forward(patches, full, { training: true }),
    /Cannot train fusion model: dropout needs a random generator/,
  );
  const without = createFusion({ ...TINY, dropout: 0 }, { dim: D, seed: 3 });
  assert.deepEqual(values(without.forward(patches, full, { training: true })), still);
  // when (all but) everything is dropped, only the residual and the normalisations are left
  const all = createFusion({ ...TINY, dropout: 1 - 1e-7 }, { dim: D, seed: 3 });
  let expected = values(full);
  for (let i = 0; i < 3 * 3 + 1; i++) expected = normaliseRows(expected, D);
  const options = { random: createRandom(5), training: true };
  assertClose(values(all.forward(patches, full, options)), expected, 1e-3);
  [model, without, all].forEach((made) => made.dispose());
});

testOnEngines("epsilon is that of every layer normalisation", () => {
  const { patches, full } = createBatch(1, 3);
  const spec: FusionSpec = { ...TINY, dropout: 1 - 1e-7, epsilon: 0.5 };
  const model = createFusion(spec, { dim: D, seed: 3 });
  let expected = values(full);
  for (let i = 0; i < 3 * 3 + 1; i++) expected = normaliseRows(expected, D, 0.5);
  const options = { random: createRandom(5), training: true };
  assertClose(values(model.forward(patches, full, options)), expected, 1e-3);
  model.dispose();
});

testOnEngines("what does not fit is refused with the reason", () => {
  const before = tf.memory().numTensors;
  const sizes = { dim: D, seed: 1 };
  const refuse = (spec: unknown, message: RegExp, more = {}) =>
    assert.throws(() => createFusion(spec as FusionSpec, { ...sizes, ...more }), (error: Error) => {
      assert.match(error.message, /^Cannot create fusion model: /);
      assert.match(error.message, message);
      return true;
    });
  refuse({ kind: "magic" }, /no kind "magic"/);
  refuse(
    { kind: "transformer", size: "huge" },
    /size must be one of tiny, small, base, got "huge"/,
  );
  refuse({ ...TINY, feedForwards: 9 }, /feedForwards is not a setting; did you mean feedForward\?/);
  refuse({ ...TINY, heads: 5 }, /heads must divide D = 12, got 5/);
  for (const key of ["heads", "encoderLayers", "decoderLayers", "feedForward", "vectors"]) {
    for (const value of [0, -1, 1.5, "2"]) {
      refuse({ ...TINY, [key]: value }, new RegExp(`${key} must be a positive integer, got`));
    }
  }
  for (const dropout of [1, -0.1, NaN]) refuse({ ...TINY, dropout }, /dropout must be in \[0, 1\)/);
  for (const epsilon of [0, -1, NaN]) refuse({ ...TINY, epsilon }, /epsilon must be positive/);
  refuse({ ...TINY, inputScale: 0 }, /inputScale must be positive, got 0/);
  refuse({ kind: "mean" }, /dim must be a positive integer, got 0/, { dim: 0 });
  for (const kind of ["linear", "weighted"]) {
    refuse({ kind }, /needs the number of patches/);
    refuse({ kind }, /patches must be a positive integer, got 0/, { patches: 0 });
  }
  refuse({ kind: "mlp", input: "patches", layers: 1 }, /needs the number of patches/);
  refuse({ kind: "mlp", input: "sum", layers: 1 }, /input must be one of full, patches, got "sum"/);
  refuse({ kind: "mlp", input: "full", layers: 4 }, /layers must be 1, 2 or 3, got 4/);
  refuse({ kind: "mlp", input: "full", layers: 2, hidden: 0 }, /hidden must be a positive integer/);
  assert.equal(tf.memory().numTensors, before);
});

testOnEngines("batches of other sizes are refused with the reason", () => {
  const { patches, full } = createBatch(2, 5);
  const mean = createFusion({ kind: "mean" }, { dim: D, seed: 1 });
  const linear = createFusion({ kind: "linear" }, { dim: D, patches: 4, seed: 1 });
  const other = createFusion({ kind: "mean" }, { dim: 7, seed: 1 });
  const short = tf.slice(full, 0, 1), mask: tf.Tensor2D = tf.ones([2, 4]);
  assert.throws(
    () => other.forward(patches, full),
    /Cannot fuse batch: patches must be \(B, P, 7\)/,
  );
  assert.throws(() => mean.forward(patches, short), /full must be \(2, 12\), got \[1,12\]/);
  assert.throws(() => mean.forward(patches, full, { mask }), /mask must be \(2, 5\), got \[2,4\]/);
  assert.throws(() => linear.forward(patches, full), /linear was made for 4 patches, got 5/);
  [mean, linear, other].forEach((model) => model.dispose());
});
