/**
 * The levels of a cover drawn over an image (Figs. 2 and 9).
 *
 * @module
 */
import type { Box, Cover } from "../covers/cover.ts";
import { embedOnce, type Figure, type FigureOptions, frame, type Picture } from "./figure.ts";
import { clipText, element, textLine } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

/** Options of {@linkcode coverFigure}. */
export interface CoverFigureOptions extends FigureOptions {
  /** Name of the cover, for its colour and the title. */
  name?: string;
  /** Panels in a row; by default up to four, as many as have room. */
  columns?: number;
  /** Picks the window to highlight at each level; one at about a third of the way by default. */
  highlight?: (boxes: readonly Box[], level: number) => number;
}

const GAP = 16, CAPTION = 36;

/** What the caption of a panel needs, in px. */
const LEAST_PANEL = 160;

/**
 * One panel a level: the image, the windows of the level in outline, one of them highlighted and its
 * neighbour dashed, which shows how far they overlap.
 *
 * @param picture the image, see `pictureOf`
 * @param cover its cover
 * @throws RangeError when the cover has no level
 */
export function coverFigure(
  picture: Picture,
  cover: Cover,
  options: CoverFigureOptions = {},
): Figure {
  const { levels } = cover;
  if (levels.length === 0) throw new RangeError("Cannot draw cover: it has no level");
  const count = levels.flat().length;
  const name = options.name ?? "cover";
  return frame({
    title: `${name}: ${count} patches at ${levels.length} scales`,
    alt: `The windows of ${name} over an image, level by level: ` +
      levels.map((boxes) => boxes.length).join(", "),
    width: 760,
    ...options,
  }, (width) => {
    const columns = options.columns ?? bestColumns(levels.length, width);
    const panelWidth = (width - GAP * (columns - 1)) / columns;
    const scale = panelWidth / cover.width;
    const panelHeight = cover.height * scale;
    const rows = Math.ceil(levels.length / columns);
    const { id, image } = embedOnce(picture, imageSize(picture, cover, scale));
    const markup = levels.map((boxes, level) => {
      const x = (level % columns) * (panelWidth + GAP);
      const y = Math.floor(level / columns) * (panelHeight + CAPTION + GAP);
      const chosen = options.highlight?.(boxes, level) ?? defaultHighlight(boxes);
      return element(
        "g",
        { transform: `translate(${x},${y})` },
        levelPanel(cover, level, { scale, chosen, name, id }),
      );
    }).join("");
    return {
      markup: element("defs", {}, image) + markup,
      width,
      height: rows * (panelHeight + CAPTION) + (rows - 1) * GAP,
    };
  });
}

/** Columns of about equal rows: 6 levels stand as 3 + 3 rather than 4 + 2. */
function bestColumns(levels: number, width: number): number {
  const most = Math.min(4, Math.max(1, Math.floor((width + GAP) / (LEAST_PANEL + GAP))));
  const rows = Math.ceil(levels / most);
  return Math.ceil(levels / rows);
}

/** A window off the centre, so that its neighbours show how far they overlap. */
function defaultHighlight(boxes: readonly Box[]): number {
  const columns = new Set(boxes.map((box) => box.left)).size;
  const rows = Math.ceil(boxes.length / columns);
  return Math.min(boxes.length - 1, Math.floor(rows / 3) * columns + Math.floor(columns / 3));
}

interface LevelPanel {
  scale: number;
  chosen: number;
  name: string;
  id: string;
}

function levelPanel(
  cover: Cover,
  level: number,
  { scale, chosen, name, id }: LevelPanel,
): string {
  const boxes = cover.levels[level], [width, height] = [cover.width * scale, cover.height * scale];
  const { color, ink } = methodStyle(name);
  const rect = (box: Box, attributes: Record<string, string | number>) =>
    element("rect", {
      x: box.left * scale,
      y: box.top * scale,
      width: box.width * scale,
      height: box.height * scale,
      ...attributes,
    });
  const frameOf = (box: Box) =>
    `M${box.left * scale},${box.top * scale}h${box.width * scale}v${box.height * scale}` +
    `h${-box.width * scale}z`;
  // outlines twice, dark under light: one of them shows on any image
  const outlines = boxes.map(frameOf).join("");
  const line = Math.max(0.7, Math.min(1.4, boxes[0].width * scale / 60));
  const window = boxes[chosen];
  const next = boxes[chosen + 1]?.top === window.top ? boxes[chosen + 1] : undefined;
  const caption = level === 0
    ? "the whole image"
    : `${boxes.length} windows, ${share(boxes[0].width / cover.width)}`;
  return element("rect", { width, height, fill: "#ffffff" }) +
    element("use", { href: `#${id}` }) +
    element("path", {
      d: outlines,
      fill: "none",
      stroke: "#10131a",
      "stroke-opacity": 0.55,
      "stroke-width": line + 1.4,
    }) +
    element("path", { d: outlines, fill: "none", stroke: "#ffffff", "stroke-width": line }) +
    // everything but the chosen window steps back
    element("path", {
      d: `M0,0h${width}v${height}h${-width}z${frameOf(window)}`,
      fill: "#10131a",
      "fill-opacity": 0.38,
      "fill-rule": "evenodd",
    }) +
    (next
      ? rect(next, { fill: "none", stroke: "#10131a", "stroke-opacity": 0.6, "stroke-width": 3 })
      : "") +
    (next
      ? rect(next, {
        fill: "none",
        stroke: THEME.match,
        "stroke-width": 1.8,
        "stroke-dasharray": "5 3",
      })
      : "") +
    rect(window, { fill: "none", stroke: "#ffffff", "stroke-width": 5 }) +
    rect(window, { fill: "none", stroke: color, "stroke-width": 3 }) +
    textLine(`Level ${level + 1}`, 0, height + 17, { size: 12.5, weight: 650, fill: ink }) +
    textLine(clipText(caption, width, 11.5), 0, height + 32, { size: 11.5, fill: THEME.soft });
}

/** Padding leaves the image its own size inside the cover; stretching fills the cover. */
function imageSize(picture: Picture, cover: Cover, scale: number) {
  return cover.fit === "pad"
    ? { width: picture.width * scale, height: picture.height * scale }
    : { width: cover.width * scale, height: cover.height * scale };
}

function share(side: number): string {
  return `${(100 * side).toFixed(0)} % of the side`;
}
