/**
 * Checkpoints of a training: everything that the rest of it depends on, as it is after a whole epoch, so
 * that a run that was killed goes on to the same weights.
 *
 * A folder holds `checkpoint.json`, for people and programs, and the safetensors files that it names:
 * the weights and the optimiser's state after an epoch, and the weights of the best epoch; of a training
 * that is done only these. The JSON is replaced last and in one move, so that at any moment it names
 * files that are whole. It has their SHA-256 and its own: what a disk has changed since is not believed.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs-core";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { canonicalJson, sha256, sha256File, writeAtomic } from "../../runtime/files.ts";
import type { FusionModel } from "../model/model.ts";
import type { OptimizerState } from "../../tensor/adamw.ts";
import { type NamedArray, readSafetensors, writeSafetensors } from "../../tensor/safetensors.ts";
import { readTensors } from "../../tensor/reading.ts";
import { fusionWeights, writeFusion } from "../model/saving.ts";

/** One epoch of a training. */
export interface EpochRecord {
  /** From 1 on. */
  epoch: number;
  /** Mean loss over the epoch's images, each as its batch was just before the step. */
  loss: number;
  /** Learning rate of the epoch's last step. */
  learningRate: number;
  /** What validation said after the epoch; absent when there is none. */
  recall?: number;
  /** Images a second in training. */
  rate: number;
  /** Seconds that training took. */
  seconds: number;
  /** The engine that computed it, where it was on a GPU, with that GPU's name, or is not the one of the run. */
  engine?: string;
}

/** What `checkpoint.json` says. */
export interface CheckpointRecord {
  /** Version of this layout. */
  version: number;
  /** Everything that decides what the training ends in: see `train`. */
  identity: Record<string, unknown>;
  /** Epochs done, in order. */
  history: EpochRecord[];
  /** The best epoch so far. */
  best: { epoch: number; recall?: number };
  /** Optimiser steps taken. */
  steps: number;
  /** The engine on which the last epoch was computed, by the name of its tfjs backend. */
  backend: string;
  /** The GPU of that engine. */
  adapter?: string;
  /** Names of the files in the folder; a training that is done has no state to go on from. */
  files: { state?: string; best: string };
  /** SHA-256 of each of these files, by name, in lower-case hexadecimal. */
  digests: Record<string, string>;
}

/** A training as it stands after an epoch. */
export interface TrainingState {
  /** What is said of it. */
  record: Omit<CheckpointRecord, "version" | "files" | "digests">;
  /** The model, with the epoch's weights. */
  model: FusionModel;
  /** The weights of the best epoch by PyTorch name; absent when the checkpoint before has them. */
  best?: ReadonlyMap<string, tf.Tensor>;
  /** The optimiser; absent when the training is done. */
  optimizer?: OptimizerState;
}

/** A training as it was read. */
export interface Checkpoint {
  /** What is said of it. */
  record: CheckpointRecord;
  /** The weights of its best epoch. */
  best: Map<string, NamedArray>;
  /** The weights after its last epoch and the optimiser; absent when the training is done. */
  state?: { weights: Map<string, NamedArray>; optimizer: OptimizerState };
}

/** Of the layout of a checkpoint's folder; one of another version is not read. */
export const CHECKPOINT_VERSION = 3;
const RECORD = "checkpoint.json";
const OPTIMIZER = "optimizer/";

const fileName = (kind: string, epoch: number) =>
  `${kind}-${String(epoch).padStart(3, "0")}.safetensors`;

/**
 * Writes a checkpoint; when this returns it is the one that a resumed run goes on from. The best epoch
 * is kept as a saved model, which `loadFusion` opens.
 *
 * @param folder where; made if it does not exist
 * @param state the training, just after an epoch
 */
export async function writeCheckpoint(folder: string, state: TrainingState): Promise<void> {
  const { record, model, best, optimizer } = state;
  const epoch = record.history.length;
  const files: CheckpointRecord["files"] = { best: fileName("best", record.best.epoch) };
  if (optimizer) {
    files.state = fileName("epoch", epoch);
    const tensors = await fusionWeights(model);
    for (const [name, array] of optimizer.tensors) tensors.set(OPTIMIZER + name, array);
    const metadata = { epoch: String(epoch), steps: String(optimizer.steps) };
    await writeSafetensors(join(folder, files.state), { tensors, metadata });
  }
  if (best) await writeFusion(model, best, join(folder, files.best));
  const digests: CheckpointRecord["digests"] = {};
  for (const name of Object.values(files)) {
    digests[name] = await sha256File(join(folder, name));
  }
  const complete = { version: CHECKPOINT_VERSION, ...record, files, digests };
  const signed = { ...complete, digest: digestOf(complete) };
  await writeAtomic(join(folder, RECORD), JSON.stringify(signed, null, 2) + "\n");
  await removeOldFiles(folder, Object.values(files));
}

