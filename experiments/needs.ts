/**
 * What claims need: experiments, each with its own configuration.
 *
 * @module
 */
import { type Claim, configure, type ExperimentDefinition, type Scale } from "detailclip";

/**
 * An experiment's own configuration at a scale, with which a run is compared.
 *
 * @param definition the experiment
 */
export const ownConfig = (definition: ExperimentDefinition): Claim["needs"][string] => (scale) =>
  configure(definition, scale as Scale);

/**
 * The needs of a claim that is judged by the rows of some experiments.
 *
 * @param definitions the experiments, whose rows bear their names
 */
export const needsOf = (...definitions: readonly ExperimentDefinition[]): Claim["needs"] =>
  Object.fromEntries(definitions.map((definition) => [definition.name, ownConfig(definition)]));
