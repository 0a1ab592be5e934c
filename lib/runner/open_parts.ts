/**
 * Opens the encoder and the images of a run, and refuses what cannot be run before hours of work.
 *
 * @module
 */
import { makeCover } from "../covers/mod.ts";
import { clevrDsClasses } from "../datasets/clevr_ds/classes.ts";
import { type Dataset, describeDataset, firstImages } from "../datasets/mod.ts";
import { type Encoder, loadEncoder, scopeNotice, vocabularyNotice } from "../encoders/mod.ts";
import { checkEngineWish } from "../tensor/engine.ts";
import { checkFolders } from "../runtime/cache_dir.ts";
import { notice } from "../runtime/notice.ts";
import { type ShowOptions, showStep } from "../runtime/progress.ts";
import { type ExperimentConfig, isGenerated } from "./config.ts";
import { checkFits } from "./fusion_method.ts";
import { missingPart } from "./preflight.ts";
import { type LearnedSplit, learnedSplits } from "./splits.ts";
import { divideWords } from "./words.ts";

/** Opens the searched split, or another one. */
export type OpenSplit = (split?: LearnedSplit) => Promise<Dataset>;

/** Refuses what can be known of a run before its first patch is encoded. */
function checkRun(
  { dataset, covers, fusion = [], hiddenWords = 0, seed }: ExperimentConfig,
  { dim, concepts }: Pick<Encoder, "dim" | "concepts">,
  classes: number,
): void {
  const words = divideWords(classes, hiddenWords, seed).known.length;
  const known = { dim, words, concepts: concepts !== undefined };
  for (const method of fusion) checkFits(method, known);
  if (!isGenerated(dataset)) return; // images of any size
  const image = { width: dataset.size, height: dataset.size, objects: [] };
  for (const cover of [...covers, ...fusion.map(({ cover }) => cover)]) makeCover(cover, image);
}

/**
 * Encoder and searched data set, what is cheap to know first: files that are missing, then what does not fit the
 * encoder, then images that have to be drawn.
 *
 * @param config what to run
 * @param open opens a split of its data set
 * @param options what stops it, and where progress shows
 * @returns both; the encoder is the caller's to dispose of
 * @throws {Error} when either is missing or cannot be opened, there is nothing to score recall against, or a fusion
 * does not fit them
 */
export async function openParts(
  config: ExperimentConfig,
  open: OpenSplit,
  { signal, output, displayId }:
    & { signal: AbortSignal }
    & Pick<ShowOptions, "output" | "displayId">,
): Promise<{ dataset: Dataset; encoder: Encoder }> {
  checkFolders();
  if (config.fusion?.length) checkEngineWish(); // it is loaded only after hours of encoding
  const missing = await missingPart(config);
  if (missing !== undefined) throw new Error(`Cannot run ${config.name}: ${missing}`);
  signal.throwIfAborted();
  const { id, ...how } = config.encoder;
  const load = () => loadEncoder(id, { ...how, signal });
  const encoder = await showStep("Load the encoder", load, { leaves: "slow", output, displayId });
  try {
    if (config.dataset.source === "clevr-ds") {
      const { variant, classes } = config.dataset;
      const { names } = await clevrDsClasses(variant, classes);
      checkRun(config, encoder, names.length);
    }
    const dataset = await open();
    checkAnnotated(config, dataset); // before hours of encoding
    checkRun(config, encoder, dataset.categories.length);
    if (!isGenerated(config.dataset)) {
      for (const name of learnedSplits(config).keys()) {
        await partToLearn(config, dataset, name, open);
      }
    }
    const said = [
      scopeNotice(encoder, dataset),
      await vocabularyNotice(encoder, dataset.categories, { signal }),
    ];
    for (const text of said) if (text) notice(text, output);
    return { dataset, encoder };
  } catch (error) {
    await encoder.dispose();
    throw error;
  }
}

/**
 * The images of a split that a configuration learns from.
 *
 * @throws {Error} when they are those that are searched, or have other classes
 */
export async function partToLearn(
  config: ExperimentConfig,
  searched: Dataset,
  name: LearnedSplit,
  open: OpenSplit,
): Promise<Dataset> {
  const whole = await open(name), most = config.learn?.[name];
  const split = most === undefined ? whole : firstImages(whole, most);
  checkSplit(config, searched, split, name);
  return split;
}

/** Refuses to learn from, or to choose by, the images that are searched, or other classes than theirs. */
function checkSplit(
  { name }: ExperimentConfig,
  searched: Dataset,
  other: Dataset,
  kind: LearnedSplit,
): void {
  const purpose = kind === "train" ? "train on" : "choose the best epoch by";
  if (searched.fingerprint === other.fingerprint) {
    throw new Error(`Cannot ${purpose} ${other.name} in ${name}: these images are searched`);
  }
  const differs = (category: string, i: number) => category !== other.categories[i];
  if (searched.categories.length !== other.categories.length || searched.categories.some(differs)) {
    throw new Error(
      `Cannot ${purpose} ${other.name} in ${name}: its categories are not those of ${searched.name}, ` +
        `in the same order`,
    );
  }
}

function checkAnnotated({ name, dataset: given }: ExperimentConfig, dataset: Dataset): void {
  const { listed, missingImages, examples } = dataset.report;
  if (!isGenerated(given) && listed > 0 && missingImages === listed) {
    throw new Error(
      `Cannot run ${name}: none of the ${listed} images that ${dataset.name} lists is in its folder, ` +
        `${given.root}; ${examples[0]}`,
    );
  }
  if (!dataset.annotated) {
    throw new Error(
      `Cannot run ${name}: ${dataset.name} has no annotations to score recall against`,
    );
  }
  if (dataset.report.objects === 0) throw nothingToFind(name, dataset);
}

/** What is thrown where no query has a right answer: with all that was left out, as that may be why. */
export function nothingToFind(name: string, dataset: Dataset): Error {
  const examples = dataset.report.examples.slice(0, 3).map((example) => `; ${example}`).join("");
  return new Error(
    `Cannot run ${name}: no image of ${dataset.name} shows an object of any class (` +
      `${describeDataset(dataset)}${examples})`,
  );
}
