/**
 * Which encoder meets which data set, with which configuration, and the command that runs a pair once it is here.
 *
 * @module
 */
import {
  applyDiff,
  configure,
  type Diff,
  type ExperimentConfig,
  type ExperimentDefinition,
  type NotRun,
  type RunOptions,
  type Scale,
  type SeriesMember,
} from "detailclip";
import { checkTexts, type FilesConfig } from "detailclip/runner";
import { baseline, paperScale } from "./baseline.ts";
import { FULL } from "./covers.ts";
import { CC10, detailClip, fusedCover, withCover } from "./recipes.ts";
import { configWith, datasetText, type Knobs, ownDatasets } from "./knobs.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** The embedded encoder. */
export const EMBEDDED = "tiny-clip";

/** Table 3's encoders (and Table 2's ViT-B/32): hub id or folder; those without have no export in the hub's layout. */
export const ENCODERS: Readonly<Record<string, string>> = {
  [EMBEDDED]: EMBEDDED,
  "CLIP-ViT-B/32": "Xenova/clip-vit-base-patch32",
  "CLIP-ViT-B/16": "Xenova/clip-vit-base-patch16",
  "CLIP-ViT-L/14": "Xenova/clip-vit-large-patch14",
  "SLIP": "",
  "RegionCLIP": "",
  "BLIP2": "",
};

/** Table 3's data sets. */
export const DATASETS: readonly string[] = ["CLEVR-DS", "LVIS", "COCO", "Unity-Retail"];

/** Label of a pair in the series. */
export const labelOf = (encoder: string, dataset: string): string => `${encoder} on ${dataset}`;

/** Encoder and data set of a label. */
export function pairOf(label: string): { encoder: string; dataset: string } {
  const at = label.lastIndexOf(" on ");
  return { encoder: label.slice(0, at), dataset: label.slice(at + " on ".length) };
}

/** The full image, patches, and one vector of them, as 05_main_result has them. */
function at(scale: Scale, k?: number): Diff<ExperimentConfig> {
  const cover = fusedCover(scale, k), covers = [FULL, cover];
  return {
    dataset: datasetAt(MIXED, scale),
    covers: scale === "quick" ? withCover(covers, CC10) : covers,
    fusion: [detailClip(cover, scale)],
  };
}

/** One encoder on one data set; others differ in those two alone. */
const definition: ExperimentDefinition = {
  name: "encoders",
  title: "Other encoders and data sets",
  paper: ["Table 3"],
  baseline,
  scales: {
    smoke: { ...at("smoke"), bootstrap: { resamples: 100 } },
    quick: at("quick"),
    paper: { ...at("paper") },
  },
};

/** What a real CLIP gets at the quick scale: encoding costs a hundred times as much as with the embedded one. */
const FEW = { searched: 100, train: 150, val: 50 };

const slug = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");

const PREFIX = "encoders_";

/** Name of the experiment of a pair: that of its rows. */
export const pairName = (encoder: string, dataset: string): string =>
  `${PREFIX}${slug(encoder)}_${slug(dataset)}`;

/** Whether an experiment is of a pair. */
export const isPair = (experiment: string): boolean => experiment.startsWith(PREFIX);

/** The configuration of an encoder on a data set. */
function pairConfig(
  [encoder, id]: readonly [string, string],
  [dataset, given]: readonly [string, FilesConfig | undefined],
  { scale, k, ...knobs }: PairKnobs & { scale: Scale },
): ExperimentConfig {
  const { covers, fusion } = at(scale, k);
  const named = { ...definition, name: pairName(encoder, dataset) };
  const own = configure(named, scale, { covers, fusion });
  const real = id !== EMBEDDED;
  const config: ExperimentConfig = {
    ...own,
    encoder: {
      ...own.encoder,
      id,
      // what the paper tried is fed as its authors feed it; any other encoder in its own way
      ...(real && Object.hasOwn(ENCODERS, encoder) &&
        { preprocessing: paperScale.encoder!.preprocessing }),
    },
    ...(given && { dataset: given }),
    ...(given && !(given.train && given.val) && { fusion: [] }),
  };
  if (scale !== "quick" || (!real && !given)) return configWith(config, knobs);
  const few = applyDiff(config, { covers: [FULL, fusedCover(scale, k)] });
  return configWith({
    ...few,
    dataset: { ...few.dataset, limit: FEW.searched },
    learn: { train: FEW.train, val: FEW.val },
  }, knobs);
}

