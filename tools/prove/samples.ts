/**
 * Whole files that damage begins with: images of every accepted format, annotation files of every reader.
 *
 * @module
 */
import { ALLOWED_FORMATS } from "../../lib/images/format.ts";
import { sharp } from "../../lib/images/sharp.ts";
import { createRandom } from "../../lib/numeric/random.ts";

/** Width and height of the samples in px. */
const SAMPLE_SIZE: [number, number] = [60, 44];

/** An accepted format. */
export type Format = typeof ALLOWED_FORMATS[number];

/** A picture with noise in it, so that its files have something to damage. */
function picture(seed: number) {
  const [width, height] = SAMPLE_SIZE, random = createRandom(`sample ${seed}`);
  const data = Uint8Array.from(
    { length: 3 * width * height },
    (_, i) => (i % (3 * width)) + random.integer(0, 40),
  );
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/**
 * Images of every accepted format, each in some of its ways: interlaced, of 16 bits, animated, compressed otherwise.
 *
 * @returns files by format
 */
export async function sampleImages(): Promise<Record<Format, Uint8Array[]>> {
  const still = () => picture(1);
  const frames = [await picture(1).png().toBuffer(), await picture(2).png().toBuffer()];
  const moving = () => sharp(frames, { join: { animated: true } });
  const pipelines: Record<Format, ReturnType<typeof sharp>[]> = {
    jpeg: [
      still().jpeg(),
      still().jpeg({ progressive: true }),
      still().toColourspace("cmyk").jpeg(),
      still().jpeg().withMetadata({ orientation: 6 }),
    ],
    png: [
      still().png(),
      still().png({ progressive: true }),
      still().png({ palette: true }),
      still().toColourspace("rgb16").png(),
      still().ensureAlpha(0.5).png(),
    ],
    webp: [still().webp(), still().webp({ lossless: true }), moving().webp()],
    gif: [still().gif(), moving().gif()],
    tiff: [
      still().tiff({ compression: "none" }),
      still().tiff({ compression: "lzw" }),
      still().tiff({ compression: "jpeg" }),
      still().tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }),
      still().toColourspace("rgb16").tiff({ compression: "deflate", predictor: "horizontal" }),
    ],
    avif: [still().avif({ effort: 0 }), still().avif({ effort: 0, lossless: true })],
  };
  const files: Partial<Record<Format, Uint8Array[]>> = {};
  for (const format of ALLOWED_FORMATS) {
    files[format] = [];
    for (const pipeline of pipelines[format]) {
      files[format].push(new Uint8Array(await pipeline.toBuffer()));
    }
  }
  return files as Record<Format, Uint8Array[]>;
}

/** Images, categories and boxes, as COCO has them. */
function coco(): Record<string, unknown> {
  const images = [1, 2, 3].map((id) => ({ id, file_name: `${id}.png`, width: 60, height: 44 }));
  const annotations = Array.from({ length: 6 }, (_, i) => ({
    id: i + 1,
    image_id: 1 + i % 3,
    category_id: 1 + i % 2,
    bbox: [i, 2 * i, 10.5, 12],
    area: 126,
    iscrowd: 0,
  }));
  const categories = [{ id: 1, name: "cat", supercategory: "animal" }, { id: 2, name: "dog" }];
  return { info: { year: 2014 }, licenses: [{ id: 1 }], images, annotations, categories };
}

/** Annotations without boxes: polygons, and masks as runs, packed or not. */
function masks(): Record<string, unknown> {
  const whole = coco();
  const shapes = [
    [[1, 1, 20, 1, 20, 20, 1, 20]],
    [[2, 2, 9, 2, 9, 9], [20, 20, 30, 20, 30, 30]],
    { size: [44, 60], counts: [50, 4, 40, 4, 2542] },
    { size: [44, 60], counts: "^1`0N0000000000ZV1" },
  ];
  const annotations = (whole.annotations as Record<string, unknown>[]).map((
    { bbox: _, ...rest },
    i,
  ) => ({
    ...rest,
    segmentation: shapes[i % shapes.length],
  }));
  return { ...whole, annotations };
}

/** LVIS: what was looked for in an image, and addresses in place of names. */
function lvis(): Record<string, unknown> {
  const whole = coco();
  const images = (whole.images as { file_name: string }[]).map(({ file_name, ...rest }) => ({
    ...rest,
    coco_url: `http://images.cocodataset.org/val2017/${file_name}`,
    neg_category_ids: [2],
    not_exhaustive_category_ids: [1],
  }));
  const categories = [1, 2].map((id) => ({
    ...{ id, name: `thing_${id}`, synset: `thing.n.0${id}`, frequency: "r", synonyms: ["thing"] },
  }));
  return { ...whole, images, categories };
}

/** A whole annotation file for every reader. */
export const SAMPLE_ANNOTATIONS: Record<string, () => Record<string, unknown>> = {
  coco,
  masks,
  lvis,
};
