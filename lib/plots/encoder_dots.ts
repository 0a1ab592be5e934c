/**
 * Recall of several encoders on several data sets, ours beside the paper's (Table 3).
 *
 * @module
 */
import { type Figure, type FigureOptions, frame } from "./figure.ts";
import { checkRows } from "./rows.ts";
import { element, textLine, textWidth } from "./svg.ts";
import { type Marker, type MethodStyle, methodStyle, THEME } from "./theme.ts";

/** The Recall@1 of a method with one encoder on one data set. */
export interface EncoderRow {
  /** Name of the encoder. */
  encoder: string;
  /** Name of the data set. */
  dataset: string;
  /** `"full image"`, `"cc@10"`, `"DetailCLIP"`. */
  method: string;
  /** Recall, a share. */
  value: number;
  /** Lower bound of its confidence interval. */
  low?: number;
  /** Upper bound. */
  high?: number;
}

/** What {@linkcode encoderDots} draws. */
export interface EncoderDotsOptions extends FigureOptions {
  /** Pairs that were not run: marked in our panel. */
  notRun?: readonly { encoder: string; dataset: string }[];
  /** The paper's numbers, in a panel of their own. */
  paper?: readonly EncoderRow[];
}

const LINE = 22, HEAD = 26, TOP = 46, FOOT = 34, GAP = 26;

/** An axis from 0 up to a round number of per cent. */
function axisTo(most: number): { end: number; ticks: number[] } {
  const step = [5, 10, 20, 25].find((step) => most / step <= 5) ?? 25;
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  return { end: count * step, ticks: Array.from({ length: count + 1 }, (_, i) => i * step) };
}

/** A marker around (0, 0): a circle, a star, or a square. */
function markerPath(marker: Marker): string {
  if (marker === "star") {
    const points = Array.from({ length: 10 }, (_, i) => {
      const r = i % 2 ? 2.8 : 6.4, angle = Math.PI * (i / 5 - 0.5);
      return `${(r * Math.cos(angle)).toFixed(2)},${(r * Math.sin(angle)).toFixed(2)}`;
    });
    return `M${points.join("L")}Z`;
  }
  return marker === "square"
    ? "M-4,-4H4V4H-4Z"
    : "M-4.6,0A4.6,4.6,0,1,1,4.6,0A4.6,4.6,0,1,1,-4.6,0Z";
}

/** How the methods of a figure are told apart, and how far from the middle of a line each lies. */
interface MethodLook extends MethodStyle {
  open: boolean;
  offset: number;
}

/** Patches are squares, open for all but the most of them; methods lie a little apart, so that none hides another. */
function looksOf(rows: readonly EncoderRow[]): Map<string, MethodLook> {
  const patches = (method: string) => Number(/^cc@(\d+)$/.exec(method)?.[1] ?? NaN);
  const rank = (method: string) => /^full/.test(method) ? 0 : patches(method) || Infinity;
  const methods = [...new Set(rows.map(({ method }) => method))]
    .sort((a, b) => rank(a) === rank(b) ? 0 : rank(a) - rank(b));
  const most = Math.max(...methods.map((method) => patches(method) || 0));
  const step = Math.min(4.5, 11 / Math.max(1, methods.length - 1));
  return new Map(methods.map((method, i) => {
    const style = methodStyle(method), cover = style.family === "cc";
    const offset = (i - (methods.length - 1) / 2) * step;
    const open = cover && patches(method) < most;
    return [method, { ...style, marker: cover ? "square" : style.marker, open, offset }];
  }));
}

const markerAt = (x: number, y: number, { marker, color, open }: MethodLook) =>
  element("path", {
    d: markerPath(marker),
    transform: `translate(${x},${y})`,
    fill: open ? THEME.paper : color,
    stroke: open ? color : THEME.paper,
    "stroke-width": open ? 1.8 : 1,
  });

/**
 * A line an encoder in a block a data set: a marker a method, with confidence intervals where rows have them. Pairs
 * that were not run say so.
 *
 * @param rows our recalls
 * @param options `notRun`: pairs without a number; `paper`: the paper's recalls
 * @throws RangeError when there are neither rows nor pairs that were not run, or two rows for one marker
 */
