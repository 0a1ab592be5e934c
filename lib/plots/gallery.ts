/**
 * Retrieved images, with the place where each matched (Figs. 1 and 12).
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import type { Point } from "../datasets/mod.ts";
import { type AnnotatedBox, cornerOutline, widened } from "./annotated_box.ts";
import { embedOnce, type Figure, type FigureOptions, frame, type Picture } from "./figure.ts";
import { element, textLine, wrapText } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

/** One retrieved image. */
export interface GalleryResult {
  /** The image, see `pictureOf`. */
  picture: Picture;
  /** Whether it is a right answer. */
  relevant: boolean;
  /** Where it matched, in px of the image. */
  box?: Box;
  /** Annotated objects, in px of the image: where the answer is, whether or not the method says so. */
  objects?: readonly AnnotatedBox[];
  /** Its score. */
  score?: number;
}

/** What one method returns for one query, best first. */
export interface GalleryRow {
  /** The words searched for. */
  query: string;
  /** How images were scored. */
  method: string;
  /** The first results. */
  results: readonly GalleryResult[];
}

/** Options of {@linkcode galleryFigure}. */
export interface GalleryOptions extends FigureOptions {
  /** Results in a row at most; as many as the longest row has by default. */
  count?: number;
}

const LABEL = 96, GAP = 8, ROW_GAP = 10, GROUP_GAP = 22, HEADING = 24;

/**
 * Rows of thumbnails, grouped by query: right answers framed blue with a tick, wrong ones grey with
 * a cross; the winning window in yellow, annotated objects dashed white.
 *
 * @param rows one row a query and method; rows of one query stand together
 * @throws RangeError when there are no results
 */
export function galleryFigure(rows: readonly GalleryRow[], options: GalleryOptions = {}): Figure {
  const count = options.count ?? Math.max(0, ...rows.map((row) => row.results.length));
  if (count === 0) throw new RangeError("Cannot draw gallery: there are no results");
  const groups = [...Map.groupBy(rows, (row) => row.query)];
  const results = rows.flatMap((row) => row.results);
  return frame({
    title: "What each method returns first",
    alt: `Retrieved images for ${groups.map(([query]) => query).join(", ")}: ` +
      rows.map((row) => `${row.method} ${rightOf(row, count)} of ${count} right`).join("; "),
    width: 860,
    note: "Blue with a tick: shows the query. Grey with a cross: does not." +
      (results.some(({ box }) => box) ? " Yellow: the patch that matched." : "") +
      (results.some(({ objects }) => objects?.length)
        ? " Dashed white: the annotated object, drawn as a help; the method gives no place."
        : ""),
    ...options,
  }, (width) => {
    const size = (width - LABEL - GAP * (count - 1)) / count;
    let y = 0, markup = "";
    for (const [query, group] of groups) {
      if (y > 0) y += GROUP_GAP - ROW_GAP;
      markup += textLine(`“${query}”`, 0, y + 14, { size: 14, weight: 600 });
      y += HEADING;
      for (const row of group) {
        markup += element("g", { transform: `translate(0,${y})` }, galleryRow(row, count, size));
        y += Math.max(size, labelHeight(row)) + ROW_GAP;
      }
    }
    const shown = rows.flatMap((row) => row.results.slice(0, count));
    const pictures = new Set(shown.map(({ picture }) => embedded(picture).image));
    const defined = element("defs", {}, [...pictures].join(""));
    return { markup: defined + markup, width, height: y - ROW_GAP + 8 };
  });
}

const embedded = (picture: Picture) =>
  embedOnce(picture, { width: picture.width, height: picture.height });

function rightOf(row: GalleryRow, count: number): number {
  return row.results.slice(0, count).filter(({ relevant }) => relevant).length;
}

const labelLines = ({ method }: GalleryRow) => wrapText(method, LABEL - 12, 13, 600);

/** Height of what stands beside a row: on a narrow card it is higher than the thumbnails. */
const labelHeight = (row: GalleryRow) => 16 * labelLines(row).length + 20;

