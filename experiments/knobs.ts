/**
 * What notebooks let their readers turn. A bad value is refused before any work, and named.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import {
  checkConfig,
  coverBoxes,
  coverName,
  type CoverSpec,
  type Dataset,
  type DatasetConfig,
  datasetNamed,
  type ExperimentConfig,
  makeCover,
  parseCoverName,
  type SeriesMember,
} from "detailclip";
import { DATASET_FORMATS, isAbsoluteName } from "detailclip/datasets";
import type { EncoderDevice, EncoderDtype } from "detailclip/encoders";
import {
  checkTexts,
  describeSource,
  type FilesConfig,
  type GeneratedConfig,
  isGenerated,
  isGeneratedName,
  lackingSplits,
} from "detailclip/runner";
import { nearestName, notice } from "detailclip/runtime";
import { labelOf, VARIANTS } from "./variants.ts";

/** What every notebook lets its readers turn; what is not told stays as its experiment has it. */
export interface Knobs {
  /** Seed of every draw: a whole number from 0 on. */
  seed?: number;
  /**
   * `tiny-clip`, a hub id, or the absolute path of a folder in the hub's layout; an object where its precision, or the
   * device, is another.
   */
  encoder?: string | { id?: string; dtype?: EncoderDtype; device?: EncoderDevice | "auto" };
  /**
   * The label of a generated set ({@linkcode VARIANTS}), `clevr-ds…` or `retail`, or one's own (see `locateDataset`), such
   * as `coco:JSON:IMAGES`; with `half:` before it half of its images are learned from.
   */
  dataset?: string;
  /** Of a generated set all images, 7:1:2 to learn from, to choose by and to search; of one's own the searched ones at most. */
  images?: number;
  /** Epochs of every training. */
  epochs?: number;
}

/** The least and the most that a number may be. */
export type Range = readonly [least: number, most: number];

/** Whether a parameter was told: JSON has `null` for what TypeScript calls `undefined`. */
export const isTold = <T>(value: T | null | undefined): value is T =>
  value !== undefined && value !== null;

/** The k of covers that experiments measure: from 5 patches to 355. */
export const K_RANGE: Range = [2, 15];

/**
 * A whole number of a range.
 *
 * @param name of the parameter
 * @param value what it was set to
 * @param range what it may be
 * @throws {RangeError} when it is something else
 */
export function checkWhole(name: string, value: number, [least, most]: Range): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `Cannot set ${name}: it must be a whole number from ${least} to ${most}, got ${
      JSON.stringify(value)
    }`,
  );
}

/**
 * A number of a range.
 *
 * @param name of the parameter
 * @param value what it was set to
 * @param range what it may be
 * @throws {RangeError} when it is something else
 */
export function checkNumber(name: string, value: number, [least, most]: Range): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new RangeError(
    `Cannot set ${name}: it must be a number from ${least} to ${most}, got ${
      JSON.stringify(value)
    }`,
  );
}

/**
 * A list of different values, none of them missing.
 *
 * @param name of the parameter
 * @param values what it was set to
 * @throws {RangeError} when it is no list, empty, or has a value twice
 */
export function checkList<T>(name: string, values: readonly T[]): readonly T[] {
  const fail = (why: string) => {
    throw new RangeError(`Cannot set ${name}: ${why}, got ${JSON.stringify(values)}`);
  };
  if (!Array.isArray(values) || values.length === 0) fail("it must be a list of at least one");
  if (new Set(values).size < values.length) fail("it has a value twice");
  return values;
}

/**
 * Different whole numbers of a range.
 *
 * @param name of the parameter
 * @param values what it was set to
 * @param range what each may be
 * @returns the numbers, smallest first
 * @throws {RangeError} when one is outside, or the list is empty or has one twice
 */
export function checkWholes(name: string, values: readonly number[], range: Range): number[] {
  return checkList(name, values).map((value) => checkWhole(`each of ${name}`, value, range))
    .toSorted((a, b) => a - b);
}

/**
 * Values of a list of known ones.
 *
 * @param name of the parameter
 * @param values what it was set to
 * @param known what each may be
 * @throws {RangeError} when one is not known, or the list is empty or has one twice
 */
export function checkNames(
  name: string,
  values: readonly string[],
  known: readonly string[],
): readonly string[] {
  const odd = checkList(name, values).find((value) => !known.includes(value));
  if (odd === undefined) return values;
  const near = typeof odd === "string" ? nearestName(odd, known) : undefined;
  throw new RangeError(
    `Cannot set ${name}: each must be one of ${listed(known)}, got ${JSON.stringify(odd)}` +
      (near === undefined ? "" : `; did you mean ${near}?`),
  );
}

/**
 * Covers by name, the full image first: it is always among them.
 *
 * @param name of the parameter
 * @param names such as `"cc@5"`, `"grid@10"`, `"vc@4:0.05"`, `"objects"`
 * @throws {RangeError} when one is no cover, its k is not in {@linkcode K_RANGE}, or it is there twice
 */
