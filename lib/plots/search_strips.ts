/**
 * The trials of a search for hyper-parameters: how good each was, against the value of each hyper-parameter.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { medianOf } from "../retrieval/mod.ts";
import { AXIS, drawPanel, GRID, percentText } from "./panel.ts";
import { checkRows } from "./rows.ts";
import { element, textLine } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

/** One trial, as it is drawn. */
export interface StripsRow {
  /** Which trial; no two have the same. */
  trial: number;
  /** Its recall, a share; a trial that failed has none and is only counted. */
  recall?: number;
}

/** One hyper-parameter: a panel. */
export interface Strip<T> {
  /** What stands above the panel. */
  label: string;
  /** Its candidates, from left to right; each value that rows have must be among them. */
  values: readonly (number | string)[];
  /** The value that a trial had. */
  of: (row: T) => number | string;
}

/** Options of {@linkcode searchStrips}. */
export interface SearchStripsOptions extends FigureOptions {
  /** What the recalls are, for the vertical axis. */
  measure?: string;
}

const COLUMNS = 3, GAP = 18, HEIGHT = 210, TOP = 30, BOTTOM = 26, LEFT = 40;
/** How much of a candidate's place its dots take. */
const SPREAD = 0.62;

/** A number as short as it can be said: 0.00001 as 1e-5. */
function short(value: number | string): string {
  if (typeof value === "string") return value;
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

/** Whole fives around all recalls, in per cent, and the ticks between them. */
function domainOf(recalls: readonly number[]): { domain: [number, number]; ticks: number[] } {
  const [least, most] = [Math.min(...recalls), Math.max(...recalls)].map((share) => 100 * share);
  const step = [1, 2, 5, 10, 20].find((step) => (most - least) / step <= 5) ?? 25;
  const low = Math.max(0, Math.floor((least - step / 4) / step) * step);
  const high = Math.min(100, Math.ceil((most + step / 4) / step) * step);
  const count = Math.round((high - low) / step);
  return {
    domain: [low, high],
    ticks: Array.from({ length: count + 1 }, (_, i) => low + i * step),
  };
}

/** The places of dots beside each other: those that would touch move to the sides, by turns. */
function beeswarm(heights: readonly number[], width: number, radius: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const places: number[] = heights.map(() => 0);
  const set: number[] = [];
  const step = radius, most = Math.max(0, width / 2 - radius);
  for (const i of order) {
    const near = set.filter((j) => heights[i] - heights[j] < 2 * radius);
    const free = (x: number) =>
      near.every((j) => (x - places[j]) ** 2 + (heights[i] - heights[j]) ** 2 >= 3.6 * radius ** 2);
    let x = 0;
    for (let n = 1; !free(x) && Math.abs(x) <= most; n++) {
      x = (n % 2 ? 1 : -1) * Math.ceil(n / 2) * step;
    }
    // no room left: dots lie on each other, spread by their order
    places[i] = Math.abs(x) <= most ? x : most * (2 * ((set.length * 0.618) % 1) - 1);
    set.push(i);
  }
  return places;
}

/** One hyper-parameter: its trials as dots over each candidate, with their median. */
function stripPanel<T extends StripsRow>(
  rows: readonly (T & { recall: number })[],
  strip: Strip<T>,
  best: T,
  how: { width: number; domain: [number, number]; ticks: number[] },
): string {
  const { width, domain, ticks } = how;
  const { markup, y } = drawPanel({
    width,
    height: HEIGHT,
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginLeft: LEFT,
    marginRight: 4,
    x: { domain: [0, 1], axis: null },
    y: { domain },
    marks: [
      Plot.gridY(ticks, GRID),
      Plot.axisY(ticks, { ...AXIS, tickFormat: (t: number) => `${t} %` }),
    ],
  });
  const place = (width - LEFT - 4) / strip.values.length;
  const radius = Math.min(4.5, Math.max(2, 20 / Math.sqrt(rows.length)));
  const { color, ink } = methodStyle("DetailCLIP");
  const columns = strip.values.map((value, v) => {
    const centre = LEFT + (v + 0.5) * place;
    const tick = textLine(short(value), centre, HEIGHT - 8, {
      size: 11.5,
      fill: THEME.soft,
      anchor: "middle",
    });
    const here = rows.filter((row) => strip.of(row) === value);
    if (here.length === 0) return tick;
    const heights = here.map(({ recall }) => y(100 * recall));
    const offsets = beeswarm(heights, SPREAD * place, radius);
    const dots = here.map((row, i) => {
      const at = { cx: centre + offsets[i], cy: heights[i] };
      if (row !== best) {
        return element("circle", { ...at, r: radius, fill: color, "fill-opacity": 0.55 });
      }
      return star(at.cx, at.cy, radius + 4.5, ink);
    }).sort((a, b) => Number(a.startsWith("<path")) - Number(b.startsWith("<path"))); // the best on top
    const middle = y(100 * medianOf(here.map(({ recall }) => recall)));
    const half = 0.4 * place;
    const bar = element("path", {
      d: `M${centre - half},${middle}H${centre + half}`,
      stroke: THEME.ink,
      "stroke-width": 2,
      "stroke-linecap": "round",
    });
    return tick + bar + dots.join("");
  });
  const title = textLine(strip.label, LEFT, 14, { size: 13, weight: 600 });
  return title + markup + columns.join("");
}

/** A five-pointed star: the chosen trial. */
function star(x: number, y: number, radius: number, fill: string): string {
  const points = Array.from({ length: 10 }, (_, i) => {
    const [r, angle] = [i % 2 ? 0.42 * radius : radius, Math.PI * (i / 5 - 0.5)];
    return `${x + r * Math.cos(angle)},${y + r * Math.sin(angle)}`;
  });
  return element("path", {
    d: `M${points.join("L")}Z`,
    fill,
    stroke: THEME.paper,
    "stroke-width": 1.5,
  });
}

/** Refuses values that no place is for. */
function checkValues<T extends StripsRow>(rows: readonly T[], strips: readonly Strip<T>[]): void {
  const fail = (why: string) => {
    throw new RangeError(`Cannot draw search strips: ${why}`);
  };
  if (strips.length === 0) fail("there are no hyper-parameters");
  for (const { label, values, of } of strips) {
    const odd = rows.find((row) => !values.includes(of(row)));
    if (odd) fail(`${label} of trial ${odd.trial} is ${of(odd)}, which is no candidate`);
  }
  const wrong = rows.find(({ recall = 0 }) => !(recall >= 0 && recall <= 1));
  if (wrong) fail(`the recall of trial ${wrong.trial} is ${wrong.recall}`);
}

/**
 * The trials of a search (Table 14): a panel a hyper-parameter, in it a dot a trial over the value that it
 * had, the median of each value, and a star for the best of all.
 *
 * @param rows the trials
 * @param strips the hyper-parameters
 * @throws RangeError when no trial has a recall, two have one number, or a value is no candidate
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { searchStrips } from "detailclip";
 * const rows = [{ trial: 1, rate: 0.1, recall: 0.2 }, { trial: 2, rate: 0.01, recall: 0.3 }];
 * const strip = { label: "rate", values: [0.01, 0.1], of: (row: { rate: number }) => row.rate };
 * assert(searchStrips(rows, [strip]).alt.includes("best 30.0 % with rate 0.01"));
 * ```
 */
export function searchStrips<T extends StripsRow>(
  rows: readonly T[],
  strips: readonly Strip<T>[],
  { measure = "Recall@1 on validation images", ...how }: SearchStripsOptions = {},
): Figure {
  checkRows(rows, ({ trial }) => `trial ${trial}`, "search strips");
  checkValues(rows, strips);
  const good = rows.filter((row): row is T & { recall: number } => row.recall !== undefined);
  if (good.length === 0) throw new RangeError("Cannot draw search strips: all trials failed");
  const best = good.reduce((a, b) => b.recall > a.recall ? b : a);
  const recalls = good.map(({ recall }) => recall);
  const chosen = strips.map(({ label, of }) => `${label} ${short(of(best))}`).join(", ");
  const failed = rows.length - good.length;
  const counts = `${rows.length} trials` + (failed > 0 ? `, of which ${failed} failed` : "");
  return frame({
    title: "Recall of every trial, by hyper-parameter",
    alt: `${measure} of ${counts}: best ${percentText(best.recall, 1)} % with ${chosen}; median ` +
      `${percentText(medianOf(recalls), 1)} %, least ${percentText(Math.min(...recalls), 1)} %`,
    width: 760,
    note: `${measure}; a dot a trial (${counts}). Bars: medians of a value. Star: the best trial.`,
    ...how,
  }, (width) => {
    const columns = Math.min(COLUMNS, strips.length);
    const narrow = (width - GAP * (columns - 1)) / columns;
    const { domain, ticks } = domainOf(recalls);
    const panels = strips.map((strip, i) => {
      const left = (i % columns) * (narrow + GAP);
      const top = Math.floor(i / columns) * (HEIGHT + GAP);
      const panel = stripPanel(good, strip, best, { width: narrow, domain, ticks });
      return element("g", { transform: `translate(${left},${top})` }, panel);
    });
    const lines = Math.ceil(strips.length / columns);
    return { markup: panels.join(""), width, height: lines * (HEIGHT + GAP) - GAP };
  });
}
