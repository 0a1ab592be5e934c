/**
 * Folders for tests of experiments.
 *
 * @module
 */
import { join } from "node:path";

/**
 * Runs a test with a cache and a results folder that are gone afterwards.
 *
 * @param test given options for a run
 */
export async function withFolders(
  test: (options: { cacheDir: string; resultsDir: string; output: "silent" }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const [cacheDir, resultsDir] = [join(directory, "cache"), join(directory, "results")];
    await test({ cacheDir, resultsDir, output: "silent" });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