/** Of a record as it will be read back. */
function digestOf(record: CheckpointRecord): string {
  return sha256(canonicalJson(JSON.parse(JSON.stringify(record))));
}

/** Removes the files of earlier epochs, and what writers that were killed left. */
async function removeOldFiles(folder: string, keep: readonly string[]): Promise<void> {
  const ours = /^((epoch|best)-\d+\.safetensors|checkpoint\.json)(\.[\d-]+\.tmp)?$/;
  for await (const { name } of Deno.readDir(folder)) {
    if (!ours.test(name) || name === RECORD || keep.includes(name)) continue;
    await Deno.remove(join(folder, name)).catch(() => {}); // a file too many does no harm
  }
}

/**
 * Reads what `checkpoint.json` says, without weights: the course of a training, running or ended.
 *
 * @param folder the checkpoint folder
 * @returns the record, or undefined when there is none yet
 * @throws Error when the file is not a checkpoint's
 */
export async function readCheckpointRecord(folder: string): Promise<CheckpointRecord | undefined> {
  const path = join(folder, RECORD);
  try {
    const { digest, ...record } = JSON.parse(await Deno.readTextFile(path));
    if (record.version !== CHECKPOINT_VERSION) {
      throw new Error(`it is not a checkpoint of version ${CHECKPOINT_VERSION}`);
    }
    if (digest !== digestOf(record)) throw new Error("it was changed since it was written");
    return record;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const why = error instanceof Error ? error.message : error;
    throw new Error(`Cannot read checkpoint ${path}: ${why}`, { cause: error });
  }
}

/**
 * The path of a file that a record names.
 *
 * @throws {Error} when it is missing, or not what was written
 */
async function pathOf(
  folder: string,
  { digests }: CheckpointRecord,
  name: string,
): Promise<string> {
  const path = join(folder, name);
  const digest = await sha256File(path).catch((error) => {
    throw new Error(`Cannot read checkpoint ${path}: ${error.message}`, { cause: error });
  });
  if (digest === digests[name]) return path;
  throw new Error(`Cannot read checkpoint ${path}: it was changed since it was written`);
}

/**
 * The path of a training's best weights, for `loadFusion`.
 *
 * @param folder the checkpoint folder
 * @param record what it says
 * @throws {Error} when the file is missing, or not what was written
 */
export function bestWeightsPath(folder: string, record: CheckpointRecord): Promise<string> {
  return pathOf(folder, record, record.files.best);
}

/**
 * Reads a checkpoint.
 *
 * @param folder the checkpoint folder
 * @returns the training as it was written, or undefined when there is no checkpoint
 * @throws Error when a file is missing or damaged
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const record = await readCheckpointRecord(folder);
  if (!record) return undefined;
  const { tensors: best } = await readSafetensors(await bestWeightsPath(folder, record));
  if (!record.files.state) return { record, best };
  const { tensors } = await readSafetensors(await pathOf(folder, record, record.files.state));
  const weights = new Map<string, NamedArray>(), moments = new Map<string, NamedArray>();
  for (const [name, array] of tensors) {
    if (name.startsWith(OPTIMIZER)) moments.set(name.slice(OPTIMIZER.length), array);
    else weights.set(name, array);
  }
  return { record, best, state: { weights, optimizer: { steps: record.steps, tensors: moments } } };
}

/**
 * Says in which parts two identities differ.
 *
 * @param found that of the checkpoint
 * @param wanted that of the run
 * @returns the names of parts, `config.learningRate` for parts of the configuration
 */
export function differences(
  found: Record<string, unknown>,
  wanted: Record<string, unknown>,
  prefix = "",
): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return [...new Set([...Object.keys(found), ...Object.keys(wanted)])].flatMap((name) => {
    const a = found[name], b = wanted[name];
    if (canonicalJson(a) === canonicalJson(b)) return [];
    return isObject(a) && isObject(b) ? differences(a, b, `${prefix}${name}.`) : [prefix + name];
  });
}

/**
 * A SHA-256 over the weights of a model and its constants: names, shapes and values, bit for bit.
 *
 * @param model the model
 * @returns lower-case hexadecimal
 */
export async function digestWeights(model: FusionModel): Promise<string> {
  const hash = createHash("sha256");
  const arrays = new Map([...await readTensors(model.parameters), ...model.constants]);
  for (const [name, { shape, data }] of arrays) {
    const { buffer, byteOffset, byteLength } = data;
    hash.update(canonicalJson([name, shape]));
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}