/** The configuration of the embedded encoder on the generated CLEVR-DS. */
export const embeddedConfig = (scale: Scale): ExperimentConfig =>
  pairConfig([EMBEDDED, EMBEDDED], ["CLEVR-DS", undefined], { scale });

const TASK = "deno task notebooks 07_encoders";

/** The command that runs a pair, with placeholders for what nobody named yet. */
function commandFor(
  [encoder, id]: readonly [string, string],
  [dataset, given]: readonly [string, FilesConfig | undefined],
  { scale, seed, k, images, epochs }: PairKnobs & { scale: Scale },
): string {
  const settings = [`${TASK} --scale ${scale}`];
  if (seed !== undefined && seed !== embeddedConfig(scale).seed) {
    settings.push(`--set seed=${seed}`);
  }
  for (const [name, value] of Object.entries({ k, images, epochs })) {
    if (value !== undefined) settings.push(`--set ${name}=${value}`);
  }
  if (id !== ENCODERS[encoder] || id === "") {
    settings.push(`--set 'encoders=${JSON.stringify({ [encoder]: id || "/path/to/export" })}'`);
  }
  if (dataset !== "CLEVR-DS") {
    const shown = given ? datasetText(given) : `/path/to/${dataset}`; // a folder with test.json, train.json and val.json
    settings.push(`--set 'datasets=${JSON.stringify({ [dataset]: shown })}'`);
  }
  return settings.join(" ");
}

/** What to run, and what nobody named. */
export interface Pairs {
  members: SeriesMember[];
  unnamed: NotRun[];
}

/** What has to be exported where the hub has nothing in the layout of two towers. */
const EXPORT =
  "no export named: it takes an image tower and a text tower that give one vector each, in the hub's layout, " +
  "with preprocessor_config.json and a tokenizer (tools/encoders/export_encoder.py makes one from a CLIP in transformers' layout)";

/** What can be turned of every pair. */
interface PairKnobs extends Pick<Knobs, "seed" | "images" | "epochs"> {
  /** Of the cover that is fused, from 2 to 15; that of the scale unless told. */
  k?: number;
}

/** What is run, where, and how. */
export interface EncodersOptions extends RunOptions, PairKnobs {
  /** How much. */
  scale?: Scale;
  /** Hub ids or folders by name, in place of or beside {@linkcode ENCODERS}. */
  encoders?: Readonly<Record<string, string>>;
  /** Absolute paths of data sets by name, beside the generated CLEVR-DS; see `ownDataset`. */
  datasets?: Readonly<Record<string, string>>;
  /** Changes every configuration further, such as to fewer images. */
  change?: (config: ExperimentConfig) => ExperimentConfig;
}

/**
 * All pairs of an encoder and a data set.
 *
 * @throws {RangeError} when k is outside, or a name has " on " in it
 */
export function pairsOf(
  { encoders = {}, datasets: paths = {}, change = (c) => c, ...options }: EncodersOptions,
): Pairs {
  const { scale = "quick", seed, k, images, epochs } = options;
  const how = { scale, seed, k, images, epochs };
  checkTexts(encoders, "Cannot set encoders", "encoders");
  const datasets = ownDatasets("datasets", paths);
  const odd = [...Object.keys(encoders), ...Object.keys(datasets)]
    .find((name) => name.includes(" on "));
  if (odd !== undefined) {
    throw new RangeError(`Cannot run encoders: "${odd}" has " on " in its name, as pairs have`);
  }
  const pairs: Pairs = { members: [], unnamed: [] };
  const all = { ...ENCODERS, ...encoders };
  for (const encoder of Object.entries(all)) {
    for (const name of new Set([...DATASETS, ...Object.keys(datasets)])) {
      const dataset = [name, datasets[name]] as const;
      const label = labelOf(encoder[0], name), command = commandFor(encoder, dataset, how);
      const absent = [
        ...(name !== "CLEVR-DS" && !datasets[name] ? [`no annotations of ${name} named`] : []),
        ...(encoder[1] === "" ? [EXPORT] : []),
      ];
      if (absent.length > 0) {
        pairs.unnamed.push({ member: label, missing: absent.join("; "), command });
      } else {
        const config = change(pairConfig(encoder, dataset, how));
        pairs.members.push({ label, config, command });
      }
    }
  }
  return pairs;
}
