/**
 * The runner: from a configuration to rows that say where they come from.
 *
 * @module
 */
export * from "./config.ts";
export { Configuration, type Configured, showConfiguration } from "./configuration.ts";
export * from "./diff.ts";
export { datasetNamed, describeSource, isGeneratedName } from "./named_dataset.ts";
export * from "./open_dataset.ts";
export { lackingSplits, type LearnedSplit, type Learning } from "./splits.ts";
export * from "./score_covers.ts";
export * from "./preflight.ts";
export * from "./run_retrieval.ts";
export * from "./run_tuning.ts";
export * from "./series.ts";
