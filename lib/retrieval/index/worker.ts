/**
 * A thread that searches flat indices: started by threads.ts.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { type BestItems, Scan } from "./scan.ts";
import { receiveJob, type SentJob } from "./wire.ts";

/** What a thread answers when no block is left: what it found, query by query, or why it could not search. */
export type ScanAnswer = { best: BestItems[] } | { error: string };

parentPort!.on("message", (job: SentJob) => {
  parentPort!.postMessage(answer(job));
});

function answer(job: SentJob): ScanAnswer {
  try {
    const scan = new Scan(receiveJob(job));
    while (scan.step());
    return { best: scan.results() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
