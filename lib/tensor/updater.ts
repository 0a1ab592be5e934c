/**
 * What AdamW leaves to the engine: the running means of the gradients and the update of the parameters.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs-core";

/** The running means of one parameter: of its gradient and of its square, value by value. */
export interface Moments {
  mean: Float32Array;
  square: Float32Array;
}

/** The numbers of one step that are the same for all parameters; bias corrections are folded into them. */
export interface StepNumbers {
  /** Decay rates of the means. */
  betas: readonly [number, number];
  /** The most that the norm of all gradients may be. */
  clipNorm?: number;
  /** The most that a single gradient value may be. */
  clipValue?: number;
  /** What is left of a parameter after weight decay. */
  keep: number;
  /** Learning rate, with both bias corrections. */
  rate: number;
  /** Epsilon, with the bias correction of the second mean. */
  epsilon: number;
}

/** Remembers the running means of some parameters and updates both. */
export interface Updater {
  /**
   * One step; a parameter without a gradient stays as it is.
   *
   * @returns the norm of all gradients, where it was looked at; when it is not finite nothing is changed
   */
  update(
    gradients: ReadonlyMap<string, tf.Tensor>,
    numbers: StepNumbers,
  ): Promise<number | undefined>;
  /** The means of every parameter that has had a gradient. */
  moments(): Promise<Map<string, Moments>>;
  /** Goes on from other means. */
  restore(moments: ReadonlyMap<string, Moments>): void;
  /** Frees the means. */
  dispose(): void;
}
