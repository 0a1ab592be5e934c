import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { createRandom, type Random } from "../../numeric/random.ts";
import { type EngineName, loadEngine } from "../../tensor/engine.ts";
import { createLoss, type LossSpec } from "./loss.ts";
import { l2Normalize } from "../../tensor/ops/mod.ts";
import { readSafetensors } from "../../tensor/safetensors.ts";
import { type SlowBatch, slowLoss, slowSimilarities } from "./loss_testing.ts";
import { batchTargets } from "./targets.ts";

const SPECS: LossSpec[] = [
  { kind: "query-proxy", distance: "mse" },
  { kind: "query-proxy", distance: "l1" },
  { kind: "query-proxy", distance: "js" },
  { kind: "standardised-mse" },
  { kind: "listwise-kl", temperature: 0.5 },
  { kind: "listwise-kl", temperature: 0.05 },
  { kind: "triplet", margin: 0.2 },
  { kind: "triplet", margin: 5 },
  { kind: "additive-margin", margin: 0.35, scale: 30 },
];

/** Unit vectors that lean to one side, as those of CLIP do. */
function unitRow(random: Random, dim: number): number[] {
  const row = Array.from({ length: dim }, () => 0.5 + random.normal());
  const norm = Math.hypot(...row);
  return row.map((value) => value / norm);
}

function slowBatch(images: number, vectors: number, proxies: number, dim: number): SlowBatch {
  const random = createRandom(`${images} ${vectors} ${proxies}`);
  const rows = (count: number) => Array.from({ length: count }, () => unitRow(random, dim));
  return {
    fused: Array.from({ length: images }, () => rows(vectors)),
    proxies: rows(proxies),
    targets: Array.from(
      { length: images },
      () => Array.from({ length: proxies }, () => random.uniform(-0.2, 0.9)),
    ),
  };
}

function tensors({ fused, proxies, targets }: SlowBatch) {
  return {
    fused: tf.tensor3d(fused),
    proxies: tf.tensor2d(proxies),
    targets: tf.tensor2d(targets),
  };
}

/** The slow loss's gradient in every value of `fused`, by central differences in float64. */
function slowGradient(spec: LossSpec, batch: SlowBatch, step = 1e-6): number[] {
  return batch.fused.flatMap((vectors) =>
    vectors.flatMap((vector) =>
      vector.map((value, d) => {
        vector[d] = value + step;
        const above = slowLoss(spec, batch);
        vector[d] = value - step;
        const below = slowLoss(spec, batch);
        vector[d] = value;
        return (above - below) / (2 * step);
      })
    )
  );
}

function assertClose(actual: ArrayLike<number>, expected: number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  const size = Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) => {
    assert.ok(
      Math.abs(actual[i] - value) <= tolerance * size,
      `value ${i} is ${actual[i]}, not ${value} (largest ${size})`,
    );
  });
}

for (const engine of ["native", "wasm"] as EngineName[]) {
  for (const spec of SPECS) {
    Deno.test(`${engine}: loss and gradient are those of loops: ${JSON.stringify(spec)}`, async () => {
      await loadEngine({ prefer: engine });
      for (const [images, vectors, proxies, dim] of [[5, 1, 7, 6], [6, 3, 4, 5], [3, 2, 1, 3]]) {
        checkLoss(spec, slowBatch(images, vectors, proxies, dim));
      }
    });
  }
}

function checkLoss(spec: LossSpec, slow: SlowBatch): void {
  const loss = createLoss(spec);
  const batch = tensors(slow);
  const before = tf.memory().numTensors;
  const { value, grad } = tf.valueAndGrad((fused: tf.Tensor) =>
    loss({ ...batch, fused: fused as tf.Tensor3D })
  )(batch.fused);
  assert.equal(tf.memory().numTensors, before + 2); // value and gradient
  assert.deepEqual(value.shape, []);
  assertClose(value.dataSync(), [slowLoss(spec, slow)], 1e-5);
  assertClose(grad.dataSync(), slowGradient(spec, slow), 1e-4);
  tf.dispose([value, grad, batch.fused, batch.proxies, batch.targets]);
}

/** Batches in which the one vector an image has the similarities that the targets ask for. */
function exactBatch(): SlowBatch {
  const slow = slowBatch(6, 1, 5, 4);
  return { ...slow, targets: slowSimilarities(slow) };
}

