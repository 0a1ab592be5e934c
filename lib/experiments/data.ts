/**
 * From a data set's configuration to the data set: read, or generated once and kept.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Dataset, firstImages, generateClevrDs, loadCoco } from "../datasets/mod.ts";
import { createProgress, type Progress, type ProgressOutput } from "../progress.ts";
import type { DatasetConfig } from "./config.ts";

/** The workspace's own folder for generated data sets and features; git ignores it. */
export const CACHE_DIR: string = fileURLToPath(new URL("../../.cache/", import.meta.url));

/** Options of {@linkcode openDataset}. */
export interface OpenDatasetOptions {
  /** Stops the generation; the images drawn so far stay and are used by the next run. */
  signal?: AbortSignal;
  /** Where generated data sets are kept. */
  cacheDir?: string;
  /** Where progress shows. */
  output?: ProgressOutput;
  /** In a notebook: the display that the stages of a run share. */
  displayId?: string;
}

/**
 * Opens the data set of a configuration. A CLEVR-DS set is generated at the first call, only the split
 * that is searched, and found on disk afterwards.
 *
 * @param config which data set
 * @param seed seed of a generated one
 * @throws {Error} when annotations cannot be read
 */
export async function openDataset(
  config: DatasetConfig,
  seed: number,
  { signal, cacheDir = CACHE_DIR, output, displayId }: OpenDatasetOptions = {},
): Promise<Dataset> {
  if (config.source === "coco") {
    const dataset = await loadCoco(config.annotations, config.root, { signal });
    return config.limit === undefined ? dataset : firstImages(dataset, config.limit);
  }
  const { variant, family, images, split, size } = config;
  const name = `clevr-ds-${variant}-${family}-${size}px-${images}-seed${seed}`;
  const directory = join(cacheDir, "datasets", name);
  let progress: Progress | undefined;
  try {
    const { annotations, images: root } = await generateClevrDs(directory, {
      seed,
      images,
      variant,
      family,
      size,
      splits: [split],
      signal,
      onProgress: (done, total) => {
        progress ??= createProgress({ label: `Draw ${name}`, total, output, displayId });
        progress.update(done);
      },
    });
    return await loadCoco(annotations[split], root, { name: `${name}-${split}`, signal });
  } finally {
    await progress?.finish();
  }
}
