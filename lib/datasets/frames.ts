/**
 * Boxes and pixels in one frame: annotated sizes are compared with those of the files, and boxes are brought to the
 * image as it is decoded, or refused.
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import { ImageError } from "../images/image_error.ts";
import { type ImageFrame, type ImageSize, readImageFrame, turnUpright } from "../images/frame.ts";
import type { Corners, DatasetImage, Point } from "./dataset.ts";
import { type DatasetReport, note } from "./report.ts";

/**
 * Which frame boxes are in where EXIF turns an image and sizes do not say it (orientations 2 to 4, square images,
 * entries without a size): that of the image as it is shown, or that of its stored pixels.
 */
export type AnnotationFrame = "upright" | "stored";

/** A file's frame, and whether the image's size is from there: then no size says in which frame boxes are. */
export type FoundFrame = ImageFrame & { sizeRead?: true };

const FILES_AT_A_TIME = 32;

/**
 * Reads the frames of image files. An image without a size gets the one in which its boxes are; a file whose header
 * cannot be read has no frame, and is found when it is decoded.
 *
 * @param images whose files exist
 * @param annotationFrame where sizes do not say it
 * @param report sizes that are taken from files are counted in it
 * @param signal stops the reading with its reason
 */
export async function readFrames(
  images: readonly DatasetImage[],
  annotationFrame: AnnotationFrame,
  report: DatasetReport,
  signal: AbortSignal,
): Promise<Map<DatasetImage, FoundFrame>> {
  const frames = new Map<DatasetImage, FoundFrame>();
  for (let start = 0; start < images.length; start += FILES_AT_A_TIME) {
    signal.throwIfAborted();
    const part = images.slice(start, start + FILES_AT_A_TIME);
    const read = await Promise.all(part.map(({ path }) => readFrame(path)));
    part.forEach((image, i) => { // in the order of the images, so that examples are the same ones each time
      const frame = read[i];
      if (!frame) return;
      const told = image.width !== undefined;
      frames.set(image, told ? frame : { ...frame, sizeRead: true });
      if (told) return;
      Object.assign(image, frame[annotationFrame]);
      report.sizesRead++;
    });
  }
  return frames;
}

/** The frame of a file; nothing where it is no image. */
async function readFrame(path: string): Promise<ImageFrame | undefined> {
  try {
    return await readImageFrame(path);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return undefined;
  }
}

function isEqual(one: ImageSize, other: ImageSize): boolean {
  return one.width === other.width && one.height === other.height;
}

/** Whether one size is the other scaled and rounded to whole pixels, in whatever way it is rounded. */
function isScaled(one: ImageSize, other: ImageSize): boolean {
  const difference = Math.abs(one.width * other.height - one.height * other.width);
  return difference <= Math.max(one.width, one.height, other.width, other.height);
}

/** The frames that an annotated size fits: those of the very size, or else those of its aspect. */
function fittingFrames(annotated: ImageSize, frame: ImageFrame): AnnotationFrame[] {
  const names = ["upright", "stored"] as const;
  const equal = names.filter((name) => isEqual(annotated, frame[name]));
  return equal.length > 0 ? equal : names.filter((name) => isScaled(annotated, frame[name]));
}

const sizeInWords = ({ width, height }: ImageSize) => `${width} x ${height} px`;

/** Turns and scales the boxes of an image to its file as it is decoded; where they cannot be, refuses them. */
function alignImage(
  image: DatasetImage,
  frame: FoundFrame,
  annotationFrame: AnnotationFrame,
  report: DatasetReport,
): void {
  const annotated = { width: image.width!, height: image.height! };
  const { upright, stored, orientation } = frame;
  const what = `${image.id}, annotated as ${sizeInWords(annotated)}, its file has ` +
    sizeInWords(upright) + (orientation > 4 ? `, stored as ${sizeInWords(stored)}` : "");
  const fitting = fittingFrames(annotated, frame);
  Object.assign(image, upright);
  if (image.objects.length === 0) return;
  if (fitting.length === 0) {
    image.boxesRefused = true;
    return note(report, "refusedBoxes", what);
  }
  const told = orientation === 1 || (fitting.length === 1 && !frame.sizeRead);
  const from = told ? fitting[0] : annotationFrame;
  if (!told) note(report, "unknownFrames", `${what}, EXIF orientation ${orientation}`);
  if (!isEqual(annotated, frame[from])) note(report, "scaledImages", what);
  const turns = from === "stored" && orientation > 1;
  if (turns) note(report, "turnedImages", `${what}, EXIF orientation ${orientation}`);
  const scale = {
    x: frame[from].width / annotated.width,
    y: frame[from].height / annotated.height,
  };
  const align = (box: Box) => {
    const scaled = scaleBox(box, scale);
    return turns ? turnUpright(scaled, frame) : scaled;
  };
  for (const object of image.objects) {
    object.box = align(object.box);
    if (object.corners) {
      object.corners = object.corners.map((at) => alignPoint(at, align)) as unknown as Corners;
    }
  }
}

function scaleBox(box: Box, { x, y }: { x: number; y: number }): Box {
  if (x === 1 && y === 1) return box;
  return { left: box.left * x, top: box.top * y, width: box.width * x, height: box.height * y };
}

/** A point is a box without extent. */
function alignPoint([x, y]: Point, align: (box: Box) => Box): Point {
  const { left, top } = align({ left: x, top: y, width: 0, height: 0 });
  return [left, top];
}

/**
 * Brings the boxes of images into the frames of their files; afterwards widths and heights are those of the images as
 * they are decoded. What was turned, scaled or refused is counted in the report.
 *
 * @param frames of the images whose files could be read
 * @param annotationFrame which frame boxes are in where sizes do not say it
 * @param report counts and examples
 */
export function alignBoxes(
  frames: ReadonlyMap<DatasetImage, FoundFrame>,
  annotationFrame: AnnotationFrame,
  report: DatasetReport,
): void {
  for (const [image, frame] of frames) alignImage(image, frame, annotationFrame, report);
}
