/**
 * An image tower on several threads, each running one image at a time: how int8 models are run on a CPU.
 *
 * Such a model quantises its activations by the range they have in one run, so that images run together
 * would feel each other. One image a run keeps vectors independent of the batch; one single-threaded
 * session a core makes up for what small runs lose by waiting for each other's threads at every operator.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { Tower } from "./towers.ts";

/** Images for a worker. */
export interface WorkerRequest {
  /** Shared memory whose first `count` images are to be encoded. */
  pixels: Float32Array<SharedArrayBuffer>;
  /** Number of images. */
  count: number;
  /** Shape of one image: 3, S, S. */
  shape: number[];
}

/** What a worker answers. */
export type WorkerAnswer = { vectors: Float32Array<ArrayBuffer> } | { error: string };

/** What a thread runs. */
const PROGRAM = new URL("./tower_worker.ts", import.meta.url);

/** One thread with a session of its own. */
class TowerThread {
  #worker: Worker;
  /** Shared with the thread: memory sent anew for each run would pile up until it is collected. */
  #pixels = new Float32Array(new SharedArrayBuffer(0));
  /** The run that waits for an answer. */
  #waiting: { resolve(answer: WorkerAnswer): void; reject(error: Error): void } | undefined;
  /** Why the thread is no more: a message to it would never be answered. */
  #ended: Error | undefined;

  constructor(path: string, program: URL) {
    this.#worker = new Worker(program, { workerData: { path } });
    this.#worker.on("message", (answer: WorkerAnswer) => {
      this.#waiting?.resolve(answer);
      this.#waiting = undefined;
    });
    this.#worker.on("error", (error: Error) => this.#end(`its thread failed: ${error.message}`));
    this.#worker.on("exit", (code) => this.#end(`its thread ended with status ${code}`));
    this.#worker.unref(); // an idle encoder does not keep the program alive
  }

  #end(reason: string): void {
    this.#ended ??= new Error(`Cannot encode images: ${reason}`);
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
  }

  /** Runs the model on images. Calls must not overlap. */
  async run(images: Float32Array, count: number, shape: number[]): Promise<Float32Array> {
    if (this.#ended) throw this.#ended;
    if (this.#pixels.length < images.length) {
      this.#pixels = new Float32Array(new SharedArrayBuffer(images.byteLength));
    }
    this.#pixels.set(images);
    const request: WorkerRequest = { pixels: this.#pixels, count, shape };
    this.#worker.ref();
    try {
      const answer = await new Promise<WorkerAnswer>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#worker.postMessage(request);
      });
      if ("error" in answer) throw new Error(`Cannot encode images: ${answer.error}`);
      return answer.vectors;
    } finally {
      this.#worker.unref();
    }
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Starts threads for the model at `path`; `program` is what they run. */
export function startWorkerTower(path: string, threads: number, program: URL = PROGRAM): Tower {
  const workers = Array.from({ length: threads }, () => new TowerThread(path, program));
  return {
    async run(inputs, [count, ...shape]) {
      const area = shape.reduce((product, side) => product * side);
      const share = Math.ceil(count / threads);
      // All are waited for, also after one failed: the next run must not overlap with this one.
      const results = await Promise.allSettled(workers.map((worker, i) => {
        const own = Math.max(0, Math.min(share, count - i * share));
        const images = (inputs as Float32Array).subarray(
          i * share * area,
          (i * share + own) * area,
        );
        return own > 0 ? worker.run(images, own, shape) : new Float32Array(0);
      }));
      const parts = results.map((result) => {
        if (result.status === "rejected") throw result.reason;
        return result.value;
      });
      const vectors = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
      let offset = 0;
      for (const part of parts) {
        vectors.set(part, offset);
        offset += part.length;
      }
      return vectors;
    },
    dispose: () => Promise.all(workers.map((worker) => worker.stop())),
  };
}
