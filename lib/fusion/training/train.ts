/**
 * Training of a fusion model on the features of a store (paper section 3.4.2, appendix A.4).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { checkpoint } from "../../runtime/interrupt.ts";
import { createRandom } from "../../numeric/random.ts";
import { batchCount, featureBatches } from "../batches/batches.ts";
import { type EpochRecord, writeCheckpoint } from "./checkpoint.ts";
import { globalNorm } from "../../tensor/adamw.ts";
import { showStep } from "../../runtime/progress.ts";
import { endTraining, startTraining, type TrainingRun } from "./training_run.ts";
import { createSchedule, type Schedule } from "../../tensor/learning_rate.ts";
import { batchesInFlight, computesOn, engineInWords } from "../../tensor/kernels.ts";
import { type StepOutcome, trainStep } from "./step.ts";
import type { TrainOptions, TrainResult } from "./train_options.ts";

/**
 * Trains a fusion model.
 *
 * The best epoch is chosen by `validate` alone (of equals the earliest), and the model ends with its
 * weights. Everything follows from the configuration's seed: on one engine two runs end in the same
 * bits, and so does a run that was killed and called again with the same `checkpointDir`, which goes on
 * after the last epoch that it kept. A folder that holds another training is refused, not overwritten; a second process
 * that trains the same there waits for the first, and goes on from what that has kept. Of a
 * training that is done only the best weights and the history are kept.
 *
 * When the training throws, is stopped or diverges, the model's weights are those of the last step; the
 * checkpoint, if it has come to one, is that of a whole epoch at most `checkpointSeconds` before the last.
 *
 * @param options what, on which images, and how
 * @returns the course of the training, and which epoch was best
 * @throws Error when the loss or a gradient is not finite, or the loss diverges; when `checkpointDir`
 * holds another training; or when model, store and prompts do not fit each other
 * @throws RangeError when the configuration is out of range
 * @throws the signal's reason when aborted
 *
 * @example
 * ```ts
 * import type { FeatureStore, FusionModel } from "detailclip";
 * import { createFusion, loadEngine, train } from "detailclip";
 * async function fit(store: FeatureStore, prompts: Float32Array): Promise<FusionModel> {
 *   await loadEngine();
 *   const model = createFusion({ kind: "transformer", size: "tiny" }, { dim: store.dim, seed: 1 });
 *   const loss = { kind: "query-proxy", distance: "mse" } as const;
 *   const config = { learningRate: 1e-3, loss, seed: 1 };
 *   await train({ model, store, prompts, config, checkpointDir: ".cache/trainings/first" });
 *   return model;
 * }
 * ```
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { output, displayId } = options;
  const start = () => startTraining(options);
  const run = await showStep("Prepare training", start, { leaves: "slow", output, displayId });
  try {
    const { history, best, config } = run;
    while (history.length < config.epochs) await trainEpoch(run, history.length + 1);
    if (best.weights && best.epoch < history.length) {
      for (const [name, tensor] of best.weights) run.model.parameters.get(name)!.assign(tensor);
    }
    const { epoch, recall } = best;
    return { epochs: history, best: recall === undefined ? { epoch } : { epoch, recall } };
  } finally {
    await endTraining(run);
  }
}

/** One epoch with its validation and its checkpoint. */
async function trainEpoch(run: TrainingRun, epoch: number): Promise<void> {
  const { model, options, history } = run;
  const trained = await runSteps(run, epoch);
  if (!Number.isFinite(await globalNorm(model.parameters.values()))) {
    throw stopped(run, "its weights are not finite", `after epoch ${epoch}`);
  }
  const recall = await options.validate?.(model);
  run.signal.throwIfAborted(); // a validation that was cut short says nothing
  if (recall !== undefined && !Number.isFinite(recall)) {
    throw stopped(run, `validation recall is ${recall}`, `after epoch ${epoch}`);
  }
  const record: EpochRecord = { epoch, ...trained, ...(recall !== undefined && { recall }) };
  history.push(record);
  noteBest(run, record);
  run.progress.update(run.done(), noteOf(run, record.loss));
  if (run.folder && checkpointIsDue(run)) await keep(run, run.folder);
  await options.onEpoch?.(record);
}

/** Seconds between two checkpoints unless told: one of the paper's model takes about a second to write. */
const CHECKPOINT_SECONDS = 15;

function checkpointIsDue({ history, config, saved, options }: TrainingRun): boolean {
  const seconds = options.checkpointSeconds ?? CHECKPOINT_SECONDS;
  return history.length === config.epochs || performance.now() - saved.at >= 1000 * seconds;
}

