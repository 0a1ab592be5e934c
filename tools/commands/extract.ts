/**
 * `deno task extract`: features of a data set into the cache. Stopped or killed, it goes on from where it
 * was when started again; with `--shard` several processes or machines share the work.
 *
 * Exits with 0 when every image is in the cache or in the ledger (and not all of them in the ledger), 1 when not, 2 when
 * it was called wrongly, 130 when it was stopped.
 *
 * @module
 */
import { join } from "node:path";
import { parseCoverName } from "../../lib/covers/mod.ts";
import {
  type AnnotationFrame,
  type Dataset,
  describeDataset,
  type ImageFolder,
  loadFolder,
} from "../../lib/datasets/mod.ts";
import { type Encoder, loadEncoder, locateEncoder, scopeNotice } from "../../lib/encoders/mod.ts";
import {
  describeLedger,
  extractFeatures,
  type ExtractOptions,
  type FeatureStore,
  type Verify,
} from "../../lib/features/mod.ts";
import type { CutMethod, PixelConfig } from "../../lib/images/mod.ts";
import { CACHE_DIR, checkFolder } from "../../lib/runtime/cache_dir.ts";
import { notice, printable } from "../../lib/runtime/notice.ts";
import { createProgress } from "../../lib/runtime/progress.ts";
import { datasetNamed, describeSource } from "../../lib/runner/named_dataset.ts";
import { openDataset } from "../../lib/runner/open_dataset.ts";
import { type DatasetConfig, isGenerated } from "../../lib/runner/dataset_config.ts";
import {
  ENCODER_OPTIONS,
  encoderUsage,
  oneOf,
  readEncoder,
  readOptions,
  UsageError,
} from "./arguments.ts";
import { runTask } from "./task.ts";

const OPTIONS = {
  dataset: { type: "string" },
  images: { type: "string" },
  split: { type: "string" },
  seed: { type: "string", default: "7" },
  "annotation-frame": { type: "string" },
  bands: { type: "string" },
  stretch: { type: "string" },
  cover: { type: "string", default: "cc@10" },
  ...ENCODER_OPTIONS,
  preprocessing: { type: "string" },
  cache: { type: "string", default: join(CACHE_DIR, "features") },
  method: { type: "string", default: "exact" },
  shard: { type: "string" },
  "max-pixels": { type: "string" },
  verify: { type: "string", default: "checksum" },
  retry: { type: "boolean", default: false },
} as const;

const USAGE = `Usage: deno task extract --dataset NAME [options]
  --dataset NAME                a folder of images, ANNOTATIONS.json, FORMAT:ANNOTATIONS[:IMAGES] with the format coco,
                                voc, yolo, dota, visdrone, xview or solo, clevr-ds[-S|-L|-reduced][-noto][:IMAGES], or
                                retail[-noto][:IMAGES]
                                half: before it searches one half and learns from the other, val2017: those of that folder
  --images FOLDER               of the images that annotations name
  --split train|val             those images, not the ones that are searched
  --seed N                      of generated images, and of those that are drawn to choose by (7)
  --annotation-frame upright|stored  of boxes where EXIF turns an image and no size says it (upright)
  --bands R,G,B                 bands that are red, green and blue, numbered from 1 (the first three)
  --stretch none|percentile     of 16-bit bands: their upper 8 bits, or from the 2nd to the 98th percentile (none)
  --cover COVER                 full, objects, cc@K, grid@N or vc@K:MINSIDE (cc@10)
${encoderUsage()}
  --preprocessing clip|squash   how a patch becomes square: CLIP's centre crop, or squashed
  --cache FOLDER                where features are kept (features/ of DETAILCLIP_CACHE, else of .cache/)
  --method exact|pyramid        how large images are cut (exact)
  --shard I/N                   do part I of N only, I from 0 to N-1; parts may run at the same time
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

function parseSeed(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot read --seed: expected a whole number from 0 on, got ${text}`);
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
    dataset: values.images === undefined ? values.dataset : `${values.dataset}:${values.images}`,
    split: values.split === undefined
      ? undefined
      : oneOf<"train" | "val">("split", values.split, ["train", "val"]),
    seed: parseSeed(values.seed),
    annotationFrame: frame === undefined
      ? undefined
      : oneOf<AnnotationFrame>("annotation-frame", frame, ["upright", "stored"]),
    pixels: {
      bands: bands === undefined ? undefined : parseBands(bands),
      stretch: stretch === undefined
        ? undefined
        : oneOf<"none" | "percentile">("stretch", stretch, ["none", "percentile"]),
    },
    encoder: { id: "tiny-clip", ...readEncoder(values) },
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
 * @returns where the data set is
 * @throws {Error} when one is missing, or both
 */
