/**
 * Exhaustive search at the speed of memory.
 *
 * @module
 */
export * from "./flat_index.ts";
export type { Precision } from "./rows.ts";
export { endSearchThreads } from "./threads.ts";
