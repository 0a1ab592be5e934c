/**
 * The look of every figure: one palette, one typeface, one colour and one marker for each method.
 *
 * Hues are those of Okabe and Ito, told apart by people with any common colour blindness; each has
 * a darker shade for text, with a contrast of at least 4.5 on the background. Figures stand on an
 * opaque light card: a README and a notebook each have their own theme, which an SVG shown as a
 * picture cannot ask for.
 *
 * @module
 */

/** Colours of everything that is not data. */
export const THEME = {
  /** Background of a figure. */
  paper: "#fbfaf6",
  /** Edge of a figure and lines of the grid. */
  line: "#e3e0d6",
  /** Text and axes. */
  ink: "#22252b",
  /** Subtitles, ticks, notes. */
  soft: "#5b616c",
  /** Frame of a right result (with a tick). */
  right: "#0072b2",
  /** Frame of a wrong result (with a cross). */
  wrong: "#b9b4a6",
  /** Box of a match, over a dark edge. */
  match: "#ffd21f",
} as const;

/** Marker shapes: the cue beside colour. */
export type Marker = "circle" | "square" | "triangle" | "diamond" | "star";

/** How a method is drawn. */
export interface MethodStyle {
  /** What the methods drawn so have in common: "cc" for cc@5 and cc@10. */
  family: string;
  /** Colour of bars, lines and markers. */
  color: string;
  /** A darker shade of it for text. */
  ink: string;
  /** Shape of its markers. */
  marker: Marker;
}

const STYLES: readonly (MethodStyle & { pattern: RegExp })[] = [
  { family: "chance", pattern: /^chance/i, color: "#c3c7cd", ink: "#6b717c", marker: "circle" },
  {
    family: "full image",
    pattern: /^full(?! \+)/i,
    color: "#868d97",
    ink: "#5b616c",
    marker: "circle",
  },
  { family: "mean patch", pattern: /^mean/i, color: "#cc79a7", ink: "#9b4576", marker: "diamond" },
  {
    family: "cc",
    pattern: /^(cc(@| |$)|patches)/i,
    color: "#0072b2",
    ink: "#005a8d",
    marker: "circle",
  },
  {
    family: "grid",
    pattern: /^(full \+ )?grid/i,
    color: "#e69f00",
    ink: "#8a5f00",
    marker: "square",
  },
  {
    family: "verified",
    pattern: /^(verified|vc@)/i,
    color: "#009e73",
    ink: "#00704f",
    marker: "triangle",
  },
  {
    family: "Patch-obj",
    pattern: /^(patch-obj|object)/i,
    color: "#3d424c",
    ink: "#22252b",
    marker: "diamond",
  },
  {
    family: "DetailCLIP",
    pattern: /^detailclip(?!\+)/i,
    color: "#d55e00",
    ink: "#a84a00",
    marker: "star",
  },
  {
    family: "DetailCLIP+",
    pattern: /^detailclip\+/i,
    color: "#99201c",
    ink: "#7a1613",
    marker: "star",
  },
  {
    family: "closed form",
    pattern: /^closed form/i,
    color: "#8c6bb1",
    ink: "#6a4a91",
    marker: "square",
  },
  {
    family: "ceiling of the loss",
    pattern: /^ceiling/i,
    color: "#7b8f3a",
    ink: "#5a6b1f",
    marker: "square",
  },
  {
    family: "visual words",
    pattern: /^visual/i,
    color: "#009e73",
    ink: "#00704f",
    marker: "triangle",
  },
  {
    family: "module on the image",
    pattern: /^(mlp,|transformer, no patches)/i,
    color: "#a6761d",
    ink: "#7d5810",
    marker: "diamond",
  },
  {
    family: "module over patches",
    pattern: /^(weighted|linear over|mlp over)/i,
    color: "#5f8a8b",
    ink: "#3f6667",
    marker: "triangle",
  },
  { family: "k-means", pattern: /^k-means/i, color: "#56b4e9", ink: "#1f6f9f", marker: "triangle" },
];

/** For methods without a style of their own, picked by name. */
const SPARE: readonly Omit<MethodStyle, "family">[] = [
  { color: "#a6761d", ink: "#7d5810", marker: "diamond" },
  { color: "#7b8f3a", ink: "#5a6b1f", marker: "square" },
  { color: "#5f8a8b", ink: "#3f6667", marker: "triangle" },
];

/**
 * The style of a method, the same in every figure.
 *
 * @param method its name, e.g. "full image", "cc@10", "Patch-obj"
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { methodStyle } from "detailclip/plots";
 * assert(methodStyle("cc@10").color === methodStyle("cc@5").color);
 * assert(methodStyle("cc@10").color !== methodStyle("grid@10").color);
 * ```
 */
export function methodStyle(method: string): MethodStyle {
  const known = STYLES.find(({ pattern }) => pattern.test(method));
  if (known) {
    const { family, color, ink, marker } = known;
    return { family, color, ink, marker };
  }
  const family = method.split("@")[0];
  const sum = [...family].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return { family, ...SPARE[sum % SPARE.length] };
}

/** Scales that draw each method in its own colour and marker. */
export interface MethodScales {
  /** Of colours. */
  color: { domain: string[]; range: string[] };
  /** Of markers. */
  symbol: { domain: string[]; range: Marker[] };
}

/**
 * The scales of a plot that draw methods as every other figure does.
 *
 * @param methods their names, as rows have them; repeated ones count once
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { methodScales } from "detailclip/plots";
 * const { color, symbol } = methodScales(["full image", "cc@10", "cc@10"]);
 * assert(color.domain.join() === "full image,cc@10" && symbol.range.length === 2);
 * ```
 */
export function methodScales(methods: Iterable<string>): MethodScales {
  const domain = [...new Set(methods)], styles = domain.map(methodStyle);
  return {
    color: { domain, range: styles.map(({ color }) => color) },
    symbol: { domain, range: styles.map(({ marker }) => marker) },
  };
}