function galleryRow(row: GalleryRow, count: number, size: number): string {
  const lines = labelLines(row);
  const top = Math.max(0, size / 2 - lines.length * 8 - 4);
  const label = lines.map((line, i) =>
    textLine(line, 0, top + 16 * (i + 1) - 2, {
      size: 13,
      weight: 600,
      fill: methodStyle(row.method).ink,
    })
  ).join("");
  const right = textLine(
    `${rightOf(row, count)} of ${Math.min(count, row.results.length)} right`,
    0,
    top + 16 * lines.length + 14,
    { size: 11.5, fill: THEME.soft },
  );
  const thumbnails = row.results.slice(0, count).map((result, i) =>
    element(
      "g",
      { transform: `translate(${LABEL + i * (size + GAP)},0)` },
      thumbnail(result, size),
    )
  );
  return label + right + thumbnails.join("");
}

/** A square thumbnail: the middle of the image, moved so that the match is seen. */
function thumbnail(
  { picture, relevant, box, objects = [] }: GalleryResult,
  size: number,
): string {
  const { width, height } = picture, side = Math.min(width, height);
  const focus = box ?? objects[0] ?? { left: 0, top: 0, width, height };
  const start = (centre: number, length: number) =>
    Math.min(Math.max(0, centre - side / 2), length - side);
  const left = start(focus.left + focus.width / 2, width);
  const top = start(focus.top + focus.height / 2, height);
  const scale = size / side, color = relevant ? THEME.right : THEME.wrong;
  const image = element(
    "svg",
    { width: size, height: size, viewBox: `${left} ${top} ${side} ${side}` },
    element("use", { href: `#${embedded(picture).id}` }),
  );
  const match = box && !(box.width >= width && box.height >= height)
    ? outline(box, { left, top, scale, size })
    : "";
  const annotated = objects.map((object) => outline(object, { left, top, scale, size }, true));
  return image + annotated.join("") + match +
    element("rect", {
      x: 1.5,
      y: 1.5,
      width: size - 3,
      height: size - 3,
      fill: "none",
      stroke: color,
      "stroke-width": 3,
    }) + badge(relevant, color);
}

/** A box on a thumbnail, over a dark edge: yellow, or dashed white where the method did not find it. */
function outline(
  box: AnnotatedBox,
  { left, top, scale, size }: { left: number; top: number; scale: number; size: number },
  dashed = false,
): string {
  const style = dashed
    ? { stroke: "#ffffff", "stroke-width": 1.6, "stroke-dasharray": "4 2.5" }
    : { stroke: THEME.match, "stroke-width": 1.8 };
  const edge = { stroke: "#10131a", "stroke-width": dashed ? 2.4 : 3.4 };
  const clamp = (value: number) => Math.min(Math.max(3.5, value), size - 3.5);
  // around a tiny object the frame stands back, so that the object is seen
  const space = (side: number) => dashed ? Math.max(2, (14 - side * scale) / 2) : 0;
  if (box.corners) {
    const shown = box.corners.map(([x, y]): Point => [(x - left) * scale, (y - top) * scale]);
    const stood = widened(shown, space(Math.max(box.width, box.height)));
    const drawn = cornerOutline(stood, edge) + cornerOutline(stood, style);
    return element("svg", { width: size, height: size }, drawn); // ends at the thumbnail
  }
  const [dx, dy] = [space(box.width), space(box.height)];
  const x = clamp((box.left - left) * scale - dx), y = clamp((box.top - top) * scale - dy);
  const shape = {
    x,
    y,
    width: clamp((box.left + box.width - left) * scale + dx) - x,
    height: clamp((box.top + box.height - top) * scale + dy) - y,
    fill: "none",
  };
  return element("rect", { ...shape, ...edge }) + element("rect", { ...shape, ...style });
}

/** A tick or a cross in the corner: the cue beside colour. */
function badge(relevant: boolean, color: string): string {
  const sign = relevant ? "M5,9.5L8,12.5L13,6" : "M6,6L12,12M12,6L6,12";
  return element("rect", { width: 18, height: 18, fill: color }) +
    element("path", {
      d: sign,
      fill: "none",
      stroke: relevant ? "#ffffff" : THEME.ink,
      "stroke-width": 2,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    });
}
