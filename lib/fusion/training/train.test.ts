import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { withFolder } from "../../features/testing.ts";
import { digestWeights, readCheckpointRecord } from "./checkpoint.ts";
import { loadEngine } from "../../tensor/engine.ts";
import { findTraining } from "./find_training.ts";
import { fuseStore } from "../fuse_store.ts";
import { createFusion, type FusionModel } from "../model/model.ts";
import { loadFusion } from "../model/saving.ts";
import {
  drawDetailTask,
  makeStore,
  openSmallStore,
  randomImages,
  recallAtOne,
  SMALL_CONFIG,
  SMALL_DIM,
  SMALL_SPEC,
  trainSmall,
} from "../testing.ts";
import { train } from "./train.ts";

await loadEngine({ prefer: "wasm" });

const losses = (epochs: { loss: number }[]) => epochs.map(({ loss }) => loss);

Deno.test("train: learns to find details that the mean of the patches loses", () =>
  withFolder(async (folder) => {
    const size = { classes: 24, dim: 32, patches: 17, objects: 2 };
    const seen = drawDetailTask({ images: 600, seed: 1, ...size });
    const heldOut = drawDetailTask({ images: 150, seed: 2, ...size });
    const open = (task: typeof seen, name: string) =>
      makeStore(`${folder}/${name}`, task.images, { dim: 32, shardImages: 50 });
    const store = await open(seen, "seen"), unseen = await open(heldOut, "held out");
    const recall = async (model: FusionModel) =>
      recallAtOne(heldOut, (await fuseStore(model, unseen)).data);
    const mean = createFusion({ kind: "mean" }, { dim: 32, seed: 1 });
    const spec = { ...SMALL_SPEC, feedForward: 64, dropout: 0, inputScale: 6 };
    const model = createFusion(spec, { dim: 32, seed: 1 });
    const loss = { kind: "listwise-kl", temperature: 0.5 } as const;
    const config = { learningRate: 3e-3, epochs: 6, loss, seed: 1 };
    const prompts = seen.prompts;
    const { epochs } = await train({ model, store, prompts, config, output: "silent" });
    assert(epochs[5].loss < epochs[0].loss / 2, `losses ${losses(epochs)}`);
    const before = await recall(mean), after = await recall(model);
    assert(after > before + 0.1, `mean patch ${before}, trained ${after}`);
    model.dispose();
  }));

Deno.test("train: two runs end in the same bits; another seed does not", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const first = await trainSmall(store), second = await trainSmall(store);
    assert.equal(first.weights, second.weights);
    assert.deepEqual(losses(first.epochs), losses(second.epochs));
    const other = await trainSmall(store, { config: { ...SMALL_CONFIG, seed: 8 } });
    assert.notEqual(other.weights, first.weights);
    assert.deepEqual(first.best, { epoch: 3 });
    // features that are read from disk again and again are the same features
    const poor = await trainSmall(await openSmallStore(`${folder}/poor`, { memory: 1 }));
    assert.equal(poor.weights, first.weights);
  }));

Deno.test("train: the same images in other shards train to the same bits", () =>
  withFolder(async (folder) => {
    const images = randomImages(14, SMALL_DIM, (i) => 4 + i % 3);
    const weights = [];
    for (const shardImages of [14, 3, 5]) {
      const at = `${folder}/${shardImages}`;
      const store = await makeStore(at, images, { dim: SMALL_DIM, shardImages });
      weights.push((await trainSmall(store, { checkpointRoot: `${folder}/trainings` })).weights);
    }
    assert.deepEqual(new Set(weights).size, 1);
    // the second and the third found what the first had done
    assert.equal([...Deno.readDirSync(`${folder}/trainings`)].length, 1);
    const alone = await makeStore(`${folder}/alone`, images, { dim: SMALL_DIM, shardImages: 2 });
    assert.equal((await trainSmall(alone)).weights, weights[0]);
  }));

