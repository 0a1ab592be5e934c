/**
 * How the two ways of cutting patches compare on a folder of photographs.
 *
 *     deno run -A bench/cut.ts PHOTO_DIR [--k 10] [--size 64] [--mode squash] [--limit 128] [--encoder tiny-clip]
 *
 * Prints the time of both, the mean absolute difference of their pixels and, with an encoder (which
 * brings its own size and mode), the cosine between the features of the same patch cut both ways.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { completeCover, type Cover, cutPatches, decodeImage } from "detailclip";
import { ImageError } from "detailclip/images";
import type { PatchBatch, Preprocessing } from "detailclip/images";

/** The part of the library's encoder that this measurement uses. */
interface ImageEncoder {
  dim: number;
  preprocessing: Preprocessing;
  encodeImages(patches: PatchBatch): Promise<Float32Array>; // (P, D), unit rows
  dispose(): Promise<void>;
}

const { values: options, positionals: [directory] } = parseArgs({
  options: {
    k: { type: "string", default: "10" },
    size: { type: "string", default: "64" },
    mode: { type: "string", default: "squash" },
    limit: { type: "string", default: "128" },
    encoder: { type: "string" },
  },
  allowPositionals: true,
});
if (!directory) {
  console.error("Cannot measure: name a folder of photographs");
  Deno.exit(2);
}
const encoder = options.encoder ? await loadEncoder(options.encoder) : undefined;
const preprocessing: Preprocessing = encoder?.preprocessing ?? {
  mode: options.mode === "clip" ? "clip" : "squash",
  size: Number(options.size),
};
const total = { images: 0, patches: 0, decode: 0, exact: 0, pyramid: 0, pixels: 0, cosines: 0 };
let least = 1;

const names = [...Deno.readDirSync(directory)].filter((entry) => entry.isFile)
  .map((entry) => entry.name).sort();
for (const name of names.slice(0, Number(options.limit))) {
  let start = performance.now();
  const image = await decodeImage(`${directory}/${name}`).catch((error) => {
    if (error instanceof ImageError) return console.error(error.message);
    throw error;
  });
  if (!image) continue;
  total.decode += performance.now() - start;
  const cover = completeCover(image.width, image.height, Number(options.k));
  // The two take turns at going first, so that neither always finds warm memory.
  const methods = total.images % 2 ? ["exact", "pyramid"] as const : ["pyramid", "exact"] as const;
  const cut: Record<string, PatchBatch> = {};
  for (const method of methods) {
    start = performance.now();
    cut[method] = await cutPatches(image, cover, preprocessing, { method });
    total[method] += performance.now() - start;
  }
  await compare(cut.exact, cut.pyramid, cover);
  total.images++;
}
await encoder?.dispose();
report();

/** The encoder by name; imported late, because loading the runtime takes longer than the rest. */
async function loadEncoder(id: string): Promise<ImageEncoder> {
  const library: Record<string, unknown> = await import("detailclip");
  const load = library.loadEncoder as ((id: string) => Promise<ImageEncoder>) | undefined;
  if (!load) throw new Error(`Cannot load encoder ${id}: this build has no encoders`);
  return await load(id);
}

/** Adds up the differences of one image. */
async function compare(exact: PatchBatch, pyramid: PatchBatch, cover: Cover): Promise<void> {
  let sum = 0;
  for (let i = 0; i < exact.data.length; i++) sum += Math.abs(exact.data[i] - pyramid.data[i]);
  total.pixels += sum / exact.data.length * exact.count;
  total.patches += cover.levels.flat().length;
  if (!encoder) return;
  const a = await encoder.encodeImages(exact), b = await encoder.encodeImages(pyramid);
  for (let p = 0; p < exact.count; p++) {
    let cosine = 0;
    for (let d = p * encoder.dim; d < (p + 1) * encoder.dim; d++) cosine += a[d] * b[d];
    total.cosines += cosine;
    least = Math.min(least, cosine);
  }
}

function report(): void {
  const { images, patches, decode, exact, pyramid, pixels, cosines } = total;
  const each = (ms: number) => `${(ms / images).toFixed(1)} ms an image`;
  console.log(`${images} images, ${patches} patches, cc@${options.k},`, preprocessing);
  console.log(`decode   ${each(decode)}`);
  console.log(`exact    ${each(exact)}`);
  console.log(`pyramid  ${each(pyramid)}  exact / pyramid = ${(exact / pyramid).toFixed(2)}`);
  console.log(`pixels   mean absolute difference ${(pixels / patches).toFixed(3)} of 255`);
  if (!encoder) return;
  console.log(`cosine   mean ${(cosines / patches).toFixed(4)}, least ${least.toFixed(4)}`);
}
