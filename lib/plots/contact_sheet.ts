/**
 * Sample images of data sets with their annotated objects (Figs. 4 and 10).
 *
 * @module
 */
import { type Dataset, placedObjects, type Point } from "../datasets/mod.ts";
import { decodeImage } from "../images/mod.ts";
import { type AnnotatedBox, annotatedBox, cornerOutline } from "./annotated_box.ts";
import { type Figure, type FigureOptions, frame, type Picture, pictureOf } from "./figure.ts";
import { checkRows } from "./rows.ts";
import { clipText, element, textLine, textWidth } from "./svg.ts";
import { THEME } from "./theme.ts";

/** An image with its objects. */
export interface Sample {
  /** The image, see `pictureOf`. */
  picture: Picture;
  /** Its annotated objects, in px of the image. */
  boxes: readonly AnnotatedBox[];
}

/** Samples of one data set. */
export interface SheetRow {
  /** Name of the data set. */
  dataset: string;
  /** What stands beside it, such as the mean number of objects. */
  caption?: string;
  /** A few of its images. */
  samples: readonly Sample[];
}

/** Side of an object as a share of the image's from which figures call it large: between the two groups of CLEVR-DS. */
export const LARGE_SIDE = 0.2;

const GAP = 12, HEADING = 26, ROW_GAP = 16;

/**
 * A row of images a data set, every annotated object in its box: small ones in full lines, large ones in dashes.
 *
 * @param rows one a data set
 * @throws RangeError when there are no rows, two for one data set, or one without samples
 */
export function contactSheet(rows: readonly SheetRow[], options: FigureOptions = {}): Figure {
  checkRows(rows, ({ dataset }) => dataset, "contact sheet");
  const empty = rows.find(({ samples }) => samples.length === 0);
  if (empty) {
    throw new RangeError(`Cannot draw contact sheet: ${empty.dataset} has no samples`);
  }
  const columns = Math.max(...rows.map(({ samples }) => samples.length));
  return frame({
    title: "What is searched",
    alt: `Sample images with annotated objects: ${
      rows.map(({ dataset, samples }) =>
        `${dataset} with ${samples.map(({ boxes }) => boxes.length).join(", ")} objects`
      ).join("; ")
    }`,
    note: `Yellow: annotated objects, dashed from ${
      100 * LARGE_SIDE
    } % of the image’s side on. Below each image: their number; what has no box is not annotated.`,
    width: 760,
    ...options,
  }, (width) => {
    const size = (width - GAP * (columns - 1)) / columns;
    // captions that do not fit beside the names stand below them
    const beside = rows.every(({ dataset, caption = "" }) =>
      textWidth(dataset, 14, 600) + textWidth(caption, 12) + 16 <= width
    );
    const heading = beside ? HEADING : HEADING + 18;
    const height = heading + size + 18;
    const markup = rows.map((row, i) =>
      element(
        "g",
        { transform: `translate(0,${i * (height + ROW_GAP)})` },
        sheetRow(row, { width, size, heading }),
      )
    ).join("");
    return { markup, width, height: rows.length * (height + ROW_GAP) - ROW_GAP };
  });
}

function sheetRow(
  { dataset, caption = "", samples }: SheetRow,
  { width, size, heading }: { width: number; size: number; heading: number },
): string {
  const soft = { size: 12, fill: THEME.soft };
  const name = clipText(dataset, width, 14, 600);
  const words = textLine(name, 0, 14, { size: 14, weight: 600 }) +
    (heading === HEADING
      ? textLine(caption, width, 14, { ...soft, anchor: "end" })
      : textLine(clipText(caption, width, 12), 0, 31, soft));
  return words + samples.map((sample, i) =>
    element(
      "g",
      { transform: `translate(${i * (size + GAP)},${heading})` },
      drawSample(sample, size),
    )
  ).join("");
}

/** The image, whole, in a square. */
function drawSample({ picture, boxes }: Sample, size: number): string {
  const scale = size / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const [left, top] = [(size - width) / 2, (size - height) / 2];
  const image = element("image", {
    href: picture.href,
    ...{ x: left, y: top, width, height },
    preserveAspectRatio: "none",
  });
  const area = picture.width * picture.height;
  const outlines = boxes.map((box) => {
    const large = Math.sqrt(box.width * box.height / area) >= LARGE_SIDE;
    const shape = {
      x: left + box.left * scale,
      y: top + box.top * scale,
      width: box.width * scale,
      height: box.height * scale,
      fill: "none",
    };
    const corners = box.corners?.map(([x, y]): Point => [left + x * scale, top + y * scale]);
    const draw = (style: Record<string, string | number | undefined>) =>
      corners ? cornerOutline(corners, style) : element("rect", { ...shape, ...style });
    return draw({ stroke: "#10131a", "stroke-opacity": 0.55, "stroke-width": 2.6 }) +
      draw({
        stroke: THEME.match,
        "stroke-width": 1.3,
        "stroke-dasharray": large ? "6 4" : undefined,
      });
  }).join("");
  const count = `${boxes.length} annotated`; // there may be more to see: CLEVR-DS-L asks for large ones only
  return element("rect", { width: size, height: size, fill: THEME.line }) + image + outlines +
    textLine(count, 0, size + 14, { size: 11.5, fill: THEME.soft });
}

/**
 * Samples of a data set, from images with few objects to images with many.
 *
 * @param dataset with annotations
 * @param options `count` images; `caption` beside the name; `label` instead of the data set's own
 * @throws {Error} when an image cannot be decoded
 */
export async function sheetRowOf(
  dataset: Dataset,
  { label = dataset.name, caption, count = 4 }: {
    label?: string;
    caption?: string;
    count?: number;
  } = {},
): Promise<SheetRow> {
  const filled = dataset.images.filter((image) => placedObjects(image).length > 0)
    .sort((a, b) => a.objects.length - b.objects.length); // stable: equal ones in their order
  const shown = Math.min(count, filled.length);
  const places = Array.from(
    { length: shown },
    (_, i) => Math.floor((i + 0.5) / shown * filled.length),
  );
  const samples = await Promise.all(places.map(async (at) => ({
    picture: await pictureOf(await decodeImage(filled[at].path, dataset.pixels), { maxSide: 360 }),
    boxes: placedObjects(filled[at]).map(annotatedBox),
  })));
  return { dataset: label, ...(caption && { caption }), samples };
}
