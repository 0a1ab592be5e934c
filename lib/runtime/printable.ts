/**
 * Texts from anywhere on a terminal.
 *
 * @module
 */

/** File names, licences and such come from anywhere: what would move a terminal's cursor is written out. */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
