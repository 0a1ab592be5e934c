/**
 * Something that the user should know and that stops nothing.
 *
 * @module
 */
import type { ProgressOutput } from "./progress.ts";

/**
 * Says something in a line on standard error, which a terminal and a log show as it is, and a notebook under the
 * cell.
 *
 * @param text what to say
 * @param output where progress of the operation shows: `silent` says nothing
 */
export function notice(text: string, output?: ProgressOutput): void {
  if (output !== "silent") console.warn(`note: ${text}`);
}
