/**
 * From a data set's configuration to the data set: read, or generated once and kept.
 *
 * @module
 */
import { join } from "node:path";
import { CACHE_DIR } from "../runtime/cache_dir.ts";
import {
  type Dataset,
  describeDataset,
  describeFrames,
  type Draw,
  drawImages,
  DRAWN_SHARE,
  firstImages,
  generateClevrDs,
  type GenerateOptions,
  generateRetail,
  loadCoco,
  type LoadCocoOptions,
  loadDataset,
  type SplitName,
} from "../datasets/mod.ts";
import { notice } from "../runtime/notice.ts";
import { createProgress, type Progress, type ProgressOutput } from "../runtime/progress.ts";
import { checkSettings } from "../runtime/settings.ts";
import {
  type ClevrDsConfig,
  DATASET_SCHEMA,
  type DatasetConfig,
  type DatasetFiles,
  type FilesConfig,
  filesName,
  type GeneratedConfig,
  isGenerated,
  type RetailConfig,
} from "./dataset_config.ts";

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
  /** Another split than the one that is searched. */
  split?: "train" | "val";
  /** Keep images whose file does not exist, so that they appear in a ledger; default false. */
  keepMissing?: boolean;
}

/** The files of a split of a data set that exists. */
function filesOfSplit(config: FilesConfig, split?: "train" | "val"): DatasetFiles {
  const { annotationFrame, bands, stretch } = config;
  const files = split === undefined ? config : config[split];
  if (files) return { annotationFrame, bands, stretch, ...files }; // what a split does not say for itself
  throw new Error(
    `Cannot open the ${split} split: the data set ${config.annotations} comes without one; name ` +
      `its annotations and images as dataset.${split}`,
  );
}

/** The draw, or a share of a list that has no more images than are to be drawn: a small copy of COCO, say. */
function fittingDraw(draw: Draw, { name, images }: Dataset, output?: ProgressOutput): Draw {
  if (draw.size < Math.max(1, images.length)) return draw;
  const instead = `one in ${1 / DRAWN_SHARE} is`;
  notice(
    `${name}: of its ${images.length} images ${draw.size} cannot be drawn; ${instead}`,
    output,
  );
  return { ...draw, size: DRAWN_SHARE };
}

/** Reads a split of a data set that exists: of the images of its part those that are drawn, and of these the first. */
async function openFiles(
  config: FilesConfig,
  seed: number,
  { split, signal, keepMissing, output, displayId }: OpenDatasetOptions,
): Promise<Dataset> {
  const { annotations, root, part, draw, limit, ...how } = filesOfSplit(config, split);
  const { annotationFrame, bands, stretch } = how;
  const name = [filesName(annotations), ...(part ? [part] : [])].join("-");
  const place = { source: config.source, annotations, root, ...(part && { part }) };
  const pixels = { annotationFrame, bands, stretch };
  const options = { name, ...pixels, signal, keepMissing, output, displayId };
  const whole = await loadDataset(place, options);
  if (config.source === "coco" && part !== undefined) {
    const { images: { length }, report: { listed } } = whole;
    notice(`${name}: ${length} of the ${listed} images that are listed lie in ${part}`, output);
  }
  const said = [describeDataset(whole), describeFrames(whole)];
  for (const line of said) if (line?.includes("; ")) notice(line, output); // something was left out or changed
  const dataset = draw === undefined
    ? whole
    : drawImages(whole, fittingDraw(draw, whole, output), seed);
  return limit === undefined ? dataset : firstImages(dataset, limit);
}

/**
 * Opens the data set of a configuration. A generated one is drawn at the first call, only the split
 * that is searched, and found on disk afterwards.
 *
 * @param config which data set
 * @param seed seed of a generated one, and of images that are drawn
 * @throws {RangeError} when the configuration says what it cannot
 * @throws {Error} when annotations cannot be read, or there is no such split
 */
export async function openDataset(
  config: DatasetConfig,
  seed: number,
  { signal, cacheDir = CACHE_DIR, output, displayId, split: other, keepMissing }:
    OpenDatasetOptions = {},
): Promise<Dataset> {
  checkSettings(DATASET_SCHEMA, config, "Cannot open data set");
  if (!isGenerated(config)) {
    const options = { split: other, signal, keepMissing, output, displayId };
    return await openFiles(config, seed, options);
  }
  const split = other ?? config.split, name = nameOf(config, seed);
  const directory = join(cacheDir, "datasets", name);
  const label = config.source === "retail" ? "retail scenes" : `CLEVR-DS ${config.variant}`;
  let progress: Progress | undefined;
  const drawing: Drawing = {
    ...{ seed, splits: [split], signal },
    onProgress: (done, total, drawn) => {
      progress ??= createProgress({ label: `Draw ${label}, ${split}`, total, output, displayId });
      progress.update(done, undefined, done - drawn);
    },
  };
  try {
    const read = { name: `${name}-${split}`, signal };
    const dataset = config.source === "retail"
      ? await openRetail(config, directory, split, drawing, read)
      : await openClevrDs(config, directory, split, drawing, read);
    const limit = other === undefined ? config.limit : undefined;
    return limit === undefined ? dataset : firstImages(dataset, limit);
  } finally {
    await progress?.finish();
  }
}

/** What generators of both kinds take. */
type Drawing = Pick<GenerateOptions, "seed" | "splits" | "signal" | "onProgress">;

/** How the data set that was drawn is read. */
type Reading = Pick<LoadCocoOptions, "name" | "signal">;

/** The name of a generated data set, and of its folder: all that decides its images. */
function nameOf(config: GeneratedConfig, seed: number): string {
  const { source, family, images, size } = config, said = [family, `${size}px`, images];
  if (config.source === "retail") return [source, ...said, `seed${seed}`].join("-");
  const { variant, objects, classes } = config;
  return [
    ...[source, variant, ...said],
    ...(objects === undefined ? [] : [`${objects}objects`]),
    ...(classes === undefined ? [] : [`${classes}classes`]),
    `seed${seed}`,
  ].join("-");
}

async function openClevrDs(
  { variant, family, images, size, objects, classes }: ClevrDsConfig,
  directory: string,
  split: SplitName,
  drawing: Drawing,
  read: Reading,
): Promise<Dataset> {
  const recipe = { variant, family, images, size, objects, classes };
  const drawn = await generateClevrDs(directory, { ...recipe, ...drawing });
  return await loadCoco(drawn.annotations[split], drawn.images, read);
}

/** Retail scenes: written as SOLO, and read as a data set of that format. */
async function openRetail(
  { family, images, size }: RetailConfig,
  directory: string,
  split: SplitName,
  drawing: Drawing,
  read: Reading,
): Promise<Dataset> {
  await generateRetail(directory, { family, images, size, ...drawing });
  const place = { annotations: directory, root: directory, part: split };
  return { ...await loadDataset({ source: "solo", ...place }, read), drawn: true };
}
