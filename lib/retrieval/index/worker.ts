/**
 * A thread that searches flat indices: started by threads.ts.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { type BestItems, Scan } from "./scan.ts";
import { receiveJob, type SentJob, type SentMemory } from "./wire.ts";

/** What a thread is asked: a search, with the memories of those segments that its last one did not have. */
export type ScanRequest = SentJob & { memories: readonly SentMemory[] };

/** What a thread answers when no block is left: what it found, query by query, or why it could not search. */
export type ScanAnswer = { best: BestItems[] } | { error: string };

/** Memories of the last search, by the numbers of their segments. */
let memories = new Map<number, WebAssembly.Memory>();

parentPort!.on("message", (request: ScanRequest) => {
  parentPort!.postMessage(answer(request));
});

function answer(request: ScanRequest): ScanAnswer {
  try {
    for (const { id, memory } of request.memories) memories.set(id, memory);
    const job = receiveJob(request, memories);
    memories = new Map(job.segments.map(({ id, memory }) => [id, memory]));
    const scan = new Scan(job);
    while (scan.step());
    return { best: scan.results() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