/** Writes a checkpoint of a run between two epochs. */
async function keep(run: TrainingRun, folder: string): Promise<void> {
  const { identity, optimizer, history, model, saved, best: { epoch: best, recall, weights } } =
    run;
  await writeCheckpoint(folder, {
    record: {
      identity: identity!,
      history,
      best: { epoch: best, ...(recall !== undefined && { recall }) },
      steps: optimizer.steps,
      ...computesOn(),
    },
    model,
    ...(best !== saved.best && { best: weights ?? model.parameters }),
    ...(history.length < run.config.epochs && { optimizer: await optimizer.state() }),
  });
  run.saved = { epoch: history.length, best, at: performance.now() };
}

/** A step whose loss may not be known yet. */
interface Underway {
  step: number;
  learningRate: number;
  /** Images of its batch. */
  size: number;
  outcome: Promise<StepOutcome>;
}

/** All steps of one epoch. */
async function runSteps(
  run: TrainingRun,
  epoch: number,
): Promise<Pick<EpochRecord, "loss" | "learningRate" | "rate" | "seconds">> {
  const { config, context, imageIds, options, signal } = run;
  const perEpoch = batchCount(imageIds.length, config.batchSize);
  const steps = perEpoch * config.epochs;
  const schedule: Schedule = createSchedule(config.schedule, {
    ...config,
    steps,
    stepsPerEpoch: perEpoch,
  });
  // Chance is drawn from (seed, epoch, step): a resumed run needs no generator's state.
  const random = createRandom(config.seed).fork(`epoch ${epoch}`);
  const plan = {
    ...config,
    imageIds,
    random: random.fork("order"),
    patches: run.model.sizes.patches,
  };
  const started = performance.now();
  let step = (epoch - 1) * perEpoch, images = 0, sum = 0, learningRate = 0;
  const note = async ({ size, outcome, ...about }: Underway) => {
    const where = `at epoch ${epoch}, step ${about.step} of ${steps}, learning rate ` +
      about.learningRate;
    const told = await outcome.catch((error) => {
      throw stopped(run, error.message, where, error);
    });
    const trouble = run.watch.add(told.loss);
    if (trouble) throw stopped(run, trouble, where);
    images += size;
    sum += told.loss * size;
    options.onStep?.({ epoch, steps, ...about, ...told });
    run.progress.update(run.done(images), noteOf(run, sum / images));
  };
  const underway: Underway[] = [];
  try {
    for (const batch of featureBatches(options.store, plan)) {
      await checkpoint(signal);
      learningRate = schedule(step++);
      const options = { learningRate, random: random.fork(`step ${step}`) };
      const outcome = trainStep(context, batch, options);
      outcome.catch(() => {}); // it is told in its turn
      underway.push({ step, learningRate, size: batch.imageIds.length, outcome });
      if (underway.length > batchesInFlight()) await note(underway.shift()!);
    }
    while (underway.length > 0) await note(underway.shift()!);
  } finally {
    await Promise.allSettled(underway.map(({ outcome }) => outcome));
  }
  const seconds = (performance.now() - started) / 1000;
  const on = computesOn(), gpu = on.adapter !== undefined && { engine: engineInWords(on) };
  return { loss: sum / images, learningRate, rate: images / seconds, seconds, ...gpu };
}

/** Keeps the weights of an epoch that is better than all before it. */
function noteBest(run: TrainingRun, { epoch, recall }: EpochRecord): void {
  const { best, model } = run;
  if (recall !== undefined && best.recall !== undefined && recall <= best.recall) return;
  tf.dispose([...best.weights?.values() ?? []]);
  Object.assign(best, { epoch, recall, weights: undefined });
  if (recall === undefined) return; // the last epoch counts: nothing to keep
  best.weights = new Map([...model.parameters].map(([name, value]) => [name, tf.clone(value)]));
}

function noteOf({ history, best, config }: TrainingRun, loss: number): string {
  const epoch = Math.min(history.length + 1, config.epochs);
  const recall = history.at(-1)?.recall;
  const said = recall === undefined
    ? ""
    : `, recall ${(100 * recall).toFixed(1)} % (best ${(100 * best.recall!).toFixed(1)} %)`;
  return `epoch ${epoch}/${config.epochs}, loss ${loss.toPrecision(4)}${said}`;
}

/** The error of a training that cannot go on. */
function stopped(run: TrainingRun, why: string, where: string, cause?: unknown): Error {
  const { saved, folder } = run;
  const kept = folder && saved.epoch > 0
    ? `; ${folder} keeps the state after epoch ${saved.epoch}`
    : "";
  return new Error(`Cannot train: ${why} (${where})${kept}`, { cause });
}