async function lookFor(
  { dataset, encoder: { id, dtype } }: ReturnType<typeof parseCall>,
): Promise<DatasetConfig | ImageFolder> {
  const [found, located] = await Promise.allSettled([
    Promise.try(() => datasetNamed(dataset)),
    locateEncoder(id, { dtype }),
  ]);
  const looks: PromiseSettledResult<unknown>[] = [found, located];
  const faults = looks.flatMap((look) => look.status === "rejected" ? [look.reason.message] : []);
  if (found.status === "fulfilled" && faults.length === 0) return found.value;
  throw new Error(faults.join("\n"));
}

/** The data set of the call: of a folder all images, of others those that are searched, or another split. */
async function openNamed(call: ReturnType<typeof parseCall>): Promise<Dataset> {
  const { split, seed, annotationFrame, pixels } = call, found = await lookFor(call);
  notice(describeSource(found));
  if (found.source === "folder") {
    if (split !== undefined) {
      throw new UsageError(`Cannot use --split: ${found.root} is a folder of images without parts`);
    }
    if (call.extract.cover.scheme === "objects") {
      throw new UsageError(
        `Cannot use --cover objects: ${found.root} is a folder, without annotations that say where ` +
          "objects are; name annotations, or their format: FORMAT:ANNOTATIONS:IMAGES",
      );
    }
    if (annotationFrame) {
      throw new UsageError(
        `Cannot use --annotation-frame: ${found.root} is a folder, without annotations`,
      );
    }
    return await loadFolder(found.root, pixels);
  }
  const told = Object.entries({ annotationFrame, ...pixels }).filter(([, value]) => value);
  if (isGenerated(found) && told.length > 0) {
    const names = { annotationFrame: "annotation-frame", bands: "bands", stretch: "stretch" };
    const [name] = told.map(([name]) => names[name as keyof typeof names]);
    throw new UsageError(`Cannot use --${name}: the images of ${call.dataset} are generated`);
  }
  const framed = { ...found, ...Object.fromEntries(told) };
  // an image that the annotations list and that is not there belongs in the ledger, too
  return await openDataset(framed, seed, { split, keepMissing: true });
}

/** The lines printed at the end. */
export function summarize(store: FeatureStore, label: string, encoded: number): string {
  const { imageIds, ledger, patches, folder } = store;
  const total = imageIds.length + ledger.length;
  const lines = [
    `${label}: ${total} images in = ${imageIds.length} cached + ${ledger.length} in the ledger`,
    `${patches} patches in ${folder}; ${encoded} images encoded in this run`,
    ...describeLedger(ledger).map((line) => printable(`  not encoded: ${line}`)),
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
  checkFolder(call.extract.cacheDir, "--cache", { complete: true });
  const dataset = await openNamed(call);
  console.error(printable(describeDataset(dataset)));
  const { preprocessing, encoder: { id, ...how } } = call;
  const encoder: Encoder = await loadEncoder(id, { ...how, preprocessing });
  const said = scopeNotice(encoder, dataset);
  if (said) notice(said);
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
    for (const line of notes) notice(line);
    await encoder.dispose();
  }
}

if (import.meta.main) {
  await runTask(USAGE, async () => console.log(await extract(parseCall(Deno.args))));
}
