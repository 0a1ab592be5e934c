/**
 * A thread that searches flat indices: started by threads.ts.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { type BestItems, Scan, type ScanJob } from "./scan.ts";

/** What a thread answers when no block is left: what it found, query by query, or why it could not search. */
export type ScanAnswer = { best: BestItems[] } | { error: string };

parentPort!.on("message", (job: ScanJob) => {
  parentPort!.postMessage(answer(job));
});

function answer(job: ScanJob): ScanAnswer {
  try {
    const scan = new Scan(job);
    while (scan.step());
    return { best: scan.results() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
