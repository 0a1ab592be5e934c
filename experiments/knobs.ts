/**
 * What notebooks let their readers turn. A bad value is refused before any work, and named.
 *
 * @module
 */
import {
  checkConfig,
  type ExperimentConfig,
  type FusionMethod,
  type SeriesMember,
} from "detailclip";
import type { EncoderDevice, EncoderDtype } from "detailclip/encoders";
import { isGenerated, lackingSplits } from "detailclip/runner";
import { notice } from "detailclip/runtime";
import { checkWhole } from "./knobs_checks.ts";
import { datasetOf, resized } from "./knobs_datasets.ts";
import { labelOf } from "./variants.ts";

export * from "./knobs_checks.ts";
export {
  datasetText,
  datasetToLearnFrom,
  ownDataset,
  ownDatasets,
  wordsOn,
} from "./knobs_datasets.ts";

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
   * The label of a generated set (`VARIANTS`), `clevr-ds…` or `retail`, or one's own (see `locateDataset`), such
   * as `coco:JSON:IMAGES`; with `half:` before it half of its images are learned from.
   */
  dataset?: string;
  /** Of a generated set all images, 7:1:2 to learn from, to choose by and to search; of one's own the searched ones at most. */
  images?: number;
  /** Epochs of every training. */
  epochs?: number;
}

/** The fusions that a data set has the images for; a notice says which had to go. */
function teachable(
  dataset: ExperimentConfig["dataset"],
  fusion: ExperimentConfig["fusion"],
): ExperimentConfig["fusion"] {
  if (isGenerated(dataset)) return fusion;
  const lacks = (method: FusionMethod) => lackingSplits({ dataset, fusion: [method] }).length > 0;
  const untaught = fusion?.filter(lacks) ?? [];
  if (untaught.length === 0) return fusion;
  notice(
    `without images to learn from (train.json and val.json beside COCO annotations) there is no ${
      untaught.map(({ method }) => method).join(", ")
    }; half: before the data set's name learns from half of its images`,
  );
  return fusion?.filter((method) => !untaught.includes(method));
}

/** A fusion whose training, if it has one, takes another number of epochs. */
function trainedFor(method: FusionMethod, epochs: number): FusionMethod {
  const { fuser } = method;
  if (fuser.kind !== "trained") return method;
  return { ...method, fuser: { ...fuser, train: { ...fuser.train, epochs } } };
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
  const fusion = teachable(dataset, config.fusion)
    ?.map((method) => epochs === undefined ? method : trainedFor(method, epochs));
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
