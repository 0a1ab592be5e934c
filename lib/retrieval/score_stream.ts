/**
 * Scoring a collection larger than memory, interruptible.
 *
 * @module
 */
import { operationSignal } from "../runtime/interrupt.ts";
import type { ScoreMatrix } from "./matrices.ts";
import type { PatchScorer, PatchVectors } from "./patch_scores.ts";

/** Options of {@linkcode scoreStream}. */
export interface ScoreStreamOptions {
  /** Stops the pass; its reason is thrown. By default an interrupt does (`operationSignal`). */
  signal?: AbortSignal;
  /** Called after each image with the number of images done. */
  onImage?: (done: number) => void;
}

/**
 * Feeds a stream of images to several scorers in one pass. Only one image is held at a time, so a
 * collection may be larger than memory; the event loop gets a turn every few images, so that a
 * notebook can interrupt it.
 *
 * @param images patch vectors, as they come
 * @param scorers scorers, each given every image
 * @returns one score matrix a scorer, in the same order // (Q, N) each
 * @throws the signal's reason when it is aborted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createFullScorer } from "detailclip/retrieval";
 * import { createMaxScorer, scoreStream } from "detailclip";
 * const queries = Float32Array.of(0, 1);
 * const [full, best] = await scoreStream(
 *   [{ features: Float32Array.of(1, 0, 0, 1) }],
 *   [createFullScorer(queries, { dim: 2 }), createMaxScorer(queries, { dim: 2 })],
 * );
 * assert(full.scores[0] === 0 && best.scores[0] === 1);
 * ```
 */
export async function scoreStream(
  images: AsyncIterable<PatchVectors> | Iterable<PatchVectors>,
  scorers: readonly PatchScorer[],
  { signal = operationSignal(), onImage }: ScoreStreamOptions = {},
): Promise<ScoreMatrix[]> {
  signal.throwIfAborted();
  let done = 0, turn = performance.now();
  for await (const image of images) {
    signal.throwIfAborted();
    for (const scorer of scorers) scorer.add(image);
    onImage?.(++done);
    if (performance.now() - turn > 50) {
      // a timer, not a resolved promise: signals are delivered only between tasks
      await new Promise((resolve) => setTimeout(resolve, 0));
      turn = performance.now();
    }
  }
  signal.throwIfAborted();
  return scorers.map((scorer) => scorer.finish());
}
