/**
 * The beginning and the end of a training: what it depends on, what it goes on from, what it frees.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs-core";
import { join } from "node:path";
import { digestFeatures } from "../../features/mod.ts";
import { canonicalJson, sha256 } from "../../runtime/files.ts";
import { operationSignal } from "../../runtime/interrupt.ts";
import { notice } from "../../runtime/notice.ts";
import { createProgress, type Progress } from "../../runtime/progress.ts";
import { rowCount } from "../../numeric/vectors.ts";
import { inDatasetOrder } from "../batches/batches.ts";
import {
  type Checkpoint,
  differences,
  digestWeights,
  type EpochRecord,
  readCheckpoint,
  readCheckpointRecord,
} from "./checkpoint.ts";
import type { FusionModel } from "../model/model.ts";
import { type AdamW, createAdamW } from "../../tensor/adamw.ts";
import { setFusionWeights } from "../model/saving.ts";
import {
  type Backend,
  backendInUse,
  BACKENDS,
  computesOn,
  engineInWords,
} from "../../tensor/kernels.ts";
import { createContext, LossWatch, type StepContext } from "./step.ts";
import { type ResolvedTrainConfig, resolveTrainConfig } from "./train_config.ts";
import type { TrainOptions } from "./train_options.ts";
import { lockTraining } from "./training_lock.ts";

/** Raise this when training changes in a way that changes what it ends in. */
export const TRAINING_VERSION = 2;

/** A training under way. */
export interface TrainingRun {
  /** As they were given. */
  options: TrainOptions;
  /** With nothing left out. */
  config: ResolvedTrainConfig;
  /** What is trained. */
  model: FusionModel;
  /** What updates it. */
  optimizer: AdamW;
  /** What all steps share. */
  context: StepContext;
  /** The images to train on. */
  imageIds: readonly string[];
  /** What the end depends on; known when checkpoints are kept. */
  identity?: Record<string, unknown>;
  /** Where checkpoints are kept, if they are. */
  folder?: string;
  /** Keeps other processes from training there, until this run ends. */
  lock?: Disposable;
  /** The last checkpoint: which epochs it has, and when it was written; before the first one, the start (ms). */
  saved: { epoch: number; best: number; at: number };
  /** Epochs done. */
  history: EpochRecord[];
  /** The best epoch so far, and its weights where there is validation. */
  best: { epoch: number; recall?: number; weights?: Map<string, tf.Tensor> };
  /** Looks at the losses. */
  watch: LossWatch;
  /** Stops the training. */
  signal: AbortSignal;
  /** Shows how far it is. */
  progress: Progress;
  /** Images done since this run started, `images` of the current epoch included. */
  done(images?: number): number;
}

function checkOptions(options: TrainOptions): void {
  const { model, store, imageIds = store.imageIds, prompts, checkpointSeconds } = options;
  const fail = (why: string) => {
    throw new Error(`Cannot train: ${why}`);
  };
  if (model.parameters.size === 0) fail(`a model of kind "${model.spec.kind}" has no weights`);
  if (store.dim !== model.dim) {
    fail(`features have ${store.dim} values, and the model was made for ${model.dim}`);
  }
  if (rowCount(prompts, model.dim, "train") === 0) fail("there are no prompts");
  if (imageIds.length === 0) fail("there are no images");
  if (checkpointSeconds !== undefined && !(checkpointSeconds >= 0)) {
    fail(`checkpointSeconds must be 0 or more, got ${checkpointSeconds}`);
  }
  if (new Set(imageIds).size !== imageIds.length) fail("an image is named twice");
}

/** Everything that decides what a training ends in, on one engine. */
async function identify(
  { model, store, prompts, recipe }: TrainOptions,
  config: ResolvedTrainConfig,
  imageIds: readonly string[],
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const bytes = new Uint8Array(prompts.buffer, prompts.byteOffset, prompts.byteLength);
  const identity = {
    training: TRAINING_VERSION,
    spec: model.spec,
    sizes: model.sizes,
    startingWeights: await digestWeights(model),
    config,
    images: sha256(canonicalJson(imageIds)),
    // ids alone could name other images, or other features of them
    features: await digestFeatures(store, { signal }),
    prompts: sha256(bytes),
    recipe,
  };
  return JSON.parse(JSON.stringify(identity)); // as it will be read back
}

/** A folder's name that changes with all that a training depends on, the engine that began it included. */
function folderName(identity: Record<string, unknown>, backend: Backend): string {
  return sha256(canonicalJson([identity, backend])).slice(0, 16);
}

/**
 * The folder of a training: that of the engine in use, or of another one that began it where there is no such.
 * Checkpoints go on on any.
 */
