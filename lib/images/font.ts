/**
 * Inter, the font of figures, of which `font/` has the letters that figures use: text is as wide, and looks the same, on
 * every machine.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import inter from "./font/inter.json" with { type: "json" };

/** The weights that there are. */
export type FontWeight = 400 | 600;

/** Typefaces of figures: the one that each brings, the same where librsvg draws, and what pages fall back to. */
export const FONT = "'Inter of figures', Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/** Style sheet that brings the font into an SVG, under a name of its own: it changes nothing in the page around it. */
export const FONT_FACES: string = ([400, 600] as const).map((weight) =>
  `@font-face{font-family:"Inter of figures";font-weight:${weight};` +
  `src:url(data:font/woff2;base64,${inter[weight].woff2})}`
).join("");

/** Width of a text in px; letters that the font lacks count as wide ones. */
export function textWidth(text: string, size: number, weight: FontWeight = 400): number {
  const widths: Record<string, number> = inter[weight].widths; // thousandths of the size
  let sum = 0;
  for (const letter of text) sum += widths[letter] ?? 1000;
  return sum * size / 1000;
}

/** Where librsvg is told of fonts; it reads none that an SVG brings. */
const FONTS = "FONTCONFIG_FILE";

/** Has librsvg find the font, before it draws its first text. */
export function useOwnFont(): void {
  if (Deno.env.has(FONTS)) return;
  Deno.env.set(FONTS, fileURLToPath(new URL("font/fonts.conf", import.meta.url)));
}
