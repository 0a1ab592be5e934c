/**
 * A thread that draws: it is told a recipe and a number, and answers with the image or with why there is none.
 *
 * @module
 */
import type { Recipe } from "./annotations.ts";
import { type DrawImage, type DrawnImage, loadDrawing } from "./draw.ts";

/** What the thread is asked. */
export interface DrawRequest {
  /** The same in every request. */
  recipe: Recipe;
  /** Number of the image. */
  index: number;
}

/** What it answers. */
export type DrawAnswer = { index: number } & (DrawnImage | { error: string });

interface Thread {
  onmessage: (event: MessageEvent<DrawRequest>) => void;
  postMessage(answer: DrawAnswer): void;
}

const thread = self as unknown as Thread;
let drawing: Promise<DrawImage> | undefined;

thread.onmessage = async ({ data: { recipe, index } }) => {
  try {
    drawing ??= loadDrawing(recipe);
    thread.postMessage({ index, ...await (await drawing)(index) });
  } catch (error) {
    thread.postMessage({ index, error: error instanceof Error ? error.message : String(error) });
  }
};
