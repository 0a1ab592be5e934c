/**
 * What every room stands on: files, interrupts, progress, output of notebook cells, the cache folder.
 *
 * @module
 */
export * from "./cache_dir.ts";
export { type ChildOptions, spawnChild } from "./children.ts";
export * from "./display.ts";
export * from "./files.ts";
export * from "./interrupt.ts";
export { nearestName } from "./nearest.ts";
export { notice } from "./notice.ts";
export { readProc } from "./proc.ts";
export * from "./progress.ts";
export { formatProgress, formatSeconds, type ProgressState } from "./progress_line.ts";
