/**
 * From the patch features of an image to one vector (paper §3.4):
 *
 * - `model/transformer.ts`, §3.4.1: the paper's model; beside it the adapters of Table 4 and max pooling, and
 *   `registry.ts`, which lists the kinds of models
 * - `loss/query_proxy.ts`, §3.4.2: the paper's loss, equation 7; beside it its targets, other distances, and
 *   patches as proxies
 * - `batches/`: patch features of some images, and mixing of them (*extended*)
 * - `training/`, A.4: epochs, steps, checkpoints
 * - `tuning/`, A.4 and Table 14: the grid of hyper-parameters
 * - `warm_starts/`: weights to start from (*extended*)
 * - `untrained/`: vectors that need no training (*extended*)
 *
 * @module
 */
export { createLoss, type LossSpec, type ProxySpec } from "./loss/loss.ts";
export { bestSimilarities, type LossBatch, type LossFunction } from "./loss/query_proxy.ts";
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
  type LinearSpec,
  type MaxPoolSpec,
  type MlpSpec,
  TRANSFORMER_SIZES,
  type TransformerSize,
  type TransformerSpec,
  type WeightedSpec,
} from "./model/spec.ts";
export {
  type BatchTargetOptions,
  batchTargets,
  type PatchTargets,
  type TargetOptions,
  targetsOf,
} from "./loss/targets.ts";
export { type PatchProxies, patchProxies } from "./loss/patch_proxies.ts";
export { mixPatches } from "./batches/mixing.ts";
export { bestUnitVectors } from "./untrained/best_unit_vectors.ts";
export { type ClassWiseOptions, fuseClassWise } from "./untrained/class_wise_maximum.ts";
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
export { tune, type TuneOptions, type TuneResult, type TuneRow } from "./tuning/tune.ts";
export {
  type Grid,
  type GridPoint,
  gridPoints,
  type GridValue,
  PAPER_GRID,
  paperSettings,
} from "./tuning/grid.ts";
export { fuseVisualWords, type FuseVisualWordsOptions } from "./untrained/fuse_visual_words.ts";
export { fitVisualWords, type VisualWordsOptions } from "./untrained/fit_visual_words.ts";
export type { VisualWords } from "./untrained/visual_words.ts";
export { loadVisualWords, saveVisualWords } from "./untrained/visual_words_file.ts";
export { patchMean, type PatchOptions } from "./untrained/whitening.ts";
export { type AverageStartOptions, startAsAverage } from "./warm_starts/average.ts";
export { type DetectorStartOptions, startAsDetectors } from "./warm_starts/detectors.ts";