export function encoderDots(
  rows: readonly EncoderRow[],
  { notRun = [], paper = [], ...options }: EncoderDotsOptions = {},
): Figure {
  const place = (row: EncoderRow) => `${row.method} of ${row.encoder} on ${row.dataset}`;
  if (rows.length > 0 || notRun.length === 0) checkRows(rows, place, "encoders");
  if (paper.length > 0) checkRows(paper, place, "the paper's encoders");
  const all = [...rows, ...notRun, ...paper];
  const datasets = [...new Set(all.map(({ dataset }) => dataset))];
  const encoders = [...new Set(all.map(({ encoder }) => encoder))];
  const lines = layOut(datasets, encoders);
  const left = Math.ceil(Math.max(...encoders.map((name) => textWidth(name, 12)))) + 16;
  const height = lines.height + FOOT, looks = looksOf([...rows, ...paper]);
  const spoken = rows.map((row) => `${place(row)} ${(100 * row.value).toFixed(1)} %`);
  return frame({
    title: "Encoders and data sets",
    alt: `Recall@1: ${spoken.join("; ")}; not run: ${notRun.length} pairs`,
    width: 860,
    ...options,
  }, (width) => {
    const panels = paper.length > 0 ? [rows, paper] : [rows];
    const room = (width - left - GAP * (panels.length - 1)) / panels.length;
    const markup = names(lines, left) + key(looks, left) +
      panels.map((shown, i) =>
        element(
          "g",
          { transform: `translate(${left + i * (room + GAP)},0)` },
          panelOf(shown, lines, {
            room,
            looks,
            title: i === 0 ? "here" : "the paper",
            notRun: i === 0 ? notRun : [],
          }),
        )
      ).join("");
    return { markup, width, height };
  });
}

/** Where each pair's line lies. */
interface Lines {
  datasets: readonly string[];
  encoders: readonly string[];
  height: number;
  /** Top of a block. */
  block: (dataset: string) => number;
  /** Middle of a line. */
  line: (encoder: string, dataset: string) => number;
}

function layOut(datasets: readonly string[], encoders: readonly string[]): Lines {
  const each = HEAD + encoders.length * LINE;
  const block = (dataset: string) => TOP + datasets.indexOf(dataset) * each;
  const line = (encoder: string, dataset: string) =>
    block(dataset) + HEAD + (encoders.indexOf(encoder) + 0.5) * LINE;
  return { datasets, encoders, height: TOP + datasets.length * each, block, line };
}

/** Names of data sets and encoders, at the left. */
function names(lines: Lines, left: number): string {
  return lines.datasets.map((dataset) =>
    textLine(dataset, 0, lines.block(dataset) + 18, { size: 13, weight: 600 }) +
    lines.encoders.map((encoder) =>
      textLine(encoder, left - 12, lines.line(encoder, dataset) + 4, {
        size: 12,
        fill: THEME.soft,
        anchor: "end",
      })
    ).join("")
  ).join("");
}

/** Which marker is which method, above the panels. */
function key(looks: ReadonlyMap<string, MethodLook>, left: number): string {
  let x = left;
  return [...looks].map(([method, look]) => {
    const at = x;
    x += textWidth(method, 12) + 36;
    return markerAt(at + 5, 8, look) +
      textLine(method, at + 15, 12, { size: 12, weight: 600, fill: look.ink });
  }).join("");
}

/** One panel: an axis from 0, intervals, markers, and what was not run. */
function panelOf(
  rows: readonly EncoderRow[],
  lines: Lines,
  { room, looks, title, notRun }: {
    room: number;
    looks: ReadonlyMap<string, MethodLook>;
    title: string;
    notRun: readonly { encoder: string; dataset: string }[];
  },
): string {
  const most = Math.max(1, ...rows.map(({ value, high }) => 100 * (high ?? value)));
  const { end, ticks } = axisTo(most), scale = (share: number) => (room - 10) * 100 * share / end;
  const grid = ticks.map((tick) => {
    const x = scale(tick / 100);
    return element("path", { d: `M${x},${TOP}V${lines.height}`, stroke: THEME.line }) +
      textLine(String(tick), x, lines.height + 14, {
        size: 11,
        fill: THEME.soft,
        anchor: "middle",
      });
  });
  const dots = rows.map((row) => {
    const look = looks.get(row.method)!;
    const y = lines.line(row.encoder, row.dataset) + look.offset;
    const interval = row.low === undefined || row.high === undefined ? "" : element("path", {
      d: `M${scale(row.low)},${y}H${scale(row.high)}`,
      stroke: look.color,
      "stroke-width": 2,
      "stroke-opacity": 0.6,
    });
    return interval + markerAt(scale(row.value), y, look);
  });
  const skipped = notRun.map(({ encoder, dataset }) => {
    const y = lines.line(encoder, dataset);
    return element("path", {
      d: `M0,${y}H${room - 10}`,
      stroke: THEME.wrong,
      "stroke-dasharray": "1 5",
    }) + textLine("not run", 8, y + 4, { size: 11, fill: THEME.soft, halo: true });
  });
  return textLine(title, 0, TOP - 10, { size: 13, weight: 600 }) +
    textLine("Recall@1, %", textWidth(title, 13) + 12, TOP - 10, { size: 11.5, fill: THEME.soft }) +
    [...grid, ...skipped, ...dots].join("");
}
