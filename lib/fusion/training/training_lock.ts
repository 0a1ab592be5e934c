/**
 * One training at a time in a folder of checkpoints.
 *
 * @module
 */
import { join } from "node:path";
import { canonicalJson } from "../../runtime/files.ts";
import { acquireLock } from "../../runtime/lock.ts";
import type { ProgressOutput } from "../../runtime/progress.ts";
import { bestWeightsPath, readCheckpointRecord } from "./checkpoint.ts";

/** Whether a folder holds this training, done and whole: then nothing will be written. */
async function isDone(folder: string, identity: Record<string, unknown>): Promise<boolean> {
  try {
    const record = await readCheckpointRecord(folder);
    if (!record || record.files.state) return false;
    await bestWeightsPath(folder, record);
    return canonicalJson(record.identity) === canonicalJson(identity);
  } catch {
    return false; // damaged: the training says so, and begins anew
  }
}

/**
 * Takes the lock of a folder of checkpoints: a second process that trains there waits for the first, and finds what that
 * has written; a killed one is taken over from.
 *
 * @param folder of this training's checkpoints
 * @param identity everything that decides what it ends in
 * @param options when to give up waiting, and where progress shows
 * @returns the lock; undefined where the training is done, also on a disk that cannot be written
 * @throws the signal's reason when aborted
 */
export async function lockTraining(
  folder: string,
  identity: Record<string, unknown>,
  options: { signal: AbortSignal; output?: ProgressOutput },
): Promise<Disposable | undefined> {
  if (await isDone(folder, identity)) return undefined;
  const doing = `trains in ${folder}`;
  return await acquireLock(join(folder, "training.lock"), { doing, ...options });
}
