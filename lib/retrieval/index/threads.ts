/**
 * The threads that search flat indices: started when a search first wants them, shared by all indices, and ended when
 * nobody has asked for a while. They keep no process alive.
 *
 * @module
 */
import { clearTimeout, setTimeout } from "node:timers";
import { Worker } from "node:worker_threads";
import type { BestItems, ScanJob } from "./scan.ts";
import type { Segment } from "./rows.ts";
import { sendJob, type SentJob } from "./wire.ts";
import type { ScanAnswer, ScanRequest } from "./worker.ts";

/** So long after the last search all threads are ended, in ms: until then each keeps the memory of its last index. */
const IDLE = 5000;

/** A thread, with those who wait for its answers, first come first served. */
interface Thread {
  worker: Worker;
  waiting: PromiseWithResolvers<BestItems[]>[];
  /** Numbers of the segments of its last search, whose memories it keeps. */
  known: ReadonlySet<number>;
}

let threads: Thread[] = [];
let idle: ReturnType<typeof setTimeout> | undefined;

/** How many threads there are, idle or not. */
export function searchThreadCount(): number {
  return threads.length;
}

function startThread(): Thread {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  const thread: Thread = { worker, waiting: [], known: new Set() };
  worker.unref();
  worker.on("message", (answer: ScanAnswer) => {
    const { resolve, reject } = thread.waiting.shift()!;
    if (thread.waiting.length === 0) worker.unref();
    if ("error" in answer) {
      thread.known = new Set(); // it may not have kept them
      reject(new Error(`Cannot search: ${answer.error}`));
    } else resolve(answer.best);
  });
  worker.on("error", (error: Error) => {
    threads = threads.filter((other) => other !== thread);
    for (const { reject } of thread.waiting) {
      reject(new Error(`Cannot search: a thread ended: ${error.message}`));
    }
  });
  return thread;
}

function ask(
  thread: Thread,
  job: SentJob,
  segments: readonly Segment[],
): Promise<BestItems[]> {
  const waiting = Promise.withResolvers<BestItems[]>();
  const memories = segments.filter(({ id }) => !thread.known.has(id))
    .map(({ id, memory }) => ({ id, memory }));
  thread.worker.postMessage({ ...job, memories } satisfies ScanRequest);
  thread.known = new Set(segments.map(({ id }) => id));
  thread.waiting.push(waiting);
  thread.worker.ref(); // a process does not end while it waits
  return waiting.promise;
}

/**
 * Lets several threads take part in a search.
 *
 * @param job the search
 * @param count how many threads
 * @returns what each of them found, query by query
 * @throws Error when one of them fails
 */
export async function scanOnThreads(job: ScanJob, count: number): Promise<BestItems[][]> {
  clearTimeout(idle);
  while (threads.length < count) threads.push(startThread());
  const sent = sendJob(job);
  try {
    return await Promise.all(
      threads.slice(0, count).map((thread) => ask(thread, sent, job.segments)),
    );
  } finally {
    clearTimeout(idle);
    idle = setTimeout(endIfIdle, IDLE).unref();
  }
}

function endIfIdle(): void {
  if (threads.every(({ waiting }) => waiting.length === 0)) void endSearchThreads();
}

/**
 * Ends the threads at once; the next search that wants some starts them again. Nothing needs this but who counts
 * threads or memory: idle threads end by themselves, and with the process.
 */
export async function endSearchThreads(): Promise<void> {
  clearTimeout(idle);
  const ending = threads;
  threads = [];
  for (const { waiting } of ending) {
    for (const { reject } of waiting) reject(new Error("Cannot search: the threads were ended"));
  }
  await Promise.all(ending.map(({ worker }) => worker.terminate()));
}
