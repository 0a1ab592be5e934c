/**
 * Data sets that notebooks let their readers choose, by name or by path, and the words that are asked for on them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type Dataset, type DatasetConfig, datasetNamed } from "detailclip";
import { DATASET_FORMATS, isAbsoluteName } from "detailclip/datasets";
import {
  checkTexts,
  describeSource,
  type FilesConfig,
  type GeneratedConfig,
  isGenerated,
  isGeneratedName,
} from "detailclip/runner";
import { nearestName, notice } from "detailclip/runtime";
import { checkNames, checkWhole, isTold } from "./knobs_checks.ts";
import { VARIANTS } from "./variants.ts";

/** What a name or an absolute path stands for. */
function namedDataset(parameter: string, name: string, own?: GeneratedConfig): DatasetConfig {
  const found = datasetNamed(name, own);
  if (found.source !== "folder") return found;
  throw new Error(
    `Cannot set ${parameter} to ${name}: it is a folder of images without annotations, in which nothing can be scored`,
  );
}

/**
 * A data set of one's own, in any format: see `locateDataset`. A path at which there is nothing is kept: it is told,
 * later, as what is missing.
 *
 * @param parameter that says it
 * @param path an absolute one, with a format or without, as `dota:/data/DOTA`
 * @param name of the data set, for messages
 * @throws {RangeError} when it is no absolute path
 * @throws {Error} when a folder may be several data sets
 */
export function ownDataset(parameter: string, path: string, name: string = parameter): FilesConfig {
  checkTexts({ [name]: path }, `Cannot set ${parameter}`, parameter);
  if (!isAbsoluteName(path)) {
    throw new RangeError(
      `Cannot set ${parameter}: ${name} must be an absolute path, got "${path}"`,
    );
  }
  const annotations = path.replace(/^[a-z]\w+:/i, "");
  const there = existsSync(path) || annotations.split(":").some((one) => existsSync(one));
  return there
    ? namedDataset(parameter, path) as FilesConfig
    : { source: "coco", annotations, root: dirname(annotations) };
}

/**
 * Data sets by names of one's own: {@linkcode ownDataset}, or generated ones.
 *
 * @param parameter that says them
 * @param paths absolute ones by name, or names of generated ones, such as `retail`
 * @param own what generated ones are otherwise, such as their number of images
 * @throws as {@linkcode ownDataset}
 */
export function ownDatasets(
  parameter: string,
  paths: Readonly<Record<string, string>>,
  own: DatasetConfig,
): Record<string, DatasetConfig> {
  checkTexts(paths, `Cannot set ${parameter}`, parameter);
  return Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [
      name,
      isGeneratedName(path)
        ? namedDataset(parameter, path, isGenerated(own) ? own : undefined)
        : ownDataset(parameter, path, name),
    ]),
  );
}

/**
 * A data set's name for experiments that are nothing without training: of one's own without images to learn from, half
 * are learned from.
 *
 * @param name what `dataset` was set to
 * @throws {Error} when there is no such data set, or it may be in several formats
 */
export function datasetToLearnFrom(name: string | undefined): string | undefined {
  if (!isTold(name) || typeof name !== "string" || !isAbsoluteName(name)) return name;
  const found = namedDataset("dataset", name);
  if (isGenerated(found) || (found.train && found.val)) return name;
  notice(`there are no images to learn from: half of ${name} are learned from, half are searched`);
  return `half:${name}`;
}

/**
 * The words that are asked for: those of the experiment's own data set give way to the commonest of another one.
 *
 * @param name of the parameter
 * @param words what it was set to
 * @param own what it is where nothing was turned
 * @param dataset what is searched
 * @throws {RangeError} when a word that was told is no class of the data set
 */
export function wordsOn(
  name: string,
  words: readonly string[],
  own: readonly string[],
  { categories, images }: Pick<Dataset, "categories" | "images">,
): readonly string[] {
  const turned = words.length !== own.length || words.some((word, i) => word !== own[i]);
  if (turned || images.length === 0) return checkNames(name, words, categories);
  if (words.every((word) => categories.includes(word))) return words;
  const shows = categories.map((_, c) =>
    images.filter(({ objects }) => objects.some(({ category }) => category === c)).length
  );
  const commonest = categories.map((_, c) => c).filter((c) => shows[c] > 0)
    .sort((a, b) => shows[b] - shows[a] || a - b).map((c) => categories[c]);
  const kept = own.filter((word) => commonest.includes(word));
  const more = commonest.filter((word) => !kept.includes(word));
  const chosen = [...kept, ...more.slice(0, own.length - kept.length)];
  notice(`${name}: not all of ${own.join(", ")} are shown here; asked for: ${chosen.join(", ")}`);
  return chosen;
}

/** The name that a data set of one's own is found by, for commands that are printed. */
export function datasetText({ source, annotations, root, part, draw }: FilesConfig): string {
  const alone = source === "coco" && root === dirname(annotations);
  const place = alone
    ? annotations
    : `${source}:${annotations}${root === annotations ? "" : `:${root}`}`;
  const chosen = source === "coco" && part !== undefined ? `${part}:${place}` : place;
  return draw ? `half:${chosen}` : chosen;
}

/**
 * The data set that a name or a path stands for, in place of an experiment's own.
 *
 * @param own the experiment's
 * @param name what `dataset` was set to
 * @throws {RangeError} when it is no name of a data set
 * @throws {Error} when a folder may be several data sets, or has no annotations
 */
export function datasetOf(own: DatasetConfig, name: string): DatasetConfig {
  const generated = isGenerated(own) ? own : undefined;
  const known = VARIANTS.find(({ label }) => label === name);
  if (known && generated) return { ...generated, source: "clevr-ds", ...known.dataset };
  if (typeof name === "string" && (isAbsoluteName(name) || isGeneratedName(name))) {
    const dataset = namedDataset("dataset", name, generated);
    notice(describeSource(dataset));
    return dataset;
  }
  const labels = VARIANTS.map(({ label }) => label);
  const near = typeof name === "string" ? nearestName(name, labels) : undefined;
  throw new RangeError(
    `Cannot set dataset: it must be one of ${
      labels.join("; ")
    }, clevr-ds…, retail, or the absolute path of a data ` +
      `set, with its format (${DATASET_FORMATS.join(", ")}) or without, as dota:/data/DOTA; got ` +
      JSON.stringify(name) + (near === undefined ? "" : `; did you mean ${near}?`),
  );
}

/**
 * A data set with another number of images: see `Knobs.images`.
 *
 * @param dataset any
 * @param images how many
 * @throws {RangeError} when that is no number of images
 */
export function resized(dataset: DatasetConfig, images: number): DatasetConfig {
  checkWhole("images", images, [1, 999_999]);
  const { limit: _, ...whole } = dataset;
  return !isGenerated(dataset)
    ? { ...dataset, limit: images }
    : { ...whole, images } as DatasetConfig;
}
