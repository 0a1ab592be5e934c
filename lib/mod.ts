/**
 * DetailCLIP as a pipeline, one direction:
 *
 *     data set -> image -> cover -> crops -> encoder -> features -> fusion -> ranking -> recall
 *
 * A {@linkcode Dataset} comes from {@linkcode loadCoco}, {@linkcode loadFolder} or
 * {@linkcode generateClevrDs}; {@linkcode completeCover} says where to look; {@linkcode loadEncoder}
 * brings a CLIP with its own preprocessing; {@linkcode extractFeatures} fills a cache that survives
 * anything; {@linkcode createFusion} and {@linkcode train} make one vector an image of its patches, and
 * {@linkcode fuseStore} applies it; {@linkcode maxOverPatches} scores images by their best patch,
 * {@linkcode bestVectorScores} by fused vectors; {@linkcode recallAtK} says how good that is. {@linkcode runRetrieval} does all of it from one {@linkcode ExperimentConfig}.
 *
 * @module
 */
export * from "./cache_dir.ts";
export * from "./random.ts";
export * from "./files.ts";
export * from "./display.ts";
export * from "./progress.ts";
export * from "./interrupt.ts";
export * from "./covers/mod.ts";
export * from "./images/mod.ts";
export * from "./datasets/mod.ts";
export * from "./encoders/mod.ts";
export * from "./features/mod.ts";
export * from "./fusion/mod.ts";
export * from "./retrieval/mod.ts";
export * from "./experiments/mod.ts";
export * from "./plots/mod.ts";
