import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { withFolder } from "../../features/testing.ts";
import { noticesOf } from "../../runtime/testing.ts";
import { loadEngine } from "../../tensor/engine.ts";
import { openSmallStore, trainSmall } from "../testing.ts";
import { goOn, stopAfterOneEpoch, stopInEveryEpoch } from "./stop_testing.ts";
import { readCheckpointRecord } from "./checkpoint.ts";
import { findTraining } from "./find_training.ts";

// What train.test.ts shows on wasm, where it hangs on the engine: the native one has kernels and threads of
// its own.
const { name, note } = await loadEngine({ prefer: "native" });

/** A test of the native engine; says so and passes where there is none, fails where CI must have one. */
function testOnNative(what: string, run: (folder: string) => Promise<void>): void {
  Deno.test(`${what} (native)`, async () => {
    if (name === "native") return await withFolder(run);
    assert(!Deno.env.get("CI"), `CI must build the native engine: ${note}`);
    console.log(`skipped: ${note}`);
  });
}

testOnNative(
  "train: two runs end in the same bits, dropout and mixing included",
  async (folder) => {
    const store = await openSmallStore(folder);
    const { weights } = await trainSmall(store);
    assert.equal((await trainSmall(store)).weights, weights);
  },
);

testOnNative("train: stopped in any epoch, it goes on to the same weights", async (folder) => {
  const store = await openSmallStore(folder);
  const whole = await trainSmall(store);
  const checkpointDir = `${folder}/checkpoint`;
  await stopInEveryEpoch(store, checkpointDir);
  assert.equal((await trainSmall(store, { checkpointDir })).weights, whole.weights);
});

testOnNative("train: no tensor is left behind", async (folder) => {
  const store = await openSmallStore(folder);
  const before = tf.memory().numTensors;
  const counts: number[] = [];
  await trainSmall(store, {
    validate: () => Promise.resolve(0.5),
    onStep: () => void counts.push(tf.memory().numTensors),
  });
  assert.equal(new Set(counts.slice(3)).size, 1, counts.join());
  assert.equal(tf.memory().numTensors, before);
});

/** Runs something on tfjs-wasm. */
async function onWasm<T>(work: () => Promise<T>): Promise<T> {
  try {
    await loadEngine({ prefer: "wasm" });
    return await work();
  } finally {
    await loadEngine({ prefer: "native" });
  }
}

testOnNative("train: what another engine began goes on, and that is said", async (folder) => {
  const store = await openSmallStore(folder), kept = { checkpointDir: `${folder}/checkpoint` };
  await stopAfterOneEpoch(store, kept);
  const begun = await readCheckpointRecord(kept.checkpointDir);
  assert.equal(begun!.backend, "tensorflow");
  const { epochs, said } = await onWasm(() => goOn(store, kept));
  assert.deepEqual(epochs[0], { engine: "native", ...begun!.history[0] });
  assert.deepEqual(epochs.map(({ engine }) => engine), ["native", undefined, undefined]);
  assert.equal(said.length, 1);
  assert.match(said[0], /^note: .*checkpoint was trained on native so far and goes on on wasm/);
});

testOnNative(
  "train: a folder of trainings is one for all engines, and says which one computed",
  async (folder) => {
    const store = await openSmallStore(folder), checkpointRoot = `${folder}/trainings`;
    const known = { checkpointRoot, recipe: { seed: 7 } };
    await stopAfterOneEpoch(store, known);
    const { epochs, said } = await onWasm(async () => {
      assert.equal(await findTraining(checkpointRoot, known.recipe), undefined); // it is not done
      return await goOn(store, known);
    });
    assert.match(said.join(), /was trained on native so far/);
    assert.equal([...Deno.readDirSync(checkpointRoot)].length, 1);
    const notices = await noticesOf(async () => {
      const found = await findTraining(checkpointRoot, known.recipe);
      assert.deepEqual(found!.epochs, epochs.map((epoch) => ({ engine: "wasm", ...epoch })));
      assert.deepEqual(found!.epochs.map(({ engine }) => engine), ["native", "wasm", "wasm"]);
      found!.model.dispose();
    });
    assert.match(notices.join(), /was trained on wasm, and is/);
  },
);