Deno.test("train: a training that is done is found by its recipe, and no other", () =>
  withFolder(async (folder) => {
    const checkpointRoot = `${folder}/trainings`, recipe = { seed: 7, of: ["a"] };
    assert.equal(await findTraining(checkpointRoot, recipe), undefined);
    const store = await openSmallStore(folder);
    const controller = new AbortController();
    const options = { checkpointRoot, recipe, validate: () => Promise.resolve(0.5) };
    const stopped = trainSmall(store, {
      ...options,
      signal: controller.signal,
      onEpoch: () => controller.abort(new Error("enough")),
    });
    await assert.rejects(stopped, /enough/);
    assert.equal(await findTraining(checkpointRoot, recipe), undefined); // it is not done
    const { weights, epochs } = await trainSmall(store, options);
    for (const [name, record] of [["0", "{"], ["1", '{ "version": 1 }']]) { // found before it
      await Deno.mkdir(`${checkpointRoot}/${name}`);
      await Deno.writeTextFile(`${checkpointRoot}/${name}/checkpoint.json`, record);
    }
    const found = await findTraining(checkpointRoot, { of: ["a"], seed: 7 });
    assert.deepEqual(found!.epochs, epochs);
    assert.equal(await digestWeights(found!.model), weights);
    found!.model.dispose();
    assert.equal(await findTraining(checkpointRoot, { seed: 8, of: ["a"] }), undefined);
  }));

Deno.test("train: what was damaged in a cache is not believed, and trained again; a named folder is kept", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder), checkpointRoot = `${folder}/trainings`;
    const options = { checkpointRoot, recipe: { seed: 7 }, validate: () => Promise.resolve(0.5) };
    const { weights } = await trainSmall(store, options);
    const [{ name }] = [...Deno.readDirSync(checkpointRoot)], own = `${checkpointRoot}/${name}`;
    const { files: { best } } = (await readCheckpointRecord(own))!;
    for (const file of [best, "checkpoint.json"]) {
      const bytes = await Deno.readFile(`${own}/${file}`);
      bytes[bytes.length >> 1] ^= 1; // one bit: still a safetensors file, or JSON
      await Deno.writeFile(`${own}/${file}`, bytes);
      assert.equal(await findTraining(checkpointRoot, options.recipe), undefined, file);
      await assert.rejects(trainSmall(store, { checkpointDir: own }), /delete the folder to begin/);
      assert.equal((await trainSmall(store, options)).weights, weights);
      const found = await findTraining(checkpointRoot, options.recipe);
      assert.equal(await digestWeights(found!.model), weights);
      found!.model.dispose();
    }
  }));

Deno.test("train: no tensor is left behind, from step to step and after training", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const before = tf.memory().numTensors;
    const counts: number[] = [], epochs: number[] = [];
    let recall = 0;
    await trainSmall(store, {
      checkpointDir: `${folder}/checkpoint`,
      validate: () => Promise.resolve(recall += 0.1),
      onStep: () => void counts.push(tf.memory().numTensors),
      onEpoch: () => void epochs.push(tf.memory().numTensors),
    });
    assert.equal(counts.length, 9);
    // the optimiser's state comes with the first step, the best epoch's weights after the first epoch
    assert.equal(new Set(counts.slice(0, 3)).size, 1, counts.join());
    assert.equal(new Set(counts.slice(3)).size, 1, counts.join());
    assert.equal(new Set(epochs).size, 1, epochs.join());
    assert.equal(tf.memory().numTensors, before);
    const failing = () => Promise.reject(new Error("no more"));
    await assert.rejects(trainSmall(store, { validate: failing }), /no more/);
    assert.equal(tf.memory().numTensors, before);
  }));

