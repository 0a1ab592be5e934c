/**
 * The process that `kill_test.ts` kills: extracts features of a folder's images and says on standard
 * output, a JSON line each, what it has encoded and what it has written.
 *
 *     deno run -A tools/kill_test/child.ts IMAGES CACHE COVER ENCODER BATCH
 */
import { parseCoverName } from "../../lib/covers/mod.ts";
import { loadFolder } from "../../lib/datasets/mod.ts";
import { loadEncoder } from "../../lib/encoders/mod.ts";
import { digestFeatures, extractFeatures } from "../../lib/features/mod.ts";

const [folder, cacheDir, cover, encoderId, batch] = Deno.args;
const encode = new TextEncoder();
/** Written at once: what a kill cuts off was not said. */
const say = (line: unknown) =>
  void Deno.stdout.writeSync(encode.encode(JSON.stringify(line) + "\n"));

const encoder = await loadEncoder(encoderId, { threads: 1 });
say({ type: "started" });
const store = await extractFeatures({
  dataset: await loadFolder(folder),
  cover: parseCoverName(cover),
  encoder,
  cacheDir,
  batch: { images: Number(batch) },
  onEvent: say,
});
const { imageIds, ledger } = store;
const digest = await digestFeatures(store);
say({ type: "finished", digest, images: imageIds.length, ledger: ledger.map((e) => e.image) });
await encoder.dispose();
