/**
 * The objects that COCO-format annotations mark.
 *
 * @module
 */
import type { Box } from "../covers/mod.ts";
import type { CategoryMap } from "./coco_categories.ts";
import type { Json } from "./coco_file.ts";
import { flagsOf } from "./coco_flags.ts";
import type { ImageMap } from "./coco_images.ts";
import { withClasses } from "./coco_judged.ts";
import { segmentationBox } from "./coco_masks.ts";
import type { Corners, DatasetImage, DatasetObject, Point } from "./dataset.ts";
import { type DatasetReport, note } from "./report.ts";

/** A box that can be used, or the count that says why there is none, and what else there is to say. */
type FoundBox =
  | { box: Box; clipped: boolean; asCorners: boolean; fromMask: boolean }
  | {
    why: "crowd" | "ignored" | "empty" | "outside" | "notFinite" | "withoutBox" | "fractions";
    detail?: string;
  };

/** Whether a box lies within the first pixel, at no whole numbers: so do shares of the image's sides. */
const areFractions = ([left, top, width, height]: readonly number[]): boolean =>
  left >= 0 && top >= 0 && left + width <= 1 && top + height <= 1 &&
  ![left, top, width, height].every(Number.isInteger);

/** An annotation's `bbox`, or else that of its `segmentation`, as a box clipped to the image. */
function readBox({ bbox: given, segmentation }: Json, image: DatasetImage): FoundBox {
  const absent = given === undefined || given === null || (Array.isArray(given) && !given.length);
  const bbox = absent ? segmentationBox(segmentation, image) : given;
  if (bbox === undefined) return { why: "withoutBox" };
  if (typeof bbox === "string" && absent) return { why: "withoutBox", detail: bbox };
  const numbers = Array.isArray(bbox) ? bbox : [bbox];
  if (numbers.some((value) => typeof value === "number" && !Number.isFinite(value))) {
    return { why: "notFinite", detail: "its box holds NaN or Infinity" };
  }
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) {
    return { why: "empty", detail: "its box is not four numbers" };
  }
  const [left, top, width, height] = numbers as number[];
  if (width <= 0 || height <= 0) return { why: "empty" };
  if (!absent && areFractions(numbers as number[])) return { why: "fractions" };
  const { width: right = Infinity, height: bottom = Infinity } = image;
  const [x0, y0] = [Math.max(0, left), Math.max(0, top)];
  const [x1, y1] = [Math.min(right, left + width), Math.min(bottom, top + height)];
  if (!(x1 > x0 && y1 > y0 && x1 - x0 < Infinity && y1 - y0 < Infinity)) return { why: "outside" };
  // Rounding in exported files puts boxes a hair outside: only more than that is worth a count.
  const clipped = Math.max(x0 - left, y0 - top, left + width - x1, top + height - y1) > 0.01;
  const asCorners = !absent && Math.max(left + width - x1, top + height - y1) > 1 &&
    left >= 0 && top >= 0 && width > left && height > top && width <= right && height <= bottom;
  const box = { left: x0, top: y0, width: x1 - x0, height: y1 - y0 };
  return { box, clipped, asCorners, fromMask: absent };
}

/** From so many boxes on, and such a share of all, it is no chance that boxes stand out and would fit as two corners. */
const CORNERS = { boxes: 10, share: 0.2 };

/**
 * Refuses annotations whose boxes are most probably written as two corners: used as corner and size they would all be wrong.
 *
 * @param report of all annotations
 * @param objects how many can be used
 * @param attempt what fails, for the message
 * @throws {Error} when too many boxes stand out of their image and would fit as `[x1, y1, x2, y2]`
 */
export function checkBoxesAreSizes(
  { fitCorners = 0 }: DatasetReport,
  objects: number,
  attempt: string,
): void {
  if (fitCorners < CORNERS.boxes || fitCorners < CORNERS.share * objects) return;
  throw new Error(
    `${attempt}: ${fitCorners} of its ${objects} boxes stand out of their image as [left, top, width, height] and would ` +
      "fit as [x1, y1, x2, y2]; boxes have to be the former: convert them, or correct the images' sizes",
  );
}

/** Corners of an oriented box, where there are four that span its box: eight other numbers may be anything. */
function cornersOf({ corners }: Json, box: Box): Corners | undefined {
  if (!Array.isArray(corners) || corners.length !== 8 || !corners.every(Number.isFinite)) return;
  const at = [0, 2, 4, 6].map((i): Point => [corners[i], corners[i + 1]]);
  const [xs, ys] = [0, 1].map((axis) => at.map((point) => point[axis]));
  const right = box.left + box.width, bottom = box.top + box.height;
  const hair = 1e-9 * Math.max(1, right, bottom); // a width was rounded
  const spans = Math.min(...xs) <= box.left + hair && Math.max(...xs) >= right - hair &&
    Math.min(...ys) <= box.top + hair && Math.max(...ys) >= bottom - hair;
  return spans ? at as unknown as Corners : undefined;
}

const ID_PROBLEMS = {
  unknown: "",
  unusable: ", which is no id",
  ambiguous: ", which could be several that are listed",
};

/**
 * Adds what an annotation marks to its image, or counts why it cannot be used.
 *
 * @param annotation as the file has it
 * @param byId the images
 * @param categories the categories
 * @param report what is left out is counted in it
 * @param unscored whether its benchmark ignores it
 */
export function addObject(
  annotation: Json,
  byId: ImageMap,
  categories: CategoryMap,
  report: DatasetReport,
  unscored: boolean = false,
): void {
  const image = byId.find(annotation.image_id), category = categories.find(annotation.category_id);
  // Put into words only where it is told: most annotations can be used.
  const what = () =>
    `annotation ${JSON.stringify(annotation.id)} of image ${JSON.stringify(annotation.image_id)}`;
  if (!("value" in image)) return note(report, "unknownImages", what() + ID_PROBLEMS[image.kind]);
  if (image.value === null) return; // its image was counted
  const place = "value" in category ? category.value : undefined;
  if (typeof place !== "number") {
    if (place) image.value.notExhaustive = withClasses(image.value.notExhaustive, place);
    const problem = ID_PROBLEMS["value" in category ? "ambiguous" : category.kind];
    const which = `category ${JSON.stringify(annotation.category_id)}${problem}`;
    return note(report, "unknownCategories", `${what()}, ${which}`);
  }
  const { crowd, ignored } = flagsOf(annotation);
  const found: FoundBox = crowd
    ? { why: "crowd" }
    : unscored
    ? { why: "ignored" }
    : readBox(annotation, image.value);
  if ("why" in found) {
    // The image shows the class, but not where: it is no wrong answer.
    image.value.notExhaustive = withClasses(image.value.notExhaustive, [place]);
    return note(report, found.why, what() + (found.detail ? `: ${found.detail}` : ""));
  }
  if (found.clipped) note(report, "clipped", what());
  if (found.asCorners) report.fitCorners = (report.fitCorners ?? 0) + 1;
  if (ignored) report.markedIgnored++;
  if (found.fromMask) report.boxesFromMasks++;
  if (image.kind === "mixed" || category.kind === "mixed") report.mixedIds++;
  const object: DatasetObject = { category: place, box: found.box };
  const corners = cornersOf(annotation, found.box);
  if (corners) object.corners = corners;
  if (annotation.size === "small" || annotation.size === "large") object.size = annotation.size;
  image.value.objects.push(object);
}