Deno.test("train: stopped between two steps, it goes on to the same weights", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const recalls = [0.1, 0.4, 0.2];
    const validate = () => {
      let calls = 0;
      return () => Promise.resolve(recalls[calls++]);
    };
    const whole = await trainSmall(store, { validate: validate() });
    const checkpointDir = `${folder}/checkpoint`;
    for (const stopAt of [2, 5, 8]) { // in the middle of every epoch
      const controller = new AbortController(), reason = new Error("enough");
      const done = (await readCheckpointRecord(checkpointDir))?.history.length ?? 0;
      const rest = recalls.slice(done);
      const stopped = trainSmall(store, {
        checkpointDir,
        signal: controller.signal,
        validate: () => Promise.resolve(rest.shift()!),
        onStep: ({ step }) => step === stopAt && controller.abort(reason),
      });
      await assert.rejects(stopped, reason);
      const record = await readCheckpointRecord(checkpointDir);
      assert.equal(record?.history.length ?? 0, Math.floor(stopAt / 3));
    }
    const steps: number[] = [];
    const resumed = await trainSmall(store, {
      checkpointDir,
      validate: () => Promise.resolve(recalls[2]),
      onStep: ({ step }) => void steps.push(step),
    });
    assert.deepEqual(steps, [7, 8, 9]);
    assert.equal(resumed.weights, whole.weights);
    assert.deepEqual(losses(resumed.epochs), losses(whole.epochs));
    assert.deepEqual(resumed.best, { epoch: 2, recall: 0.4 });
    // once more: there is nothing left to do, and the best weights are found again
    const again = await trainSmall(store, { checkpointDir, validate: () => assert.fail() });
    assert.equal(again.weights, whole.weights);
    assert.deepEqual(again.best, { epoch: 2, recall: 0.4 });
    const names = [...Deno.readDirSync(checkpointDir)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["best-002.safetensors", "checkpoint.json"]); // it is done
    const saved = await loadFusion(`${checkpointDir}/best-002.safetensors`);
    assert.equal(await digestWeights(saved), whole.weights);
    saved.dispose();
  }));

Deno.test("train: between two checkpoints epochs are not kept, and nothing but time is lost", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const checkpointDir = `${folder}/checkpoint`, recalls = [0.3, 0.9, 0.1];
    /** Stops after an epoch; of a run that goes on the epochs are counted on. */
    const run = async (checkpointSeconds: number, stopAfter = Infinity) => {
      const controller = new AbortController();
      let epoch = (await readCheckpointRecord(checkpointDir))?.history.length ?? 0;
      return await trainSmall(store, {
        ...{ checkpointDir, checkpointSeconds, signal: controller.signal },
        validate: () => Promise.resolve(recalls[epoch++]),
        onEpoch: ({ epoch }) => {
          if (epoch === stopAfter) controller.abort(new Error("enough"));
        },
      });
    };
    let calls = 0;
    const whole = await trainSmall(store, { validate: () => Promise.resolve(recalls[calls++]) });
    const kept = async () => (await readCheckpointRecord(checkpointDir))?.history.length;
    await assert.rejects(run(3600, 2), /enough/);
    assert.equal(await kept(), undefined);
    await assert.rejects(run(0, 1), /enough/);
    assert.equal(await kept(), 1);
    await assert.rejects(run(3600, 2), /enough/);
    assert.equal(await kept(), 1);
    // the last epoch is kept whatever the clock says, with the weights of one that was not
    const { weights, best, epochs } = await run(3600);
    assert.deepEqual([weights, best.epoch, epochs.length], [whole.weights, 2, 3]);
    const names = [...Deno.readDirSync(checkpointDir)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["best-002.safetensors", "checkpoint.json"]);
    assert.equal((await run(0)).weights, whole.weights);
  }));

Deno.test("train: resumed without validation, the checkpoint has the last epoch's weights too", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const checkpointDir = `${folder}/checkpoint`, controller = new AbortController();
    const stopped = trainSmall(store, {
      checkpointDir,
      signal: controller.signal,
      validate: () => Promise.resolve(0.5),
      onEpoch: () => controller.abort(new Error("enough")),
    });
    await assert.rejects(stopped, /enough/);
    const before = tf.memory().numTensors;
    const { weights, best } = await trainSmall(store, { checkpointDir });
    assert.equal(best.epoch, 3);
    assert.equal((await trainSmall(store, { checkpointDir })).weights, weights);
    assert.equal(tf.memory().numTensors, before);
  }));

