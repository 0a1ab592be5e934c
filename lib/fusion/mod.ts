/**
 * From the patch features of an image to one vector (paper §3.4):
 *
 * - `model/`, §3.4.1: the transformer, the adapters of Table 4, max pooling; what kinds of models there are
 * - `loss/`, §3.4.2: the query-proxy loss (eq. 7), its targets and distances; patches as proxies
 * - `batches/`: patch features of some images, and scenes mixed of several
 * - `training/`, A.4: epochs, steps, checkpoints
 * - `tuning/`, A.4 and Table 14: the grid of hyper-parameters
 * - `warm_starts/`: weights to start from (*extended*)
 * - `untrained/`: vectors that need no training (*extended*)
 *
 * @module
 */
export * from "./loss/loss.ts";
export {
  batchCount,
  type BatchOptions,
  type FeatureBatch,
  featureBatches,
  visitingOrder,
} from "./batches/batches.ts";
export {
  createFusion,
  type CreateFusionOptions,
  type ForwardOptions,
  type FusionModel,
} from "./model/model.ts";
export type { DropoutOptions } from "./model/kind.ts";
export { needsPatchCount, resolveSpec } from "./model/registry.ts";
export {
  fusionWeights,
  loadFusion,
  type LoadFusionOptions,
  saveFusion,
  setFusionWeights,
} from "./model/saving.ts";
export {
  type FusionSizes,
  type FusionSpec,
  type MaxPoolSpec,
  type MlpSpec,
  TRANSFORMER_SIZES,
  type TransformerSize,
  type TransformerSpec,
} from "./model/spec.ts";
export {
  type BatchTargetOptions,
  batchTargets,
  type PatchTargets,
  type TargetOptions,
  targetsOf,
} from "./loss/targets.ts";
export { type PatchProxies, patchProxies } from "./loss/patch_proxies.ts";
export { mixBags } from "./batches/mixing.ts";
export { closedFormFusion, type ClosedFormOptions } from "./untrained/closed_form.ts";
export { type FusedVectors, loadFused, saveFused } from "./fused_vectors.ts";
export { type BatchTensors, type FuseOptions, fuseStore, toTensors } from "./fuse_store.ts";
export {
  CHECKPOINT_VERSION,
  type CheckpointRecord,
  type EpochRecord,
  readCheckpointRecord,
} from "./training/checkpoint.ts";
export { TRAINING_VERSION } from "./training/training_run.ts";
export { findTraining, type FinishedTraining } from "./training/find_training.ts";
export { train } from "./training/train.ts";
export type { StepEvent, TrainOptions, TrainResult } from "./training/train_options.ts";
export {
  type ResolvedTrainConfig,
  resolveTrainConfig,
  type TrainConfig,
} from "./training/train_config.ts";
export { sweep, type SweepOptions, type SweepResult, type SweepRow } from "./tuning/tune.ts";
export {
  PAPER_SPACE,
  paperSettings,
  type SweepPoint,
  sweepPoints,
  type SweepSpace,
  type SweepValue,
} from "./tuning/grid.ts";
export { fuseVisualWords, type FuseVisualWordsOptions } from "./untrained/fuse_visual_words.ts";
export { fitVisualWords, type VisualWordsOptions } from "./untrained/fit_visual_words.ts";
export type { VisualWords } from "./untrained/visual_words.ts";
export { loadVisualWords, saveVisualWords } from "./untrained/visual_words_file.ts";
export { patchMean, type PatchOptions } from "./untrained/whitening.ts";
export { type AverageStartOptions, startAsAverage } from "./warm_starts/average.ts";
export { type DetectorStartOptions, startAsDetectors } from "./warm_starts/detectors.ts";
