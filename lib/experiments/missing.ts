/**
 * What a configuration needs and this machine lacks: said in a table, not thrown.
 *
 * @module
 */
import { locateEncoder } from "../encoders/mod.ts";
import type { ExperimentConfig } from "./config.ts";

/** Whether there is anything at a path. */
async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Looks for the encoder and the data set of a configuration without loading them.
 *
 * @param config what is to be run
 * @returns what is missing, in words, or `undefined` where all is there
 */
export async function missingPart(
  { encoder, dataset }: ExperimentConfig,
): Promise<string | undefined> {
  if (dataset.source === "coco") {
    const files = [dataset, dataset.train, dataset.val].filter((files) => files !== undefined);
    for (const path of files.flatMap(({ annotations, root }) => [annotations, root])) {
      if (!await exists(path)) return `there is no ${path}`;
    }
  }
  try {
    await locateEncoder(encoder.id, { dtype: encoder.dtype });
  } catch (error) {
    return (error as Error).message;
  }
}