/** Starts a process that opens the small store, trains on it as `options` say, and tells its end. */
function trainInChild(folder: string, options: string): Deno.ChildProcess {
  const script = `
    import { interruptible, loadEngine } from "detailclip";
    import { openSmallStore, SMALL_CONFIG, trainSmall } from "${new URL(
    "../testing.ts",
    import.meta.url,
  )}";
    using _interrupts = interruptible();
    await loadEngine({ prefer: "wasm" });
    const folder = Deno.args[0], checkpointDir = folder + "/checkpoint";
    const sleep = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    const training = trainSmall(await openSmallStore(folder), { checkpointDir, ${options} });
    console.error(await training.then(() => "finished", (error) => error.name));`;
  const config = fileURLToPath(new URL("../../../deno.json", import.meta.url));
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", `--config=${config}`, script, folder],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("train: a run that was killed goes on to the same weights", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const whole = await trainSmall(store);
    const checkpointDir = `${folder}/checkpoint`;
    // it waits in the middle of epoch 2
    const onStep = `onStep: ({ step }) => step === 5 && (console.log("step 5"), sleep())`;
    const child = trainInChild(folder, onStep);
    const errors = new Response(child.stderr).text();
    for await (const _stepFive of child.stdout) child.kill("SIGKILL");
    assert.equal((await child.status).signal, "SIGKILL", await errors);
    assert.equal((await readCheckpointRecord(checkpointDir))?.history.length, 1);
    await Deno.writeTextFile(`${checkpointDir}/epoch-002.safetensors.1-2.tmp`, "half a file");
    const resumed = await trainSmall(store, { checkpointDir });
    assert.equal(resumed.weights, whole.weights);
    assert.equal([...Deno.readDirSync(checkpointDir)].length, 2);
  }));

Deno.test("train: of two in one folder the second waits, and takes over when the first is killed", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const whole = await trainSmall(store);
    const checkpointDir = `${folder}/checkpoint`;
    const child = trainInChild(
      folder,
      `onStep: ({ step }) => step === 5 && (console.log("step 5"), sleep())`,
    );
    const errors = new Response(child.stderr).text();
    let steps = 0, second: ReturnType<typeof trainSmall> | undefined;
    for await (const _stepFive of child.stdout) {
      second = trainSmall(store, { checkpointDir, onStep: () => void steps++ });
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(steps, 0, "it waits");
      child.kill("SIGKILL");
    }
    assert.equal((await child.status).signal, "SIGKILL", await errors);
    assert.equal((await second!).weights, whole.weights);
    assert.equal(steps, 6, "epochs 2 and 3: the first was kept");

    const both = await Promise.all([0, 1].map(async () => {
      let steps = 0;
      const options = { checkpointRoot: `${folder}/root`, onStep: () => void steps++ };
      const { weights } = await trainSmall(store, options);
      return { weights, steps };
    }));
    assert.deepEqual(
      both.map(({ steps }) => steps).sort(),
      [0, 9],
      "one trains, the other finds it",
    );
    for (const { weights } of both) assert.equal(weights, whole.weights);
    const left = [
      checkpointDir,
      `${folder}/root/${[...Deno.readDirSync(`${folder}/root`)][0].name}`,
    ]
      .flatMap((at) => [...Deno.readDirSync(at)].map(({ name }) => name));
    assert.ok(!left.some((name) => /lock|tmp/.test(name)), left.join());
  }));

Deno.test("train: an interrupt stops it though nobody handed it a signal", () =>
  withFolder(async (folder) => {
    const options = `config: { ...SMALL_CONFIG, epochs: 1_000_000 },
      onStep: ({ step }) => step === 5 && console.log("step 5")`;
    const child = trainInChild(folder, options);
    const errors = new Response(child.stderr).text();
    for await (const _stepFive of child.stdout) child.kill("SIGINT");
    assert.match(await errors, /InterruptError\n$/);
    assert.equal((await child.status).code, 0);
    assert((await readCheckpointRecord(`${folder}/checkpoint`))!.history.length >= 1);
  }));

