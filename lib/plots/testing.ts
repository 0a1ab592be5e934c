/**
 * What tests of figures have in common.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { Figure } from "./figure.ts";

/** A figure's SVG without its font, whose letters could spell anything. */
export const withoutFont = ({ svg }: Figure): string => svg.replace(/<style>.*?<\/style>/g, "");

/** A figure as a document. */
export const parsed = (figure: Figure): Document =>
  parseHTML(`<html><body>${withoutFont(figure)}</body></html>`).document as unknown as Document;

/** All that is written in a figure. */
export const textsOf = (figure: Figure): (string | null)[] =>
  [...parsed(figure).querySelectorAll("text")].map((text) => text.textContent);

/** Compares a figure, in whole px, with testdata/NAME.svg.txt; `UPDATE_SNAPSHOTS=1` accepts a change. */
export async function assertSnapshot(name: string, figure: Figure): Promise<void> {
  const path = new URL(`./testdata/${name}.svg.txt`, import.meta.url);
  // the last digits of a coordinate may differ between versions and machines
  const now = withoutFont(figure)
    .replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
  assert.equal(now, await Deno.readTextFile(path));
}