async function folderIn(root: string, identity: Record<string, unknown>): Promise<string> {
  const [own, ...others] = [backendInUse(), ...BACKENDS].map((backend) =>
    join(root, folderName(identity, backend))
  );
  for (const folder of [own, ...others]) {
    if (await readCheckpointRecord(folder).catch(() => undefined)) return folder;
  }
  return own;
}

/**
 * Makes a training ready, and goes on from its checkpoint if there is one.
 *
 * @param options as given to `train`
 * @throws Error when the checkpoint is another training's
 */
export async function startTraining(options: TrainOptions): Promise<TrainingRun> {
  const { model, store, prompts, checkpointDir, checkpointRoot } = options;
  checkOptions(options);
  const imageIds = inDatasetOrder(store, options.imageIds);
  const config = resolveTrainConfig(options.config);
  const signal = operationSignal(options.signal);
  const identity = checkpointDir || checkpointRoot
    ? await identify(options, config, imageIds, signal)
    : undefined;
  const folder = checkpointDir ??
    (checkpointRoot && await folderIn(checkpointRoot, identity!));
  const { learningRate, weightDecay, clipNorm, clipValue } = config;
  const rates = { learningRate, weightDecay, clipNorm, clipValue };
  const { label = "Train", output, displayId } = options;
  const lock = folder && identity && await lockTraining(folder, identity, { signal, output });
  const optimizer = createAdamW(model.parameters, rates);
  const history: EpochRecord[] = [], best: TrainingRun["best"] = { epoch: 0 };
  try {
    if (folder && identity) {
      await resume(folder, { identity, model, optimizer, history, best }, options);
    }
    const already = history.length;
    const data = { store, imageIds: already < config.epochs ? imageIds : [], prompts };
    const context = await createContext(model, optimizer, config, data, signal);
    const total = (config.epochs - already) * imageIds.length;
    return {
      ...{ options, config, model, optimizer, context, imageIds, history, best, signal },
      ...{ identity, folder, lock: lock || undefined },
      ...{ saved: { epoch: already, best: best.epoch, at: performance.now() } },
      watch: new LossWatch(),
      // a training that is done already shows nothing
      progress: createProgress({
        label,
        total,
        output: total === 0 ? "silent" : output,
        displayId,
      }),
      done: (images = 0) => (history.length - already) * imageIds.length + images,
    };
  } catch (error) {
    optimizer.dispose();
    tf.dispose([...best.weights?.values() ?? []]);
    if (lock) lock[Symbol.dispose]();
    throw error;
  }
}

/** A checkpoint of a cache that is damaged counts as none: what it held is computed again. */
async function checkpointOf(
  folder: string,
  { checkpointRoot, output }: TrainOptions,
): Promise<Checkpoint | undefined> {
  try {
    return await readCheckpoint(folder);
  } catch (error) {
    const why = (error as Error).message;
    if (checkpointRoot === undefined) {
      throw new Error(`${why}; delete the folder to begin anew`, { cause: error });
    }
    notice(`${why}; the training begins anew`, output);
  }
}

/** Puts a training where its checkpoint left it. */
async function resume(
  folder: string,
  run: Required<Pick<TrainingRun, "identity" | "model" | "optimizer" | "history" | "best">>,
  options: TrainOptions,
): Promise<void> {
  const found = await checkpointOf(folder, options);
  if (!found) return;
  const { record, best, state } = found;
  const odd = differences(record.identity, run.identity);
  if (odd.length > 0) {
    throw new Error(
      `Cannot resume training: ${folder} was begun with other ${odd.join(", ")}; name another ` +
        `folder, or delete that one to start anew`,
    );
  }
  const now = computesOn(), { backend, adapter = now.adapter } = record; // old records name no GPU
  const moved = backend !== now.backend || adapter !== now.adapter;
  if (moved && state) {
    notice(
      `${folder} was trained on ${engineInWords(record)} so far and goes on on ${
        engineInWords(now)
      }: its numbers differ from ` +
        `those of one engine in their last digits`,
      options.output,
    );
  }
  setFusionWeights(run.model, state?.weights ?? best);
  if (state) run.optimizer.restore(state.optimizer);
  // epochs say where they were computed as soon as that is not where the rest is
  const engine = moved && state ? { engine: engineInWords(record) } : {};
  run.history.push(...record.history.map((epoch) => ({ ...engine, ...epoch })));
  Object.assign(run.best, record.best);
  if (record.best.recall === undefined || !state) return;
  run.best.weights = new Map(
    [...best].filter(([name]) => run.model.parameters.has(name)) // the centre is no weight
      .map(([name, { data, shape }]) => [name, tf.tensor(data, shape, "float32")]),
  );
}

/** Frees what a training held, and ends its progress line. */
export async function endTraining(run: TrainingRun): Promise<void> {
  run.optimizer.dispose();
  tf.dispose([run.context.prompts, ...run.best.weights?.values() ?? []]);
  run.lock?.[Symbol.dispose]();
  await run.progress.finish();
}
