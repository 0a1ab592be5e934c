/**
 * Something that the user should know and that stops nothing.
 *
 * @module
 */
import type { ProgressOutput } from "./progress.ts";

/**
 * Text as a terminal may show it: names of files and classes come from anywhere, and what would move its cursor or end the
 * line is written out.
 *
 * @param text what is to be shown
 */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * Says something in a line on standard error, which a terminal and a log show, and a notebook under the cell.
 *
 * @param text what to say
 * @param output where progress of the operation shows: `silent` says nothing
 */
export function notice(text: string, output?: ProgressOutput): void {
  if (output !== "silent") console.warn(`note: ${printable(text)}`);
}