export function checkCovers(name: string, names: readonly string[]): CoverSpec[] {
  const covers = checkList(name, names).map((text) => {
    const spec = parseCoverName(String(text));
    const k = spec.scheme === "grid" ? spec.n : "k" in spec ? spec.k : undefined;
    if (k !== undefined) checkWhole(`k of ${text} in ${name}`, k, K_RANGE);
    if (spec.scheme === "verified") checkPatches(name, text, spec);
    return spec;
  });
  const called = covers.map(coverName), twice = called.find((n, i) => called.indexOf(n) !== i);
  if (twice === undefined) {
    return [{ scheme: "full" }, ...covers.filter(({ scheme }) => scheme !== "full")];
  }
  throw new RangeError(`Cannot set ${name}: two of its covers are called ${twice} in tables`);
}

/** More patches than cc@15 has, which is the most that is measured, would take hours. */
const MOST_PATCHES = 400;

/** Refuses a cover of very many patches. */
function checkPatches(name: string, text: string, spec: CoverSpec): void {
  const patches = coverBoxes(makeCover(spec, { width: 480, height: 480 })).length;
  if (patches <= MOST_PATCHES) return;
  throw new RangeError(
    `Cannot set ${name}: ${text} has ${patches} patches an image, more than ${MOST_PATCHES}`,
  );
}

/** The first of many names, and how many there are. */
const listed = (names: readonly string[], most = 12) =>
  names.length <= most
    ? names.join(", ")
    : `${names.slice(0, most).join(", ")}, … (${names.length})`;

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
 * @param name as {@linkcode Knobs} have it
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

/** The data set that a name or a path stands for, in place of an experiment's own. */
function datasetOf(own: DatasetConfig, name: string): DatasetConfig {
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

/** With another number of images. */
function resized(dataset: DatasetConfig, images: number): DatasetConfig {
  checkWhole("images", images, [1, 999_999]);
  const { limit: _, ...whole } = dataset;
  return !isGenerated(dataset)
    ? { ...dataset, limit: images }
    : { ...whole, images } as DatasetConfig;
}

/**
 * An experiment's configuration with what was turned. Numbers of images that the experiment limits its search or its
 * training to are its own: with other images they are dropped. A data set of one's own without images to learn from
 * is searched without the fusions that would have to be trained.
 *
 * @param config the experiment's
 * @param knobs what was turned
 * @throws {RangeError} when a value is out of range or unknown, or settings do not go together
 * @throws {Error} when a data set of one's own cannot be found
 */
export function configWith(config: ExperimentConfig, knobs: Knobs): ExperimentConfig {
  const { seed = config.seed, encoder, dataset: name, images, epochs } = knobs;
  let dataset = name === undefined ? config.dataset : datasetOf(config.dataset, name);
  if (images !== undefined) dataset = resized(dataset, images);
  if (epochs !== undefined) checkWhole("epochs", epochs, [1, 1000]);
  const untaught = !isGenerated(dataset)
    ? (config.fusion ?? []).filter((method) =>
      lackingSplits({ dataset, fusion: [method] }).length > 0
    )
    : [];
  if (untaught.length > 0) {
    const names = untaught.map(({ method }) => method).join(", ");
    notice(
      `without images to learn from (train.json and val.json beside COCO annotations) there is no ${names}; ` +
        "half: before the data set's name learns from half of its images",
    );
  }
  const fusion = config.fusion
    ?.filter((method) => !untaught.includes(method))
    .map((method) =>
      method.fuser.kind === "trained" && epochs !== undefined
        ? { ...method, fuser: { ...method.fuser, train: { ...method.fuser.train, epochs } } }
        : method
    );
  const { learn, ...rest } = config;
  const asOwn = images === undefined && dataset.source === config.dataset.source;
  const turned: ExperimentConfig = {
    ...rest,
    ...{ seed, dataset },
    ...(fusion && { fusion }),
    ...(learn && asOwn && { learn }),
    ...(encoder !== undefined && { encoder: encoderOf(config.encoder, encoder) }),
  };
  checkConfig(turned, `Cannot configure ${config.name}`);
  return turned;
}

/** The encoder that a knob says: another one comes with its own preprocessing. */
function encoderOf(
  own: ExperimentConfig["encoder"],
  knob: NonNullable<Knobs["encoder"]>,
): ExperimentConfig["encoder"] {
  const { id = own.id, ...how } = typeof knob === "object" ? knob : { id: knob };
  return { ...(id === own.id ? own : { id, dtype: own.dtype }), ...how };
}

/**
 * A series with what was turned: `dataset` picks one of its members, or puts another data set in the place of all.
 *
 * @param members as the experiment has them
 * @param knobs what was turned
 * @throws {RangeError} as {@linkcode configWith}
 */
export function seriesWith(
  members: readonly SeriesMember[],
  { dataset, ...knobs }: Knobs,
): SeriesMember[] {
  const turn = (member: SeriesMember, knobs: Knobs) => ({
    ...member,
    config: configWith(member.config, knobs),
  });
  if (dataset === undefined) return members.map((member) => turn(member, knobs));
  const own = members.filter(({ label }) => label === dataset);
  if (own.length > 0) return own.map((member) => turn(member, knobs));
  const first = turn(members[0], { ...knobs, dataset });
  return [{ ...first, label: labelOf(first.config.dataset) }];
}
