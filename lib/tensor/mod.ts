/**
 * Tensors: the engine that computes them, operations with PyTorch's numerics, AdamW, learning rates, safetensors.
 * Nothing here knows of images or texts.
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
} from "./adamw.ts";
export {
  type Engine,
  engine,
  type EngineName,
  type EngineOptions,
  ENGINES,
  loadEngine,
} from "./engine.ts";
export {
  createSchedule,
  type Schedule,
  type ScheduleOptions,
  type ScheduleSpec,
} from "./learning_rate.ts";
export { buildEngine, type BuildOptions, type EngineVariant } from "./native/build.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type NamedArray,
  readSafetensors,
  type SafeTensors,
  writeSafetensors,
} from "./safetensors.ts";
