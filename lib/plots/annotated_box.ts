/**
 * Annotated objects as figures draw them: upright boxes, or oriented ones by their corners.
 *
 * @module
 */
import type { Box } from "../covers/cover.ts";
import type { Corners, DatasetObject, Point } from "../datasets/mod.ts";
import { type Attributes, element } from "./svg.ts";

/** Where an annotated object is, in px of the image. */
export interface AnnotatedBox extends Box {
  /** Corners of an oriented box, which are drawn in its place. */
  corners?: Corners;
}

/** The box of an object, with its corners where it has some. */
export function annotatedBox({ box, corners }: DatasetObject): AnnotatedBox {
  return corners ? { ...box, corners } : box;
}

/** Corners moved away from their centre by a length, so that what they enclose is seen. */
export function widened(corners: readonly Point[], length: number): Point[] {
  const [x, y] = [0, 1].map((axis) =>
    corners.reduce((sum, point) => sum + point[axis], 0) / corners.length
  );
  return corners.map(([cx, cy]): Point => {
    const distance = Math.hypot(cx - x, cy - y), factor = distance > 0 ? 1 + length / distance : 1;
    return [x + (cx - x) * factor, y + (cy - y) * factor];
  });
}

/** A closed outline through corners. */
export function cornerOutline(corners: readonly Point[], attributes: Attributes): string {
  const points = corners.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
  return element("polygon", { points, fill: "none", "stroke-linejoin": "round", ...attributes });
}

const round = (value: number) => Math.round(value * 100) / 100;
