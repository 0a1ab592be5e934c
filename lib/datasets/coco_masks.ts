/**
 * The box of a COCO `segmentation`: polygons, or a mask of runs, counted as numbers or packed into text.
 *
 * @module
 */

/** A box as COCO writes it, in px: left, top, width, height. */
export type CocoBox = [left: number, top: number, width: number, height: number];

/** A box, or in words why there is none. */
type MaskBox = CocoBox | string;

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

function polygonsBox(polygons: unknown[]): MaskBox {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const polygon of polygons) {
    if (!isList(polygon) || polygon.length < 6 || polygon.length % 2 !== 0) {
      return "a polygon of it is not three or more pairs of numbers";
    }
    for (let i = 0; i < polygon.length; i += 2) {
      const [x, y] = [polygon[i], polygon[i + 1]];
      if (typeof x !== "number" || typeof y !== "number" || !Number.isFinite(x - y)) {
        return "a polygon of it holds what is not a finite number";
      }
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  return [left, top, right - left, bottom - top];
}

/** Lengths of runs from pycocotools' text: 5 bits a character, from the fourth on less the one two before; NaN if broken. */
function* unpackedRuns(text: string): Generator<number> {
  const last = [0, 0]; // the run before the last one, and the last
  for (let at = 0, index = 0; at < text.length; index++) {
    let run = 0, unit = 1, code: number;
    do {
      code = text.charCodeAt(at++) - 48;
      // Past the text's end the code is NaN; eight characters hold any number of pixels.
      if (!(code >= 0 && code < 64) || unit > 32 ** 7) return yield NaN;
      run += (code & 31) * unit;
      unit *= 32;
    } while (code & 32);
    if (code & 16) run -= unit;
    if (index > 2) run += last[0];
    last[0] = last[1];
    last[1] = run;
    yield run;
  }
}

function runsBox(height: number, width: number, runs: Iterable<unknown>): MaskBox {
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  let pixel = 0, inside = false; // masks go down the columns, and begin outside
  for (const run of runs) {
    if (typeof run !== "number" || !Number.isSafeInteger(run) || run < 0) {
      return "its mask holds a run that is not a number of pixels";
    }
    const end = pixel + run - 1;
    if (inside && run > 0) {
      const [first, last] = [Math.floor(pixel / height), Math.floor(end / height)];
      [left, right] = [Math.min(left, first), Math.max(right, last)];
      const oneColumn = first === last;
      top = Math.min(top, oneColumn ? pixel % height : 0);
      bottom = Math.max(bottom, oneColumn ? end % height : height - 1);
    }
    pixel += run;
    inside = !inside;
  }
  if (pixel !== height * width) return `the runs of its mask are not ${width} x ${height} pixels`;
  return right < 0 ? "its mask is empty" : [left, top, right - left + 1, bottom - top + 1];
}

/**
 * The box of a segmentation: that of all corners of its polygons, or of all pixels of its mask.
 *
 * @param segmentation as an annotation has it: polygons, or `{ size: [height, width], counts }` with a mask's runs as
 *   numbers or as the text that pycocotools makes of them
 * @param image size of the image in px, where it is known: a mask of another size is refused
 * @returns the box in px, or why there is none, to go behind "it has no box, and"; `undefined` where there is no
 *   segmentation
 */
export function segmentationBox(
  segmentation: unknown,
  image: { width?: number; height?: number },
): CocoBox | string | undefined {
  if (isList(segmentation)) {
    if (segmentation.length === 0) return undefined;
    return polygonsBox(typeof segmentation[0] === "number" ? [segmentation] : segmentation);
  }
  if (typeof segmentation !== "object" || segmentation === null) return undefined;
  const { size, counts } = segmentation as Record<string, unknown>;
  if (!isList(size) || size.length !== 2 || !size.every((side) => Number.isSafeInteger(side))) {
    return "its mask has no size";
  }
  const [height, width] = size as number[];
  if (height < 1 || width < 1) return "its mask has no size";
  if ((image.width ?? width) !== width || (image.height ?? height) !== height) {
    return `its mask is of ${width} x ${height} px, its image of ${image.width} x ${image.height}`;
  }
  if (typeof counts === "string") return runsBox(height, width, unpackedRuns(counts));
  return isList(counts) ? runsBox(height, width, counts) : "its mask has no runs";
}
