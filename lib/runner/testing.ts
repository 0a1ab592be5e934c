/**
 * Folders and a configuration for tests of experiments.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeJpeg } from "../images/mod.ts";
import type { DatasetFiles, ExperimentConfig } from "./config.ts";
import { applyDiff, type Diff } from "./diff.ts";

/**
 * Runs a test with a cache and a folder of runs that are gone afterwards.
 *
 * @param test given options for a run
 */
export async function withFolders(
  test: (options: { cacheDir: string; runsDir: string; output: "silent" }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const [cacheDir, runsDir] = [join(directory, "cache"), join(directory, "runs")];
    await test({ cacheDir, runsDir, output: "silent" });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/**
 * A configuration that runs in a second: 40 small images of 51 classes, seen by the random CLIP of the tests.
 *
 * @param diff what a test has otherwise
 */
export function testConfig(diff: Diff<ExperimentConfig>): ExperimentConfig {
  return applyDiff<ExperimentConfig>({
    name: "test",
    scale: "smoke",
    seed: 5,
    dataset: {
      source: "clevr-ds",
      variant: "reduced",
      family: "fluent-3d",
      images: 40,
      split: "test",
      size: 200,
    },
    encoder: {
      id: fileURLToPath(new URL("../encoders/testdata/random-clip/", import.meta.url)),
      dtype: "fp32",
    },
    covers: [{ scheme: "full" }],
    cut: "exact",
    prompts: "single",
    recallAt: [1],
    subsets: [],
    bootstrap: { resamples: 20, confidence: 0.9 },
  }, diff);
}

/** Four images of one colour each in a folder, and annotations of the whole of each. */
export async function ownData(folder: string, classes: string[]): Promise<DatasetFiles> {
  await Deno.mkdir(folder, { recursive: true });
  const images = [0, 1, 2, 3].map((id) => ({ id, file_name: `${id}.jpg`, width: 40, height: 40 }));
  for (const { id, file_name } of images) {
    const data = new Uint8Array(40 * 40 * 3).fill(60 * id + 10);
    const bytes = await encodeJpeg({ width: 40, height: 40, data }, 90);
    await Deno.writeFile(join(folder, file_name), bytes);
  }
  const annotations = join(folder, "own.json");
  const categories = classes.map((name, id) => ({ id, name }));
  const boxes = images.map(({ id }) => ({
    ...{ id, image_id: id, category_id: id % classes.length, bbox: [0, 0, 40, 40] },
  }));
  await Deno.writeTextFile(annotations, JSON.stringify({ images, categories, annotations: boxes }));
  return { annotations, root: folder };
}
