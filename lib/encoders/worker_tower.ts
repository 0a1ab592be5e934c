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

/** One thread with a session of its own. */
class TowerThread {
  #worker: Worker;
  /** Shared with the thread: memory sent anew for each run would pile up until it is collected. */
  #pixels = new Float32Array(new SharedArrayBuffer(0));

  constructor(path: string) {
    this.#worker = new Worker(new URL("./tower_worker.ts", import.meta.url), {
      workerData: { path },
    });
    this.#worker.unref(); // an idle encoder does not keep the program alive
  }

  /** Runs the model on images. Calls must not overlap. */
  async run(images: Float32Array, count: number, shape: number[]): Promise<Float32Array> {
    if (this.#pixels.length < images.length) {
      this.#pixels = new Float32Array(new SharedArrayBuffer(images.byteLength));
    }
    this.#pixels.set(images);
    const request: WorkerRequest = { pixels: this.#pixels, count, shape };
    this.#worker.ref();
    try {
      const answer = await new Promise<WorkerAnswer>((resolve, reject) => {
        this.#worker.removeAllListeners();
        this.#worker.once("message", resolve);
        this.#worker.once("error", reject);
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

/** Starts threads for the model at `path`. */
export function startWorkerTower(path: string, threads: number): Tower {
  const workers = Array.from({ length: threads }, () => new TowerThread(path));
  return {
    async run(inputs, [count, ...shape]) {
      const area = shape.reduce((product, side) => product * side);
      const share = Math.ceil(count / threads);
      const parts = await Promise.all(workers.map((worker, i) => {
        const own = Math.max(0, Math.min(share, count - i * share));
        const images = (inputs as Float32Array).subarray(
          i * share * area,
          (i * share + own) * area,
        );
        return own > 0 ? worker.run(images, own, shape) : new Float32Array(0);
      }));
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
