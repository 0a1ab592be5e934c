// The fixtures come from PyTorch (tools/parity/fusion_torch.py), after UPDATE_FIXTURES=1 has written our side:
//
//     UPDATE_FIXTURES=1 deno task test lib/fusion/model/saving.test.ts
//     python tools/parity/fusion_torch.py fuse lib/fusion/testdata/fusion_ours{,_in_torch}.safetensors
//     python tools/parity/fusion_torch.py parity lib/fusion/testdata/fusion_small.safetensors --dim 12 --heads 3 --encoder 1 \
//       --decoder 2 --feed-forward 10 --images 3 --patches 7 --prompts 5 --steps 3 --layer-norm-eps 0.001 \
//       --lr 0.003 --weight-decay 0.1 --state-dict lib/tensor/testdata/fusion_state_dict.safetensors
import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { join } from "node:path";
import { testOnEngines } from "../../tensor/engines_testing.ts";
import { type NamedArray, readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { createFusion, type FusionModel } from "./model.ts";
import { fusionWeights, loadFusion, saveFusion, setFusionWeights } from "./saving.ts";
import type { FusionSpec } from "./spec.ts";

const TESTDATA = join(import.meta.dirname!, "..", "testdata");
const OURS = join(TESTDATA, "fusion_ours.safetensors");
const DIM = 12;

/** Everything that a transformer of ours can have: three vectors, scaled and centred patches. */
const EVERYTHING: FusionSpec = {
  kind: "transformer",
  size: "tiny",
  decoderLayers: 2,
  heads: 3,
  feedForward: 10,
  epsilon: 1e-4,
  vectors: 3,
  inputScale: 4,
};

function createOurs(): FusionModel {
  const centre = Float32Array.from({ length: DIM }, (_, d) => Math.sin(d) / 5);
  return createFusion(EVERYTHING, { dim: DIM, seed: 5, centre });
}

function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const off = Math.abs(actual[i] - expected[i]);
    assert.ok(off <= tolerance, `value ${i}: ${actual[i]} instead of ${expected[i]}`);
  }
}

/** What a model fuses from the patches of an array. */
function fuse(model: FusionModel, { shape, data }: NamedArray): Float32Array {
  return tf.tidy(() => {
    const patches = tf.tensor3d(data, shape as [number, number, number]);
    const full: tf.Tensor2D = tf.squeeze(tf.slice(patches, [0, 0, 0], [-1, 1, -1]), [1]);
    return model.forward(patches, full).dataSync() as Float32Array;
  });
}

testOnEngines("a model saved here computes the same in PyTorch", async () => {
  if (Deno.env.get("UPDATE_FIXTURES")) {
    const fresh = createOurs();
    await saveFusion(fresh, OURS);
    fresh.dispose();
  }
  const model = await loadFusion(OURS);
  const { tensors } = await readSafetensors(join(TESTDATA, "fusion_ours_in_torch.safetensors"));
  const expected = tensors.get("output.fused")!;
  assert.deepEqual(expected.shape, [2, 3, DIM]);
  assertClose(fuse(model, tensors.get("input.patches")!), expected.data, 1e-4);
  model.dispose();
});

testOnEngines("a state dict saved by PyTorch computes the same here", async () => {
  const path = join(import.meta.dirname!, "../../tensor/testdata/fusion_state_dict.safetensors");
  const spec: FusionSpec = {
    kind: "transformer",
    size: "tiny",
    encoderLayers: 1,
    decoderLayers: 2,
    heads: 3,
    feedForward: 10,
    epsilon: 1e-3,
  };
  const model = await loadFusion(path, { spec, sizes: { dim: DIM } });
  const { tensors } = await readSafetensors(join(TESTDATA, "fusion_small.safetensors"));
  assertClose(
    fuse(model, tensors.get("input.patches")!),
    tensors.get("output.fused")!.data,
    1e-5,
  );
  model.dispose();
});

testOnEngines("saving and loading gives back every bit, and leaves no tensor", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  const before = tf.memory().numTensors;
  const model = createOurs();
  await saveFusion(model, path);
  const loaded = await loadFusion(path);
  assert.deepEqual(loaded.spec, model.spec);
  assert.deepEqual(loaded.sizes, model.sizes);
  assert.equal(loaded.vectors, 3);
  assert.deepEqual(await fusionWeights(loaded), await fusionWeights(model));
  loaded.dispose();
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
  await Deno.remove(path);
});

testOnEngines("the same seed gives the weights of the committed file", async () => {
  const model = createOurs();
  const fresh = await fusionWeights(model);
  model.dispose();
  const { tensors } = await readSafetensors(OURS);
  tensors.delete("input.centre"); // no weight
  assert.deepEqual([...fresh.keys()].sort(), [...tensors.keys()].sort());
  for (const [name, { data }] of tensors) assertClose(fresh.get(name)!.data, data, 1e-6);
});

testOnEngines("weights are set whole or not at all", async () => {
  const before = tf.memory().numTensors;
  const spec: FusionSpec = { kind: "mlp", input: "full", layers: 2, hidden: 4 };
  const a = createFusion(spec, { dim: 3, seed: 1 }), b = createFusion(spec, { dim: 3, seed: 2 });
  const weights = await fusionWeights(b);
  assert.notDeepEqual(await fusionWeights(a), weights);
  weights.get("2.bias")!.shape = [4];
  const old = await fusionWeights(a);
  assert.throws(() => setFusionWeights(a, weights), /2\.bias must have shape \[3\], got \[4\]/);
  assert.deepEqual(await fusionWeights(a), old);
  setFusionWeights(a, await fusionWeights(b));
  assert.deepEqual(await fusionWeights(a), await fusionWeights(b));
  a.dispose();
  b.dispose();
  assert.equal(tf.memory().numTensors, before);
});

testOnEngines("files that are no model are refused, by name", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  const before = tf.memory().numTensors;
  const tensors = new Map([["weight", { shape: [2, 4], data: new Float32Array(8) }]]);
  const write = (metadata: Record<string, string>) => writeSafetensors(path, { tensors, metadata });
  const sizes = JSON.stringify({ dim: 2, patches: 2 });
  await write({});
  await assert.rejects(loadFusion(path), { message: /^Cannot load .*no fusion_spec/ });
  await write({ fusion_spec: "{", fusion_sizes: sizes });
  await assert.rejects(loadFusion(path), { message: /fusion_spec in its metadata is not JSON/ });
  await write({ fusion_spec: "7", fusion_sizes: sizes });
  await assert.rejects(loadFusion(path), { message: /fusion_spec is not an object/ });
  await write({ fusion_spec: '{"kind":"magic"}', fusion_sizes: sizes });
  await assert.rejects(loadFusion(path), { message: /no kind "magic"/ });
  await write({ fusion_spec: '{"kind":"linear"}', fusion_sizes: sizes });
  await assert.rejects(loadFusion(path), { message: /parameter bias is missing/ });
  await write({ fusion_spec: '{"kind":"mean"}', fusion_sizes: sizes });
  await assert.rejects(loadFusion(path), { message: /it has no parameter weight/ });
  await write({ fusion_spec: '{"kind":"mean"}', fusion_sizes: '{"dim":"2"}' });
  await assert.rejects(loadFusion(path), { message: /dim must be a positive integer/ });
  await Deno.remove(path);
  await assert.rejects(loadFusion(path), { message: /^Cannot read .*No such file/ });
  assert.equal(tf.memory().numTensors, before);
});
