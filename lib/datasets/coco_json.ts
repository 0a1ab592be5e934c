/**
 * The text of an annotation file as JSON, with what other tools write and `JSON.parse` would refuse or round.
 *
 * @module
 */

/** An id of so many digits that it might not be exact as a number; the lookahead leaves fractions as they are. */
const LONG_ID = /("(?:id|image_id|category_id)"\s*:\s*)(-?\d{16,})(?![\d.eE])/g;

/** LVIS's lists of ids, which may be as long. */
const ID_LISTS = /"(?:neg|not_exhaustive)_category_ids"\s*:\s*\[[^\]]*\]/g;
const LONG_NUMBER = /(?<![\d."eE+-])-?\d{16,}(?![\d."eE])/g;

/** Where a string begins, or a number that JSON does not have. */
const QUOTE_OR_NOT_FINITE = /"|\b(?:NaN|Infinity)\b/g;

/** Where the string ends whose text begins at `from`, after its closing quote; the text's length if nowhere. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** `NaN` and `Infinity` outside of strings as a number that is too large, which JSON has: it is read as infinite. */
function withoutNotFinite(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  QUOTE_OR_NOT_FINITE.lastIndex = 0;
  for (let hit = QUOTE_OR_NOT_FINITE.exec(text); hit; hit = QUOTE_OR_NOT_FINITE.exec(text)) {
    if (hit[0] === '"') {
      QUOTE_OR_NOT_FINITE.lastIndex = endOfString(text, hit.index + 1);
    } else {
      parts.push(text.slice(copied, hit.index), "1e999");
      copied = hit.index + hit[0].length;
    }
  }
  return parts.length === 0 ? text : parts.join("") + text.slice(copied);
}

/**
 * Parses an annotation file. A byte order mark is skipped. Values of `id`, `image_id`, `category_id` and of LVIS's
 * lists of ids that a number cannot hold exactly (beyond 2^53) become text, digit for digit. `NaN`, `Infinity` and
 * `-Infinity`, which Python writes, become infinite numbers: whoever reads a number has to check that it is finite.
 *
 * @param text content of the file
 * @throws {SyntaxError} when it is no JSON for other reasons
 */
export function parseAnnotations(text: string): unknown {
  if (text.startsWith("\ufeff")) text = text.slice(1);
  // A reviver that sees the source would be called for every corner of every polygon: five times as slow.
  const asText = (digits: string) => Number.isSafeInteger(Number(digits)) ? digits : `"${digits}"`;
  text = text.replace(LONG_ID, (_all, key, digits) => key + asText(digits))
    .replace(ID_LISTS, (list) => list.replace(LONG_NUMBER, asText));
  try {
    return JSON.parse(text);
  } catch (error) {
    const mended = withoutNotFinite(text);
    if (mended === text) throw error;
    return JSON.parse(mended);
  }
}
