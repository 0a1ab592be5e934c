import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { withFolder } from "../../features/testing.ts";
import { loadEngine } from "../../tensor/engine.ts";
import { ARGUMENTS, declare, dispatch } from "../../tensor/webgpu/dispatch.ts";
import { gpuMemory, loadReference, onBoth, testOnWebgpu } from "../../tensor/webgpu/testing.ts";
import { openSmallStore, SMALL_CONFIG, SMALL_SPEC, trainSmall } from "../testing.ts";
import { goOn, stopAfterOneEpoch, stopInEveryEpoch } from "./stop_testing.ts";
import { readCheckpointRecord } from "./checkpoint.ts";

// What train.test.ts shows on wasm, where it hangs on the engine: this one has steps in flight.
function testTraining(what: string, run: (folder: string) => Promise<void>): void {
  testOnWebgpu(`train: ${what}`, () => withFolder(run), { compares: true });
}

testTraining("21 steps have the losses of the other engine", async (folder) => {
  const store = await openSmallStore(folder);
  const spec = { ...SMALL_SPEC, dropout: 0.1 };
  if (await loadReference() !== "native") spec.dropout = 0; // wasm drops other elements
  const { expected, actual } = await onBoth(async () => {
    const losses: number[] = [], config = { ...SMALL_CONFIG, epochs: 7 };
    await trainSmall(store, { spec, config, onStep: ({ loss }) => void losses.push(loss) });
    return losses;
  });
  assert.equal(actual.length, 21);
  const off = actual.map((loss, i) => Math.abs(loss / expected[i] - 1));
  assert.ok(Math.max(...off) < 1e-5, `off by ${off}`);
});

testTraining("stopped in any epoch, it goes on to the same weights", async (folder) => {
  const store = await openSmallStore(folder);
  const whole = await trainSmall(store);
  const checkpointDir = `${folder}/checkpoint`;
  await stopInEveryEpoch(store, checkpointDir);
  const steps: number[] = [];
  const resumed = await trainSmall(store, {
    checkpointDir,
    onStep: ({ step }) => void steps.push(step),
  });
  assert.deepEqual(steps, [7, 8, 9]);
  assert.equal(resumed.weights, whole.weights);
  assert.deepEqual(resumed.epochs.map(({ loss }) => loss), whole.epochs.map(({ loss }) => loss));
});

testTraining("what wasm began goes on, and that is said", async (folder) => {
  const store = await openSmallStore(folder), kept = { checkpointDir: `${folder}/checkpoint` };
  await loadEngine({ prefer: "wasm" });
  await stopAfterOneEpoch(store, kept);
  const begun = await readCheckpointRecord(kept.checkpointDir);
  assert.equal(begun!.backend, "wasm");
  await loadEngine({ prefer: "webgpu" });
  const { epochs, said } = await goOn(store, kept);
  assert.deepEqual(epochs[0], { engine: "wasm", ...begun!.history[0] });
  assert.equal(said.length, 1);
  assert.match(said[0], /^note: .*checkpoint was trained on wasm so far and goes on on webgpu/);
});

testTraining(
  "what the GPU refuses fails it, and its checkpoint goes on to the same weights",
  async (folder) => {
    const store = await openSmallStore(folder), kept = { checkpointDir: `${folder}/checkpoint` };
    const whole = await trainSmall(store);
    const code = declare(["y"], []) +
      `@compute @workgroup_size(1) fn main(${ARGUMENTS}) { nonsense; }`;
    const refused = trainSmall(store, {
      ...kept,
      onStep: ({ step }) =>
        void (step === 5 &&
          tf.dispose(dispatch({ code, inputs: [], outputs: [[1]], workgroups: [1] }))),
    });
    await assert.rejects(refused, /Cannot compute on .+: .*(shader|nonsense)/is);
    assert.equal((await readCheckpointRecord(kept.checkpointDir))!.history.length, 1);
    await loadEngine({ prefer: "webgpu" }); // a device anew
    assert.equal((await trainSmall(store, kept)).weights, whole.weights);
  },
);

testTraining("neither tensors nor memory are left behind", async (folder) => {
  const store = await openSmallStore(folder);
  const run = async () => {
    let recall = 0;
    await trainSmall(store, {
      checkpointDir: await Deno.makeTempDir({ dir: folder }),
      validate: () => Promise.resolve(recall += 0.1),
    });
    return gpuMemory();
  };
  const before = await run();
  assert.deepEqual(await run(), before);
  const failing = () => Promise.reject(new Error("no more"));
  await assert.rejects(trainSmall(store, { validate: failing }), /no more/);
  assert.equal(gpuMemory().tensors, before.tensors);
});
