/**
 * Folders and a configuration for tests of experiments.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExperimentConfig } from "./config.ts";
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
