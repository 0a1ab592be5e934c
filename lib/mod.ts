/**
 * DetailCLIP as a pipeline, one direction:
 *
 *     data set -> image -> cover -> crops -> encoder -> features -> fusion -> ranking -> recall
 *
 * A {@linkcode Dataset} comes from {@linkcode loadDataset}, {@linkcode loadFolder} or {@linkcode generateClevrDs};
 * {@linkcode completeCover} says where to look; {@linkcode loadEncoder} brings a CLIP with its own preprocessing;
 * {@linkcode extractFeatures} fills a cache that survives a kill; {@linkcode createFusion} and {@linkcode train} make one
 * vector an image of its patches, and {@linkcode fuseStore} applies it; {@linkcode maxOverPatches} scores images by their
 * best patch, {@linkcode bestVectorScores} by fused vectors; {@linkcode recallAtK} says how good that is.
 * {@linkcode runRetrieval} does all of it from one {@linkcode ExperimentConfig}.
 *
 * What is here is what most users need. Each step's room has more, under a path of its own, and loads no more than it
 * needs: `detailclip/covers`, `detailclip/images`, `detailclip/fusion` …
 *
 * @example A search of one's own photos
 * ```ts
 * import { classPrompts, extractFeatures, loadEncoder, loadFolder, maxOverPatches } from "detailclip";
 * import { topResults } from "detailclip";
 *
 * // prints the photos of a folder that show a word best, and where: find("photos", "key")
 * export async function find(folder: string, word: string): Promise<void> {
 *   const dataset = await loadFolder(folder);
 *   const encoder = await loadEncoder("photo-clip"); // or a folder in the hub's layout, or a hub id
 *   const cover = { scheme: "complete", k: 10 } as const; // cc@10: 166 patches an image
 *   const store = await extractFeatures({ dataset, cover, encoder, cacheDir: ".cache/features" });
 *   const images = store.imageIds.map((id) => store.get(id)); // N times (P, D)
 *   const query = await classPrompts(encoder, [word]); // (1, D)
 *   const scores = maxOverPatches(images, query, { dim: store.dim }); // (1, N)
 *   for (const { image, score, box } of topResults(scores, 0, { boxesOf: (n) => images[n].boxes })) {
 *     console.log(word, store.imageIds[image], score, box);
 *   }
 * }
 * ```
 *
 * @module
 */
export {
  CACHE_DIR,
  checkpoint,
  createProgress,
  InterruptError,
  interruptible,
  markdown,
  operationSignal,
  withInterrupt,
} from "./runtime/mod.ts";
export { createRandom, type Random, sphericalKMeans } from "./numeric/mod.ts";
export {
  type Box,
  completeCover,
  type Cover,
  coverage,
  coverBoxes,
  coverName,
  type CoverSpec,
  gridCover,
  makeCover,
  objectCover,
  parseCoverName,
  verifiedCover,
} from "./covers/mod.ts";
export { cutPatches, decodeImage } from "./images/mod.ts";
export {
  type Dataset,
  type DatasetImage,
  datasetStatistics,
  describeDataset,
  generateClevrDs,
  loadCoco,
  loadDataset,
  loadFolder,
} from "./datasets/mod.ts";
export { classPrompts, type Encoder, loadEncoder, promptTemplates } from "./encoders/mod.ts";
export { extractFeatures, type FeatureStore, openFeatures } from "./features/mod.ts";
export { type Engine, engine, loadEngine } from "./tensor/mod.ts";
export {
  bestUnitVectors,
  closedFormFusion,
  createFusion,
  createLoss,
  type EpochRecord,
  findTraining,
  fitVisualWords,
  fuseClassWise,
  type FusedVectors,
  fuseStore,
  fuseVisualWords,
  type FusionModel,
  type FusionSpec,
  gridPoints,
  loadFused,
  loadFusion,
  loadVisualWords,
  type LossSpec,
  PAPER_GRID,
  patchMean,
  saveFused,
  saveFusion,
  saveVisualWords,
  startAsAverage,
  startAsDetectors,
  targetsOf,
  train,
  type TrainConfig,
  type TrainOptions,
  type TransformerSpec,
  tune,
  type VisualWords,
} from "./fusion/mod.ts";
export {
  bestVectorScores,
  bootstrapDifference,
  bootstrapRecall,
  createMaxScorer,
  imagesInOrder,
  maxOverPatches,
  medianOf,
  type PairRow,
  R_MAX_THRESHOLDS,
  rankImages,
  recallAtK,
  type RecallRow,
  recallRows,
  relevanceBySize,
  type RelevanceMatrix,
  relevanceOf,
  restrictTo,
  type ScoreMatrix,
  scoreStream,
  SIZE_BINS,
  type SizeRow,
  subsetByRmax,
  topResults,
} from "./retrieval/mod.ts";
export {
  changedKeys,
  type Claim,
  claimsFrame,
  collectProvenance,
  commandLine,
  configHash,
  type Decision,
  differenceText,
  type Evidence,
  filesOf,
  type FilingOptions,
  judgeClaims,
  type JudgedClaim,
  machine,
  NotMeasured,
  paperAdapters,
  paperRecalls,
  type PaperRow,
  paperTable,
  paperValue,
  percent,
  type Provenance,
  readResults,
  recallMarkdown,
  recallOf,
  recallText,
  type ResultRow,
  RESULTS_DIR,
  type RowsOf,
  rowsPath,
  signed,
  subsetRows,
  toDataFrame,
  type Verdict,
  writeResults,
} from "./report/mod.ts";
export {
  applyDiff,
  chanceOf,
  checkConfig,
  configure,
  type DatasetConfig,
  type DatasetFiles,
  datasetNamed,
  type Diff,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FilesDataset,
  type Fuser,
  type FusionMethod,
  memberRun,
  type MethodScores,
  missingPart,
  type NotRun,
  openDataset,
  type PaperGrid,
  type PaperPoint,
  type RetrievalRun,
  type RunOptions,
  runRetrieval,
  runSeries,
  runTuning,
  type Scale,
  SCALES,
  type Series,
  type SeriesMember,
  type SeriesRow,
  showConfiguration,
  type TrialRow,
  type TuningOptions,
} from "./runner/mod.ts";
export {
  type BarRow,
  contactSheet,
  coverFigure,
  type DotRow,
  Figure,
  type FigureOptions,
  galleryOf,
  type LineRow,
  liveLossCurve,
  lossCurve,
  methodScales,
  methodStyle,
  pictureOf,
  plot,
  plots,
  recallBars,
  recallDots,
  recallLines,
  saveFigure,
  sheetRowOf,
  similarityHistogram,
  type SimilarityHistogramRow,
  slider,
  stackFigures,
  THEME,
} from "./plots/mod.ts";
