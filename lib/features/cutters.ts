/**
 * The threads that decode and cut the images of one extraction, ahead of the encoder. They are started when there is so
 * much to cut that one is worth it; the first images are cut by the caller's own.
 *
 * @module
 */
import { type CutImage, cutImage, type CutJob } from "./cut_image.ts";
import type { CutAnswer, CutRequest } from "./cut_worker.ts";
import { unpackError } from "./thread_error.ts";

/** Pixels of patches after which one more thread pays: it takes as long to start as these to be cut. */
const PIXELS_PER_THREAD = 16e6;
const MOST_THREADS = 16;

/** A thread that ended by itself, such as for want of memory: no image is to blame, and those that it had are lost. */
export class CutterError extends Error {
  /** The name by which it is told from other errors. */
  override name = "CutterError";
}

/** A thread with the images that it has been asked for, by number. */
interface Cutter {
  worker: Worker;
  asked: Map<number, PromiseWithResolvers<CutImage>>;
  /** Why it answers no more. */
  ended?: CutterError;
}

/** How many threads cut at most, unless told. */
export function cuttingThreads(): number {
  return Math.min(navigator.hardwareConcurrency, MOST_THREADS);
}

function startCutter(): Cutter {
  const worker = new Worker(new URL("./cut_worker.ts", import.meta.url), { type: "module" });
  const asked: Cutter["asked"] = new Map(), cutter: Cutter = { worker, asked };
  worker.onmessage = ({ data }: MessageEvent<CutAnswer>) => {
    const waiting = asked.get(data.index);
    asked.delete(data.index);
    if ("error" in data) waiting?.reject(unpackError(data.error));
    else waiting?.resolve(data.cut);
  };
  worker.onerror = (event) => {
    event.preventDefault(); // it is told here, and does not end the process
    const said = `Cannot cut images: a thread ended: ${event.message}`;
    refuse(cutter, cutter.ended = new CutterError(said));
  };
  return cutter;
}

/** Lets all that a thread was asked for fail. */
function refuse({ asked }: Cutter, reason: unknown): void {
  for (const waiting of asked.values()) waiting.reject(reason);
  asked.clear();
}

/** Cuts images on threads of its own; to be disposed of. */
export class Cutters implements Disposable {
  readonly #most: number;
  readonly #signal: AbortSignal;
  #cutters: Cutter[] = [];
  #count = 0;
  #pixels = 0;

  /**
   * @param most threads; with 0 the caller's own cuts
   * @param signal ends all work with its reason, and the threads
   */
  constructor(most: number, signal: AbortSignal) {
    this.#most = most;
    this.#signal = signal;
    signal.addEventListener("abort", this.#stop);
  }

  /** How many threads there are. */
  get threads(): number {
    return this.#cutters.length;
  }

  /**
   * Cuts an image; bytes that it is given are gone afterwards.
   *
   * @throws {CutterError} from when on a thread ended by itself
   */
  cut(job: CutJob): Promise<CutImage> {
    this.#signal.throwIfAborted();
    const worthIt = Math.min(this.#most, Math.floor(this.#pixels / PIXELS_PER_THREAD));
    while (this.#cutters.length < worthIt) this.#cutters.push(startCutter());
    const cutting = worthIt === 0 ? cutImage(job, this.#signal) : this.#ask(job);
    return cutting.then((cut) => {
      this.#pixels += cut.patches.count * cut.patches.size ** 2;
      return cut;
    });
  }

  /** Gives a job to the thread that has the fewest. */
  #ask(job: CutJob): Promise<CutImage> {
    const index = this.#count++;
    const idle = this.#cutters.reduce((a, b) => b.asked.size < a.asked.size ? b : a);
    const ended = this.#cutters.find(({ ended }) => ended)?.ended;
    if (ended) return Promise.reject(ended); // it would never answer
    const waiting = Promise.withResolvers<CutImage>();
    idle.asked.set(index, waiting);
    const request: CutRequest = { index, job };
    idle.worker.postMessage(request, buffersOf(job));
    return waiting.promise;
  }

  readonly #stop = () => this.#end(this.#signal.reason);

  #end(reason: unknown): void {
    for (const cutter of this.#cutters) {
      cutter.worker.terminate();
      refuse(cutter, reason);
    }
    this.#cutters = [];
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#stop);
    this.#end(new Error("Cannot cut images: the threads were ended"));
  }
}

/** What is handed over rather than copied: a file's bytes. The pixels of a tile may be its scene's own. */
function buffersOf({ source }: CutJob): ArrayBuffer[] {
  if (!(source instanceof Uint8Array)) return [];
  const { buffer, byteLength } = source;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
