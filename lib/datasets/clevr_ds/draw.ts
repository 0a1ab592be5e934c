/**
 * Draws the images of a CLEVR-DS data set, each by its number.
 *
 * @module
 */
import { canonicalJson, sha256 } from "../../runtime/files.ts";
import { encodeJpeg } from "../../images/encode.ts";
import { createRandom } from "../../numeric/random.ts";
import { type Recipe, recordScene } from "./annotations.ts";
import { clevrDsClasses, loadPyramids } from "./classes.ts";
import { planScene } from "./recipe.ts";
import { drawScene } from "./scene.ts";

const JPEG_QUALITY = 92;

/** An image as it is written. */
export interface DrawnImage {
  /** The JPEG file. */
  bytes: Uint8Array;
  /** Its record, as canonical JSON. */
  record: string;
}

/** Draws the image of a number, from 0; the same whoever draws it, and after whatever. */
export type DrawImage = (index: number) => Promise<DrawnImage>;

/**
 * Makes ready to draw.
 *
 * @param recipe what decides the images
 * @throws {Error} when the family does not draw one of the objects
 */
export async function loadDrawing(
  { seed, variant, family, size, classes, objects }: Recipe,
): Promise<DrawImage> {
  const { slugs, distractors } = await clevrDsClasses(variant, classes);
  const sprite = await loadPyramids([...slugs, ...distractors], family);
  return async (index) => {
    const random = createRandom(seed).fork(`${variant} ${index}`);
    const plan = planScene(random.fork("plan"), variant, slugs, distractors, objects);
    const scene = drawScene(random, plan, { size, overlap: variant !== "reduced", sprite });
    const bytes = await encodeJpeg(scene.image, JPEG_QUALITY);
    return { bytes, record: canonicalJson(recordScene(index, sha256(bytes), scene)) };
  };
}
