/**
 * From patch features to one vector an image: engine, models, losses and training (paper §3.4).
 *
 * @module
 */
export {
  type AdamW,
  type AdamWOptions,
  createAdamW,
  globalNorm,
  gradientsOf,
  type OptimizerState,
  type OptimizerStep,
} from "./optimizer.ts";
export { createSchedule, type Schedule, type ScheduleSpec } from "./schedule.ts";
export * from "./losses.ts";
export {
  batchCount,
  type BatchOptions,
  type FeatureBatch,
  featureBatches,
  visitingOrder,
} from "./batches.ts";
export { type Engine, engine, type EngineName, type EngineOptions, loadEngine } from "./engine.ts";
export { buildEngine, type BuildOptions, type EngineVariant, wantsCuda } from "./build.ts";
export {
  createFusion,
  type CreateFusionOptions,
  type DetectorSpec,
  type ForwardOptions,
  type FusionModel,
  type FusionSizes,
  type FusionSpec,
  fusionWeights,
  loadFusion,
  type LoadFusionOptions,
  type MaxPoolSpec,
  type MlpSpec,
  saveFusion,
  setFusionWeights,
  type TransformerSize,
  type TransformerSpec,
} from "./model.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type NamedArray,
  readSafetensors,
  type SafeTensors,
  writeSafetensors,
} from "./safetensors.ts";
export {
  type BatchTargetOptions,
  batchTargets,
  type PatchTargets,
  type TargetOptions,
  targetsOf,
} from "./targets.ts";
export { type PatchProxies, patchProxies } from "./proxies.ts";
export { drawBags, mixBags } from "./mixing.ts";
export { closedFormFusion, type ClosedFormOptions } from "./closed_form.ts";
export { type KMeansOptions, sphericalKMeans } from "./kmeans.ts";
export { type FusedVectors, loadFused, saveFused } from "./fused.ts";
export { type BatchTensors, type FuseOptions, fuseStore, toTensors } from "./fuse.ts";
export {
  CHECKPOINT_VERSION,
  type CheckpointRecord,
  type EpochRecord,
  readCheckpointRecord,
} from "./checkpoint.ts";
export { TRAINING_VERSION } from "./run.ts";
export { resolveSpec } from "./assemble.ts";
export { findTraining, type FinishedTraining } from "./find_training.ts";
export { train } from "./train.ts";
export type { StepEvent, TrainOptions, TrainResult } from "./train_options.ts";
export {
  type BagStage,
  type ResolvedTrainConfig,
  resolveTrainConfig,
  type TrainConfig,
} from "./train_config.ts";
export { sweep, type SweepOptions, type SweepResult, type SweepRow } from "./sweep.ts";
export {
  PAPER_SPACE,
  paperSettings,
  type SweepPoint,
  sweepPoints,
  type SweepSpace,
  type SweepValue,
} from "./sweep_space.ts";
export { fuseVisualWords, type FuseVisualWordsOptions } from "./fuse_visual_words.ts";
export { fitVisualWords, type VisualWords, type VisualWordsOptions } from "./visual_words.ts";
export { loadVisualWords, saveVisualWords } from "./visual_words_file.ts";
export { patchMean, type PatchOptions } from "./whitening.ts";
export { needsPatchCount, TRANSFORMER_SIZES } from "./spec.ts";
export { type AverageStartOptions, startAsAverage } from "./average_start.ts";
export { type DetectorStartOptions, startAsDetectors } from "./detector_start.ts";
