/**
 * `deno task extract`: features of a data set into the cache. Stopped or killed, it goes on from where it
 * was when started again; with `--shard` several processes or machines share the work.
 *
 * Exits with 0 when every image is in the cache or in the ledger (and not all of them in the ledger), 1 when not, 2 when
 * it was called wrongly, 130 when it was stopped.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { parseCoverName } from "../../lib/covers/mod.ts";
import {
  type AnnotationFrame,
  type Dataset,
  describeDataset,
  describeFrames,
  loadCoco,
  loadFolder,
} from "../../lib/datasets/mod.ts";
import {
  type Encoder,
  type EncoderDtype,
  loadEncoder,
  locateEncoder,
  scopeNotice,
} from "../../lib/encoders/mod.ts";
import {
  extractFeatures,
  type ExtractOptions,
  type FeatureStore,
  type Verify,
} from "../../lib/features/mod.ts";
import type { CutMethod, PixelConfig } from "../../lib/images/mod.ts";
import { CACHE_DIR, checkFolder } from "../../lib/runtime/cache_dir.ts";
import { notice } from "../../lib/runtime/notice.ts";
import { createProgress } from "../../lib/runtime/progress.ts";
import { oneOf, readOptions, UsageError } from "./arguments.ts";
import { runTask } from "./task.ts";

const OPTIONS = {
  dataset: { type: "string" },
  images: { type: "string" },
  "annotation-frame": { type: "string" },
  bands: { type: "string" },
  stretch: { type: "string" },
  cover: { type: "string", default: "cc@10" },
  encoder: { type: "string", default: "tiny-clip" },
  dtype: { type: "string", default: "fp32" },
  preprocessing: { type: "string" },
  cache: { type: "string", default: join(CACHE_DIR, "features") },
  method: { type: "string", default: "exact" },
  shard: { type: "string" },
  "max-pixels": { type: "string" },
  verify: { type: "string", default: "checksum" },
  retry: { type: "boolean", default: false },
} as const;

const USAGE = `Usage: deno task extract --dataset FOLDER|ANNOTATIONS.json [options]
  --images FOLDER               of the images that COCO-format annotations name
  --annotation-frame upright|stored  of boxes where EXIF turns an image and no size says it (upright)
  --bands R,G,B                 bands that are red, green and blue, numbered from 1 (the first three)
  --stretch none|percentile     of 16-bit bands: their upper 8 bits, or from the 2nd to the 98th percentile (none)
  --cover COVER                 full, objects, cc@K, grid@N or vc@K:MINSIDE (cc@10)
  --encoder ID                  tiny-clip, a folder in the hub's layout, or a hub id (tiny-clip)
  --dtype DTYPE                 of the encoder's weights: fp32, fp16, q8, … (fp32)
  --preprocessing clip|squash   how a patch becomes square: CLIP's centre crop, or squashed
  --cache FOLDER                where features are kept (features/ of DETAILCLIP_CACHE, else of .cache/)
  --method exact|pyramid        how large images are cut (exact)
  --shard I/N                   do part I of N only; parts may run at the same time
  --max-pixels N                larger images are refused
  --verify checksum|size        how shards on disk are checked (checksum)
  --retry                       try again what stands in the ledger`;

/** Reads `index/count`. */
export function parseShard(text: string): { index: number; count: number } {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (count === undefined || Number(index) >= Number(count)) {
    throw new UsageError(`Cannot read --shard: expected i/n with 0 <= i < n, got ${text}`);
  }
  return { index: Number(index), count: Number(count) };
}

function parseCount(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`Cannot read --${option}: expected a positive integer, got ${text}`);
}

/** Reads `red,green,blue`. */
function parseBands(text: string): PixelConfig["bands"] {
  const bands = text.split(",").map((band) => parseCount("bands", band.trim()));
  const [red, green, blue] = bands;
  if (bands.length === 3) return [red, green, blue];
  throw new UsageError(`Cannot read --bands: expected three numbers such as 4,3,2, got ${text}`);
}

