/**
 * From patch features to one vector an image: engine, models, losses and training (paper §3.4).
 *
 * @module
 */
export {};
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
