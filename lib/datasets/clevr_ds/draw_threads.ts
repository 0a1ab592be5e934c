/**
 * Several threads that draw images of one data set: a scene is composed by one thread from beginning to end.
 *
 * @module
 */
import type { Recipe } from "./annotations.ts";
import { type DrawImage, type DrawnImage, loadDrawing } from "./draw.ts";
import type { DrawAnswer } from "./draw_worker.ts";

/** Images for which a thread of its own pays: it takes as long as some twenty to start. */
const IMAGES_PER_THREAD = 60;
const MOST_THREADS = 16;

/** Drawing, and the end of its threads. */
export interface Drawing extends Disposable {
  /** Draws an image. */
  draw: DrawImage;
}

/** A thread with the images that it has been asked for, by number. */
interface Artist {
  worker: Worker;
  asked: Map<number, PromiseWithResolvers<DrawnImage>>;
}

function startArtist(): Artist {
  const worker = new Worker(new URL("./draw_worker.ts", import.meta.url), { type: "module" });
  const asked: Artist["asked"] = new Map();
  worker.onmessage = ({ data }: MessageEvent<DrawAnswer>) => {
    const waiting = asked.get(data.index)!;
    asked.delete(data.index);
    if ("error" in data) waiting.reject(new Error(data.error));
    else waiting.resolve(data);
  };
  worker.onerror = (event) => {
    event.preventDefault(); // it is told here, and does not end the process
    for (const waiting of asked.values()) {
      waiting.reject(new Error(`Cannot draw: ${event.message}`));
    }
  };
  return { worker, asked };
}

/**
 * How many threads are worth their start.
 *
 * @param images how many images there are to draw
 */
export function drawingThreads(images: number): number {
  const worthIt = Math.floor(images / IMAGES_PER_THREAD);
  return Math.max(1, Math.min(navigator.hardwareConcurrency, MOST_THREADS, worthIt));
}

/**
 * Makes ready to draw images.
 *
 * @param recipe what decides the images
 * @param threads how many threads draw; with 1 it is the caller's own
 * @returns the drawing, to be disposed of
 * @throws {Error} when the family does not draw one of the objects; with more threads than one `draw` throws it
 */
export async function startDrawing(recipe: Recipe, threads: number): Promise<Drawing> {
  if (threads === 1) return { draw: await loadDrawing(recipe), [Symbol.dispose]() {} };
  const artists = Array.from({ length: threads }, startArtist);
  return {
    draw: (index) => {
      const idle = artists.reduce((a, b) => b.asked.size < a.asked.size ? b : a);
      const waiting = Promise.withResolvers<DrawnImage>();
      idle.asked.set(index, waiting);
      idle.worker.postMessage({ recipe, index });
      return waiting.promise;
    },
    [Symbol.dispose]: () => artists.forEach(({ worker }) => worker.terminate()),
  };
}
