/**
 * The method on one page: what `00_anatomy` takes apart.
 *
 * @module
 */
import {
  configure,
  type ExperimentConfig,
  type ExperimentDefinition,
  type Scale,
} from "detailclip";
import { baseline } from "./baseline.ts";
import { complete, FULL } from "./covers.ts";
import { checkWhole, configWith, datasetToLearnFrom, K_RANGE, type Knobs } from "./knobs.ts";
import { datasetAt, MIXED } from "./variants.ts";

const withImages = (scale: Scale, images: number) => ({
  dataset: { ...datasetAt(MIXED, scale), images },
});

/** Few images, one cover, one short training. */
export const anatomy: ExperimentDefinition = {
  name: "anatomy",
  title: "The method on one page",
  paper: [],
  baseline,
  always: { covers: [FULL, complete(5)] },
  scales: {
    smoke: withImages("smoke", 60),
    quick: withImages("quick", 600),
    paper: withImages("paper", 10_000),
  },
};

/** The word that is searched for unless told. */
export const WORD = "airplane";

/** A configuration with the epochs of its training. */
export interface AnatomyConfig extends ExperimentConfig {
  /** How often each image is learned from. */
  epochs: number;
}

/**
 * Its configuration.
 *
 * @param scale how many images
 * @param options what was turned; `k` of the Complete Cover, from 2 to 15; `epochs`, from 1 to 40; of a data set of one's
 *   own without images to learn from half are learned from
 * @throws {RangeError} when one is outside, or unknown
 */
export function anatomyConfig(
  scale: Scale,
  { k = 5, epochs = 4, dataset, ...knobs }: Knobs & { k?: number } = {},
): AnatomyConfig {
  checkWhole("k", k, K_RANGE);
  checkWhole("epochs", epochs, [1, 40]);
  return {
    ...configWith(configure(anatomy, scale, { covers: [FULL, complete(k)] }), {
      ...knobs,
      dataset: datasetToLearnFrom(dataset),
    }),
    epochs,
  };
}
