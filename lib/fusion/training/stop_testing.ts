/**
 * Trainings that are stopped, for the tests of several engines.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { FeatureStore } from "../../features/mod.ts";
import { noticesOf } from "../../runtime/testing.ts";
import { trainSmall } from "../testing.ts";
import type { EpochRecord } from "./checkpoint.ts";
import type { TrainOptions } from "./train_options.ts";

/**
 * Begins a small training of three epochs and stops it within each of them, the same error coming out every time.
 *
 * @param store of `openSmallStore`
 * @param checkpointDir where it keeps its checkpoints
 */
export async function stopInEveryEpoch(store: FeatureStore, checkpointDir: string): Promise<void> {
  for (const stopAt of [2, 5, 8]) {
    const controller = new AbortController(), reason = new Error("enough");
    const stopped = trainSmall(store, {
      checkpointDir,
      signal: controller.signal,
      onStep: ({ step }) => void (step === stopAt && controller.abort(reason)),
    });
    await assert.rejects(stopped, reason);
  }
}

/** Where a training keeps its checkpoints. */
type Kept = Pick<TrainOptions, "checkpointDir" | "checkpointRoot" | "recipe">;

/**
 * Begins a small training of three epochs and stops it after the first.
 *
 * @param store of `openSmallStore`
 * @param kept where it keeps its checkpoints
 */
export async function stopAfterOneEpoch(store: FeatureStore, kept: Kept): Promise<void> {
  const controller = new AbortController(), reason = new Error("enough");
  const onEpoch = () => controller.abort(reason);
  await assert.rejects(
    trainSmall(store, { ...kept, signal: controller.signal, onEpoch }),
    reason,
  );
}

/**
 * Goes on with a training that {@linkcode stopAfterOneEpoch} began: its steps are those that were left.
 *
 * @param store of `openSmallStore`
 * @param kept where it keeps its checkpoints
 * @returns all epochs, and what was said
 */
export async function goOn(
  store: FeatureStore,
  kept: Kept,
): Promise<{ epochs: EpochRecord[]; said: string[] }> {
  const steps: number[] = [];
  let epochs: EpochRecord[] = [];
  const said = await noticesOf(async () => {
    const onStep = ({ step }: { step: number }) => void steps.push(step);
    ({ epochs } = await trainSmall(store, { ...kept, output: "log", onStep }));
  });
  assert.deepEqual(steps, [4, 5, 6, 7, 8, 9]);
  return { epochs, said };
}