Deno.test("train: another training's checkpoint is refused and stays as it is", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const checkpointDir = `${folder}/checkpoint`;
    const first = await trainSmall(store, { checkpointDir });
    const refused = async (differs: RegExp, changes: Parameters<typeof trainSmall>[1]) =>
      await assert.rejects(
        trainSmall(store, { checkpointDir, ...changes }),
        (error: Error) => /was begun with other/.test(error.message) && differs.test(error.message),
      );
    await refused(/config\.learningRate, config\.seed/, {
      config: { ...SMALL_CONFIG, learningRate: 1e-3, seed: 1 },
    });
    await refused(/ prompts/, { prompts: new Float32Array(2 * SMALL_DIM).fill(0.1) });
    await refused(/ startingWeights/, { modelSeed: 2 });
    await refused(/ images/, { imageIds: store.imageIds.slice(1) });
    // the same ids, other features
    await refused(/ features/, { store: await openSmallStore(folder, { seed: 2 }) });
    const again = await trainSmall(store, { checkpointDir });
    assert.equal(again.weights, first.weights);
  }));

Deno.test("train: the best epoch is the earliest of the best, and its weights are kept", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const recalls = [0.2, 0.5, 0.5];
    const seen: string[] = [];
    const { best, weights, epochs } = await trainSmall(store, {
      async validate(model) {
        seen.push(await digestWeights(model));
        return recalls[seen.length - 1];
      },
    });
    assert.deepEqual(best, { epoch: 2, recall: 0.5 });
    assert.deepEqual(epochs.map(({ epoch, recall }) => [epoch, recall]), [[1, 0.2], [2, 0.5], [
      3,
      0.5,
    ]]);
    assert.equal(new Set(seen).size, 3);
    assert.equal(weights, seen[1]);
  }));

Deno.test("train: each step says its loss and learning rate, each epoch their mean", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const steps: Parameters<NonNullable<Parameters<typeof train>[0]["onStep"]>>[0][] = [];
    const schedule = { kind: "step", stepEpochs: 1, gamma: 0.5 } as const;
    const config = { ...SMALL_CONFIG, schedule, learningRate: 0.01 };
    const { epochs } = await trainSmall(store, {
      config,
      onStep: (event) => void steps.push(event),
    });
    assert.deepEqual(steps.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(steps.map(({ epoch }) => epoch), [1, 1, 1, 2, 2, 2, 3, 3, 3]);
    assert.deepEqual(
      steps.map(({ learningRate }) => learningRate),
      [0.01, 0.01, 0.01, 0.005, 0.005, 0.005, 0.0025, 0.0025, 0.0025],
    );
    assert(steps.every(({ gradientNorm, steps }) => gradientNorm! > 0 && steps === 9));
    const [a, b, c] = losses(steps); // of 4, 5 and 5 images
    assert(Math.abs(epochs[0].loss - (4 * a + 5 * b + 5 * c) / 14) < 1e-9);
    assert.equal(epochs[2].learningRate, 0.0025);
  }));

Deno.test("train: every loss and every model with weights can be trained", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const loss = { kind: "query-proxy", distance: "mse", proxies: { patchesPerLevel: 2 } } as const;
    const proxies = await trainSmall(store, { config: { ...SMALL_CONFIG, loss } });
    assert.notEqual(proxies.epochs[2].loss, proxies.epochs[0].loss);
    const config = { ...SMALL_CONFIG, mixing: 0 };
    const models = [
      { kind: "weighted" },
      { kind: "linear" },
      { kind: "mlp", input: "full", layers: 2 },
      { ...SMALL_SPEC, vectors: 2 },
    ] as const;
    for (const spec of models) {
      const { epochs } = await trainSmall(store, { spec, config });
      assert(epochs.every(({ loss }) => Number.isFinite(loss)));
      assert.notEqual(epochs[2].loss, epochs[0].loss);
    }
  }));

