import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { withFolder } from "../../features/testing.ts";
import {
  differences,
  digestWeights,
  readCheckpoint,
  readCheckpointRecord,
  type TrainingState,
  writeCheckpoint,
} from "./checkpoint.ts";
import { loadEngine } from "../../tensor/engine.ts";
import { createFusion } from "../model/model.ts";
import { createAdamW } from "../../tensor/adamw.ts";
import { fusionWeights, loadFusion } from "../model/saving.ts";
import { SMALL_DIM, SMALL_SPEC } from "../testing.ts";

await loadEngine({ prefer: "wasm" });

/** A training after some epochs, the best of which is given. */
async function makeState(epochs: number, best: number): Promise<TrainingState> {
  const model = createFusion(SMALL_SPEC, { dim: SMALL_DIM, seed: epochs });
  const optimizer = createAdamW(model.parameters);
  for (let i = 0; i < epochs; i++) await optimizer.step(model.parameters);
  const history = Array.from({ length: epochs }, (_, i) => ({
    epoch: i + 1,
    loss: 1 / 3 / (i + 1),
    learningRate: 0.1,
    rate: 10,
    seconds: 1,
  }));
  const record = { identity: { a: 1 }, history, best: { epoch: best, recall: 0.5 }, steps: epochs };
  return {
    record: { ...record, backend: "wasm" },
    model,
    ...(best === epochs && { best: model.parameters }),
    optimizer: await optimizer.state(),
  };
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("checkpoint: what is written is what is read, bit for bit", () =>
  withFolder(async (folder) => {
    assert.equal(await readCheckpoint(folder), undefined);
    const first = await makeState(1, 1), second = await makeState(2, 1);
    await writeCheckpoint(`${folder}/a/b`, first);
    await writeCheckpoint(`${folder}/a/b`, second);
    const read = (await readCheckpoint(`${folder}/a/b`))!;
    assert.deepEqual(read.state!.weights, await fusionWeights(second.model));
    assert.deepEqual(read.best, await fusionWeights(first.model));
    assert.equal(read.state!.optimizer.steps, 2);
    assert.equal(read.state!.optimizer.tensors.size, 2 * second.model.parameters.size);
    assert.deepEqual(read.state!.optimizer.tensors, second.optimizer!.tensors);
    const { files, version, digests: _, ...record } = read.record;
    assert.deepEqual(record, second.record);
    assert.equal(version, 3);
    assert.deepEqual(names(`${folder}/a/b`), [files.best, "checkpoint.json", files.state]);
    const best = await loadFusion(`${folder}/a/b/${files.best}`);
    assert.equal(await digestWeights(best), await digestWeights(first.model));
    tf.disposeVariables();
  }));

Deno.test("checkpoint: until the record is replaced the one before is whole", () =>
  withFolder(async (folder) => {
    const first = await makeState(1, 1);
    await writeCheckpoint(folder, first);
    const record = await Deno.readTextFile(`${folder}/checkpoint.json`);
    const kept = ["epoch-001.safetensors", "best-001.safetensors"].map((name) =>
      [`${folder}/${name}`, Deno.readFileSync(`${folder}/${name}`)] as const
    );
    await writeCheckpoint(folder, await makeState(2, 2));
    // killed just before the record was replaced: the old files are still there
    await Deno.writeTextFile(`${folder}/checkpoint.json`, record);
    for (const [path, bytes] of kept) await Deno.writeFile(path, bytes);
    await Deno.writeTextFile(`${folder}/checkpoint.json.9-9.tmp`, "{");
    await Deno.writeTextFile(`${folder}/notes.txt`, "not ours");
    assert.deepEqual(
      (await readCheckpoint(folder))!.state!.weights,
      await fusionWeights(first.model),
    );
    await writeCheckpoint(folder, await makeState(2, 2));
    assert.deepEqual(names(folder), [
      "best-002.safetensors",
      "checkpoint.json",
      "epoch-002.safetensors",
      "notes.txt",
    ]);
    tf.disposeVariables();
  }));

Deno.test("checkpoint: of a training that is done, only the best weights and the history are kept", () =>
  withFolder(async (folder) => {
    const first = await makeState(1, 1), { optimizer: _done, ...last } = await makeState(2, 1);
    await writeCheckpoint(folder, first);
    await writeCheckpoint(folder, last);
    assert.deepEqual(names(folder), ["best-001.safetensors", "checkpoint.json"]);
    const read = (await readCheckpoint(folder))!;
    assert.deepEqual(read.best, await fusionWeights(first.model));
    assert.equal(read.state, undefined);
    assert.deepEqual(read.record.history, last.record.history);
    tf.disposeVariables();
  }));

Deno.test("checkpoint: damaged or missing files are named", () =>
  withFolder(async (folder) => {
    await writeCheckpoint(folder, await makeState(1, 1));
    const path = `${folder}/epoch-001.safetensors`;
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.subarray(0, bytes.length - 4));
    await assert.rejects(readCheckpoint(folder), /epoch-001\.safetensors/);
    await Deno.remove(path);
    await assert.rejects(readCheckpoint(folder), /epoch-001\.safetensors/);
    const record = await Deno.readTextFile(`${folder}/checkpoint.json`);
    await Deno.writeTextFile(
      `${folder}/checkpoint.json`,
      record.replace(/"version": 3/, '"version": 2'),
    );
    await assert.rejects(readCheckpoint(folder), /it is not a checkpoint of version 3/);
    await Deno.writeTextFile(
      `${folder}/checkpoint.json`,
      record.replace(/"loss": 0\./, '"loss": 1.'),
    );
    await assert.rejects(readCheckpoint(folder), /checkpoint\.json: it was changed since/);
    await Deno.writeTextFile(`${folder}/checkpoint.json`, "{}");
    await assert.rejects(readCheckpointRecord(folder), /checkpoint\.json: it is not a checkpoint/);
    await Deno.writeTextFile(`${folder}/checkpoint.json`, "{");
    await assert.rejects(readCheckpointRecord(folder), /Cannot read checkpoint .*checkpoint\.json/);
    tf.disposeVariables();
  }));

Deno.test("checkpoint: differences are named to the last part", () => {
  const found = { config: { rate: 1, loss: { kind: "a" } }, spec: { size: "tiny" }, images: "x" };
  const wanted = { config: { rate: 1, loss: { kind: "b" } }, spec: { size: "tiny" }, prompts: "y" };
  assert.deepEqual(differences(found, wanted), ["config.loss.kind", "images", "prompts"]);
  assert.deepEqual(differences(found, structuredClone(found)), []);
});