/** What the command line asks for, before anything is loaded. */
function parseCall(args: string[]) {
  const { values } = readOptions({ args, options: OPTIONS });
  if (!values.dataset) throw new UsageError("Cannot extract features: --dataset is missing");
  const { preprocessing, shard, bands, stretch, "annotation-frame": frame } = values;
  const maxPixels = values["max-pixels"];
  let cover;
  try {
    cover = parseCoverName(values.cover);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return {
    dataset: values.dataset,
    images: values.images,
    annotationFrame: frame === undefined
      ? undefined
      : oneOf<AnnotationFrame>("annotation-frame", frame, ["upright", "stored"]),
    pixels: {
      bands: bands === undefined ? undefined : parseBands(bands),
      stretch: stretch === undefined
        ? undefined
        : oneOf<"none" | "percentile">("stretch", stretch, ["none", "percentile"]),
    },
    encoder: values.encoder,
    dtype: oneOf<EncoderDtype>("dtype", values.dtype, ["fp32", "fp16", "q8"]),
    preprocessing: preprocessing === undefined
      ? undefined
      : oneOf<"clip" | "squash">("preprocessing", preprocessing, ["clip", "squash"]),
    extract: {
      cover,
      cacheDir: values.cache,
      method: oneOf<CutMethod>("method", values.method, ["exact", "pyramid"]),
      shard: shard === undefined ? undefined : parseShard(shard),
      maxPixels: maxPixels === undefined ? undefined : parseCount("max-pixels", maxPixels),
      verify: oneOf<Verify>("verify", values.verify, ["checksum", "size"]),
      retry: values.retry,
    } satisfies Partial<ExtractOptions>,
  };
}

/**
 * Looks for the data set and the encoder before either is opened.
 *
 * @returns whether the data set is a folder
 * @throws {Error} when one is missing, or both
 */
async function lookFor(
  { dataset, encoder, dtype }: ReturnType<typeof parseCall>,
): Promise<boolean> {
  const looks = await Promise.allSettled([
    Deno.stat(dataset).catch((error) => {
      throw new Error(`Cannot load data set ${dataset}: ${error.message}`);
    }),
    locateEncoder(encoder, { dtype }),
  ]);
  const faults = looks.flatMap((look) => look.status === "rejected" ? [look.reason.message] : []);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return looks[0].status === "fulfilled" && looks[0].value.isDirectory;
}

/** A data set of COCO annotations, or of the images in a folder. */
async function loadDataset(call: ReturnType<typeof parseCall>): Promise<Dataset> {
  const { dataset: path, images, annotationFrame, pixels } = call;
  if (!await lookFor(call)) {
    // an image that the annotations list and that is not there belongs in the ledger, too
    return await loadCoco(path, images ?? dirname(path), {
      ...{ keepMissing: true, annotationFrame },
      ...pixels,
    });
  }
  if (call.extract.cover.scheme === "objects") {
    throw new UsageError(
      `Cannot use --cover objects: ${path} is a folder, without annotations that say where objects ` +
        `are; give a file of COCO annotations, and the folder as --images`,
    );
  }
  if (annotationFrame) {
    throw new UsageError(`Cannot use --annotation-frame: ${path} is a folder, without annotations`);
  }
  return await loadFolder(path, pixels);
}

/** File names come from anywhere: what would move a terminal's cursor is written out. */
function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** The lines printed at the end. */
export function summarize(store: FeatureStore, label: string, encoded: number): string {
  const { imageIds, ledger, patches, folder } = store;
  const total = imageIds.length + ledger.length;
  const lines = [
    `${label}: ${total} images in = ${imageIds.length} cached + ${ledger.length} in the ledger`,
    `${patches} patches in ${folder}; ${encoded} images encoded in this run`,
    ...ledger.map(({ image, detail }) => printable(`  not encoded: ${image}: ${detail}`)),
  ];
  return lines.join("\n");
}

/** What is thrown where there is nothing to work with. */
function nothingEncoded(summary: string, label: string, ledger: FeatureStore["ledger"]): Error {
  const why = ledger.length === 0
    ? "it lists no image"
    : `none of its ${ledger.length} images can be read; the first reason: ${ledger[0].detail}`;
  return new Error(`${summary}\nCannot extract features of ${label}: ${printable(why)}`);
}

/** Extracts while showing progress. */
async function extract(call: ReturnType<typeof parseCall>): Promise<string> {
  checkFolder(call.extract.cacheDir, "--cache");
  const dataset = await loadDataset(call);
  console.error(printable(describeDataset(dataset)));
  const frames = describeFrames(dataset);
  if (frames) notice(printable(frames));
  const { dtype, preprocessing } = call;
  const encoder: Encoder = await loadEncoder(call.encoder, { dtype, preprocessing });
  const said = scopeNotice(encoder, dataset);
  if (said) notice(printable(said));
  const { shard } = call.extract;
  const total = shard
    ? Math.ceil((dataset.images.length - shard.index) / shard.count)
    : dataset.images.length;
  const label = `${dataset.name}${shard ? ` ${shard.index}/${shard.count}` : ""}`;
  const progress = createProgress({ label, total });
  let encoded = 0;
  const notes: string[] = []; // after the progress line
  try {
    const store = await extractFeatures({
      ...call.extract,
      onNote: (line) => notes.push(line),
      dataset,
      encoder,
      onProgress(now) {
        encoded = now.encoded;
        const failed = now.failed > 0 ? `${now.failed} failed` : undefined;
        progress.update(now.done, failed, now.done - encoded);
      },
    });
    const summary = summarize(store, label, encoded);
    // a shard alone may well have the broken ones
    if (store.imageIds.length === 0 && !shard) throw nothingEncoded(summary, label, store.ledger);
    return summary;
  } finally {
    await progress.finish();
    for (const line of notes) notice(printable(line));
    await encoder.dispose();
  }
}

if (import.meta.main) {
  await runTask(USAGE, async () => console.log(await extract(parseCall(Deno.args))));
}