Deno.test("train: a loss that is not a number stops it, and says where", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const checkpointDir = `${folder}/checkpoint`;
    /** A model that breaks down at its `last`-th batch. */
    const breaking = (last: number) => {
      const model = createFusion(SMALL_SPEC, { dim: SMALL_DIM, seed: 1 });
      const forward = model.forward;
      let calls = 0;
      return Object.assign(model, {
        forward: (...inputs: Parameters<typeof forward>) =>
          tf.tidy(() => tf.mul(forward(...inputs), ++calls === last ? NaN : 1)),
      });
    };
    const model = breaking(5);
    await assert.rejects(
      trainSmall(store, { model, checkpointDir }),
      /Cannot train: the loss is NaN \(at epoch 2, step 5 of 9, learning rate 0\.00\d+\); .* keeps the state after epoch 1/,
    );
    assert.equal((await readCheckpointRecord(checkpointDir))?.history.length, 1);
    model.dispose();
    await assert.rejects(
      trainSmall(store, { validate: () => Promise.resolve(NaN) }),
      /Cannot train: validation recall is NaN \(after epoch 1\)$/,
    );
  }));

Deno.test("train: what cannot be trained is refused", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const refused = (why: RegExp, changes: Parameters<typeof trainSmall>[1]) =>
      assert.rejects(trainSmall(store, changes), why);
    const before = tf.memory().numTensors;
    await refused(/a model of kind "mean" has no weights/, { spec: { kind: "mean" } });
    await refused(/there are no images/, { imageIds: [] });
    await refused(/named twice/, { imageIds: ["image 1", "image 1"] });
    await refused(/"image 99"/, { imageIds: ["image 99"] });
    await refused(/there are no prompts/, { prompts: new Float32Array(0) });
    await refused(/not a whole number of vectors/, { prompts: new Float32Array(SMALL_DIM + 1) });
    await refused(/epochs must be .* got 0/, { config: { ...SMALL_CONFIG, epochs: 0 } });
    await refused(/checkpointSeconds must be 0 or more, got NaN/, { checkpointSeconds: NaN });
    await refused(/mixing must be .* got 2/, { config: { ...SMALL_CONFIG, mixing: 2 } });
    await refused(/learningRate must be positive, got -1/, {
      config: { ...SMALL_CONFIG, learningRate: -1 },
    });
    const model = createFusion(SMALL_SPEC, { dim: 4, seed: 1 });
    await refused(/features have 8 values, and the model was made for 4/, { model });
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  }));

Deno.test("train: a centred model resumes, and loads when done, with the best of its earlier epochs", () =>
  withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const recalls = [0.3, 0.9, 0.1]; // the best is neither the first nor the last
    const centre = Float32Array.from({ length: SMALL_DIM }, (_, d) => d / 100);
    const options = { dim: SMALL_DIM, seed: 1, centre };
    const prompts = randomImages(1, SMALL_DIM, () => 6, "prompts")[0].features;
    const run = async (checkpointDir: string, stopAfter = Infinity) => {
      const model = createFusion(SMALL_SPEC, options), controller = new AbortController();
      let epoch = (await readCheckpointRecord(checkpointDir))?.history.length ?? 0;
      const trained = train({
        model,
        store,
        prompts,
        config: SMALL_CONFIG,
        checkpointDir,
        checkpointSeconds: 0,
        validate: () => Promise.resolve(recalls[epoch++]),
        onEpoch: ({ epoch }) => {
          if (epoch === stopAfter) controller.abort(new Error("enough"));
        },
        signal: controller.signal,
        output: "silent",
      });
      const result = await trained.catch((error) => error as Error);
      const weights = await digestWeights(model);
      model.dispose();
      return { result, weights };
    };
    const whole = await run(`${folder}/whole`);
    assert.deepEqual(whole.result instanceof Error || whole.result.best, { epoch: 2, recall: 0.9 });
    assert.equal((await run(`${folder}/whole`)).weights, whole.weights); // it is done
    assert((await run(`${folder}/parts`, 2)).result instanceof Error);
    assert.equal((await run(`${folder}/parts`)).weights, whole.weights);
  }));