Deno.test("the paper's loss is what PyTorch computed", async () => {
  await loadEngine({ prefer: "wasm" });
  const path = new URL("../testdata/fusion_torch.safetensors", import.meta.url).pathname;
  const { tensors, metadata } = await readSafetensors(path);
  const read = (name: string) => {
    const { data, shape } = tensors.get(name)!;
    return tf.tensor(data, shape);
  };
  const loss = tf.tidy(() => {
    const fused = l2Normalize(tf.expandDims(read("output.fused"), 1)) as tf.Tensor3D; // (B, 1, D)
    const proxies = l2Normalize(read("input.text")) as tf.Tensor2D;
    const targets = batchTargets(l2Normalize(read("input.patches")) as tf.Tensor3D, proxies);
    const paper = createLoss({ kind: "query-proxy", distance: "mse" });
    return paper({ fused, proxies, targets }).dataSync()[0];
  });
  const [expected] = JSON.parse(metadata.losses);
  assert.ok(Math.abs(loss - expected) < 1e-5 * expected, `${loss}, not ${expected}`);
});

Deno.test("every loss but the softmax is 0, with no slope, where the targets are met", async () => {
  await loadEngine({ prefer: "wasm" });
  const batch = tensors(exactBatch());
  for (const spec of SPECS.filter(({ kind }) => kind !== "additive-margin")) {
    const loss = createLoss(spec);
    const { value, grad } = tf.valueAndGrad((fused: tf.Tensor) =>
      loss({ ...batch, fused: fused as tf.Tensor3D })
    )(batch.fused);
    assert.ok(Math.abs(value.dataSync()[0]) < 1e-5, `${spec.kind}: ${value.dataSync()[0]}`);
    const corner = spec.kind === "triplet" ||
      (spec.kind === "query-proxy" && spec.distance === "l1");
    if (!corner) {
      assert.ok(grad.dataSync().every((slope) => Math.abs(slope) < 2e-4), spec.kind);
    }
    tf.dispose([value, grad]);
  }
  tf.dispose(Object.values(batch));
});

Deno.test("rank losses do not change with what all images of a proxy have in common", async () => {
  await loadEngine({ prefer: "wasm" });
  const slow = slowBatch(6, 1, 5, 4);
  const shifted = slow.targets.map((row) => row.map((value, q) => 0.5 * value + 0.1 * q));
  for (const spec of SPECS.filter(({ kind }) => /standardised|listwise/.test(kind))) {
    const [a, b] = [slow, { ...slow, targets: shifted }].map((batch) =>
      tf.tidy(() => createLoss(spec)(tensors(batch)).dataSync()[0])
    );
    assert.ok(Math.abs(a - b) < 1e-4 * a, `${spec.kind}: ${a}, ${b}`);
  }
});

Deno.test("a batch of one image, or of equal images, gives no NaN", async () => {
  await loadEngine({ prefer: "wasm" });
  const one = slowBatch(1, 2, 3, 4), two = slowBatch(1, 2, 3, 4);
  const equal = {
    ...two,
    fused: [two.fused[0], two.fused[0]],
    targets: [two.targets[0], two.targets[0]],
  };
  for (const spec of SPECS) {
    for (const slow of [one, equal]) {
      tf.tidy(() => {
        const batch = tensors(slow);
        const { value, grad } = tf.valueAndGrad((fused: tf.Tensor) =>
          createLoss(spec)({ ...batch, fused: fused as tf.Tensor3D })
        )(batch.fused);
        assert.ok([...value.dataSync(), ...grad.dataSync()].every(Number.isFinite), spec.kind);
      });
    }
  }
});

Deno.test("createLoss refuses what cannot work", () => {
  const wrong = (spec: unknown) => () => createLoss(spec as LossSpec);
  assert.throws(
    wrong({ kind: "listwise-kl", temperature: 0 }),
    /^RangeError: Cannot make loss "listwise-kl": temperature must be positive, got 0$/,
  );
  assert.throws(wrong({ kind: "triplet", margin: NaN }), /margin must be positive, got NaN/);
  assert.throws(
    wrong({ kind: "additive-margin", margin: Infinity, scale: 30 }),
    /margin must be a number, got Infinity/,
  );
  assert.throws(
    wrong({ kind: "query-proxy", distance: "l2" }),
    /distance must be one of mse, l1, js, got "l2"/,
  );
  assert.throws(
    wrong({ kind: "contrastive" }),
    /kind must be one of query-proxy, .*additive-margin, got "contrastive"/,
  );
  for (const proxies of ["images", { patchesPerLevel: 0 }, { perLevel: 3 }, null, []]) {
    assert.throws(wrong({ kind: "standardised-mse", proxies }), /proxies.* must be .* "sqrt"/);
  }
  for (const spec of [null, undefined, [], "mse", {}]) {
    assert.throws(wrong(spec), /^RangeError: Cannot make loss: (it|kind) /);
  }
});
