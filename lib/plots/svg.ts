/**
 * Small pieces of SVG text.
 *
 * @module
 */
import { FONT, FONT_FACES, type FontWeight, textWidth } from "../images/font.ts";
import { THEME } from "./theme.ts";

export { textWidth };

/** Puts U+FFFD in the place of what XML cannot hold at all. */
export const wellFormed = (text: string): string =>
  text.toWellFormed().replace(/[^\P{Cc}\t\n\r]|[\uFFFE\uFFFF]/gu, "\uFFFD");

/** Escapes text for XML content and attributes; what XML cannot hold at all becomes U+FFFD. */
export function escapeXml(text: string): string {
  return wellFormed(text).replace(
    /[&<>"']/g,
    (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]!,
  );
}

/** Attribute values; `undefined` leaves an attribute out. */
export type Attributes = Record<string, string | number | undefined>;

/** One element; `content` is markup, not text. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`)
    .join("");
  return content ? `<${name}${list}>${content}</${name}>` : `<${name}${list}/>`;
}

/** One line of text. */
export function textLine(
  text: string,
  x: number,
  y: number,
  { size = 12, fill = THEME.ink as string, weight = 400, anchor = "start" } = {},
): string {
  return element("text", {
    x,
    y,
    "font-size": size,
    "font-weight": weight === 400 ? undefined : weight,
    "text-anchor": anchor,
    fill,
  }, escapeXml(text));
}

/** Breaks text into lines that fit `width`. */
export function wrapText(
  text: string,
  width: number,
  size: number,
  weight: FontWeight = 400,
): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word;
    const fits = lines.length > 0 && textWidth(longer, size, weight) <= width;
    if (fits) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** A text cut to a width, with an ellipsis where something is left out. */
export function clipText(
  text: string,
  width: number,
  size: number,
  weight: FontWeight = 400,
): string {
  if (textWidth(text, size, weight) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && textWidth(`${letters.join("")}…`, size, weight) > width) {
    letters.pop();
  }
  return `${letters.join("").trimEnd()}…`;
}

/**
 * Rounds the numbers in geometry attributes to hundredths: files get smaller, and the last digit of
 * a float, which may differ between machines, stays out of them.
 */
export function roundGeometry(svg: string): string {
  return svg.replace(
    /\b(x|y|x1|x2|y1|y2|cx|cy|r|dx|dy|d|width|height|points|transform|font-size|stroke-width)="([^"]*)"/g,
    (_, name, value) =>
      `${name}="${
        value.replace(/-?\d*\.\d{3,}(e-?\d+)?/g, (n: string) => String(Math.round(+n * 100) / 100))
      }"`,
  );
}

/** The outermost element around `content`, on the card. */
export function card(width: number, height: number, alt: string, content: string): string {
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": alt,
      "font-family": FONT,
      color: THEME.ink,
      fill: THEME.ink,
    },
    element("title", {}, escapeXml(alt)) + element("style", {}, FONT_FACES) +
      element("rect", {
        x: 0.5,
        y: 0.5,
        width: width - 1,
        height: height - 1,
        rx: 10,
        fill: THEME.paper,
        stroke: THEME.line,
      }) + content,
  );
}

/** An SVG as a picture's address: percent-encoded, since pictures inside are in base64 already. */
export function svgUri(svg: string): string {
  const escaped = svg.replace(/[%#"<>{}|\\^`\s]|[^\x20-\x7e]+/g, encodeURIComponent);
  return `data:image/svg+xml,${escaped}`;
}

/** "recall@1" -> "Recall@1". */
export function titleCase(metric: string): string {
  return metric.charAt(0).toUpperCase() + metric.slice(1);
}
