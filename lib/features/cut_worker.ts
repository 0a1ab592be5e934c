/**
 * A thread that cuts images: it is told a job and its number, and answers with the patches or with why there are none.
 *
 * @module
 */
import { type CutImage, cutImage, type CutJob } from "./cut_image.ts";
import { type PackedError, packError } from "./thread_error.ts";

/** What the thread is asked. */
export interface CutRequest {
  index: number;
  job: CutJob;
}

/** What it answers. */
export type CutAnswer = { index: number } & ({ cut: CutImage } | { error: PackedError });

interface Thread {
  onmessage: (event: MessageEvent<CutRequest>) => void;
  postMessage(answer: CutAnswer, transfer?: Transferable[]): void;
}

const thread = self as unknown as Thread;

thread.onmessage = async ({ data: { index, job } }) => {
  try {
    const cut = await cutImage(job);
    thread.postMessage({ index, cut }, [cut.patches.data.buffer as ArrayBuffer]);
  } catch (error) {
    thread.postMessage({ index, error: packError(error) });
  }
};
