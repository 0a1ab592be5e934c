import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { createRandom } from "../../numeric/random.ts";
import { testOnEngines } from "../../tensor/engines_testing.ts";
import { createFusion, type FusionSpec, fusionWeights } from "./model.ts";
import { ridgeInverse } from "../../numeric/ridge.ts";

const [B, P, D, Q] = [2, 6, 8, 3];
const random = createRandom("detector");
const unit = () => {
  const row = Array.from({ length: D }, () => random.normal());
  const norm = Math.hypot(...row);
  return row.map((value) => value / norm);
};
const WORDS = Array.from({ length: Q }, unit);
const PATCHES = Array.from({ length: B }, () => Array.from({ length: P }, unit));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

testOnEngines("the residual is what the detectors find, written by the pseudo-inverse", () => {
  const mask = [[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]];
  for (const pool of ["mean", "sum", "max"] as const) {
    const base: FusionSpec = { kind: "transformer", size: "tiny", feedForward: 8 };
    const detector = { scale: 3, threshold: 0.2, pool, ridge: 0 };
    const prompts = Float32Array.from(WORDS.flat());
    const plain = createFusion(base, { dim: D, seed: 1 });
    const model = createFusion({ ...base, detector }, { dim: D, seed: 1, prompts });
    assert.deepEqual(
      Object.fromEntries([...fusionWeights(model)].filter(([name]) => !/^detector\./.test(name))),
      Object.fromEntries(fusionWeights(plain)),
    );
    const residual = tf.tidy(() => {
      const patches = tf.tensor3d(PATCHES), full = tf.tensor2d(PATCHES.map((rows) => rows[0]));
      const options = { mask: tf.tensor2d(mask) };
      const [a, b] = [model, plain].map((one) => one.forward(patches, full, options));
      return tf.sub(a, b).arraySync() as number[][][];
    });
    residual.forEach(([vector], image) => {
      // the pseudo-inverse makes each word's inner product what that word's detectors found
      WORDS.forEach((word, q) => {
        const found = PATCHES[image].map((patch, p) =>
          mask[image][p] * Math.max(0, dot(patch, WORDS[q]) - 0.2)
        );
        const sum = found.reduce((a, b) => a + b), real = mask[image].reduce((a, b) => a + b);
        const expected = 3 * { mean: sum / real, sum, max: Math.max(...found) }[pool];
        assert.ok(Math.abs(dot(vector, word) - expected) < 1e-4, `${pool}, image ${image}, ${q}`);
      });
    });
    plain.dispose();
    model.dispose();
  }
});

Deno.test("the inverse of independent rows is exact, of dependent ones it needs a ridge", () => {
  const rows = Float32Array.from(WORDS.flat());
  const inverse = ridgeInverse(rows, D, 0); // (D, Q)
  const column = (q: number) => Array.from({ length: D }, (_, d) => inverse[d * Q + q]);
  WORDS.forEach((word, i) => {
    for (let q = 0; q < Q; q++) {
      assert.ok(Math.abs(dot(word, column(q)) - (i === q ? 1 : 0)) < 1e-5);
    }
  });
  const twice = Float32Array.from([...WORDS[0], ...WORDS[0]]);
  assert.throws(
    () => ridgeInverse(twice, D, 0),
    /Cannot invert 2 vectors: number 1 depends on others/,
  );
  // W'(WW' + lambda I)^-1 of a row that is there twice: half of the way for each, less the ridge
  const shared = ridgeInverse(twice, D, 0.1);
  for (let d = 0; d < D; d++) {
    assert.ok(Math.abs(shared[2 * d] - WORDS[0][d] / 2.1) < 1e-6);
    assert.equal(shared[2 * d], shared[2 * d + 1]);
  }
  const many = Float32Array.from({ length: 3 * 2 }, (_, i) => i + 1); // more rows than dimensions
  assert.ok(ridgeInverse(many, 2, 1e-3).every(Number.isFinite));
});

Deno.test("the ridge counts in units of the rows' mean square length", () => {
  const rows = Float32Array.of(3, 0, 0, 4); // lambda = ridge * 12.5
  const inverse = ridgeInverse(rows, 2, 0.1);
  const expected = [3 / (9 + 1.25), 0, 0, 4 / (16 + 1.25)];
  expected.forEach((value, i) => assert.ok(Math.abs(inverse[i] - value) < 1e-6));
});
