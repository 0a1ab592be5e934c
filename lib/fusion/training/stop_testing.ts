/**
 * Trainings that are stopped, for the tests of several engines.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { FeatureStore } from "../../features/mod.ts";
import { trainSmall } from "../testing.ts";

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
