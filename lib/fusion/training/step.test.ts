import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { withFolder } from "../../features/testing.ts";
import { createRandom } from "../../numeric/random.ts";
import { featureBatches } from "../batches/batches.ts";
import { loadEngine } from "../../tensor/engine.ts";
import { createFusion } from "../model/model.ts";
import { createAdamW } from "../../tensor/adamw.ts";
import { createContext, LossWatch, type StepContext, targetsAreFixed, trainStep } from "./step.ts";
import { openSmallStore, randomImages, SMALL_CONFIG, SMALL_DIM, SMALL_SPEC } from "../testing.ts";
import { resolveTrainConfig, type TrainConfig } from "./train_config.ts";

await loadEngine({ prefer: "wasm" });

const PROMPTS = randomImages(1, SMALL_DIM, () => 6, "prompts")[0].features; // (6, D)

/** Takes one step on the first five images. */
function firstStep(changes: Partial<TrainConfig>, edit: (context: StepContext) => void = () => {}) {
  const config = resolveTrainConfig({ ...SMALL_CONFIG, ...changes });
  const model = createFusion(SMALL_SPEC, { dim: SMALL_DIM, seed: 1 });
  const optimizer = createAdamW(model.parameters, { clipNorm: config.clipNorm });
  let outcome = { loss: NaN }, known = false;
  const run = withFolder(async (folder) => {
    const store = await openSmallStore(folder);
    const data = { store, imageIds: store.imageIds, prompts: PROMPTS };
    const { signal } = new AbortController();
    const context = await createContext(model, optimizer, config, data, signal);
    known = context.targets !== undefined;
    edit(context);
    const [batch] = featureBatches(store, { batchSize: 5 });
    const random = createRandom(1);
    outcome = await trainStep(context, batch, { learningRate: 0.01, random });
    tf.dispose(context.prompts);
  });
  return run.then(() => {
    optimizer.dispose();
    model.dispose();
    return { ...outcome, known };
  });
}

Deno.test("step: targets are computed once where no batch changes them", async () => {
  const proxies = { ...SMALL_CONFIG.loss, proxies: "patches" } as const;
  const fixed = (changes: Partial<TrainConfig>) =>
    targetsAreFixed(resolveTrainConfig({ ...SMALL_CONFIG, mixing: 0, ...changes }));
  assert(fixed({}));
  assert(!fixed({ mixing: 0.1 }));
  assert(!fixed({ loss: proxies }));
  assert((await firstStep({ mixing: 0 })).known);
  assert(!(await firstStep({ loss: proxies })).known);
});

Deno.test("step: the loss is the same whether targets were computed once or with the batch", async () => {
  const before = tf.memory().numTensors;
  const once = await firstStep({ mixing: 0 });
  const anew = await firstStep({ mixing: 0 }, (context) => void delete context.targets);
  assert(Math.abs(once.loss - anew.loss) < 1e-5 * once.loss, `${once.loss}, ${anew.loss}`);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("step: mixing changes the batch, and with it the loss", async () => {
  const plain = await firstStep({ mixing: 0 }), mixed = await firstStep({ mixing: 0.5 });
  assert(Math.abs(plain.loss - mixed.loss) > 1e-4);
});

Deno.test("step: a loss that is no number leaves the model as it is", async () => {
  const watched: number[] = [];
  const { loss } = await firstStep({}, (context) => {
    context.loss = ({ fused }) => tf.mul(tf.sum(fused), NaN) as tf.Scalar;
    context.optimizer = {
      ...context.optimizer,
      step: () => (watched.push(1), Promise.resolve({})),
    };
  });
  assert(Number.isNaN(loss));
  assert.equal(watched.length, 0);
});

Deno.test("the watch over the loss: noise passes; ten times the first losses do not", () => {
  const random = createRandom(1);
  const watch = new LossWatch();
  for (let i = 0; i < 200; i++) assert.equal(watch.add(5 * random.next()), undefined);
  // one wild batch is not a trend
  assert.equal(watch.add(300), undefined);
  for (let i = 0; i < 30; i++) watch.add(1);
  let said: string | undefined, steps = 0;
  while (!said && steps++ < 100) said = watch.add(60);
  assert.match(
    said!,
    /the loss diverges: \d+\.?\d* over the last 20 steps, \d\.\d+ over the first/,
  );
  assert(steps > 5 && steps < 20, `after ${steps} steps`);
  assert.match(new LossWatch().add(Infinity)!, /the loss is Infinity/);
});
