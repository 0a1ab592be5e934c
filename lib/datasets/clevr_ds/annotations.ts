/**
 * CLEVR-DS on disk: what is recorded of each image, and the COCO files made of the records.
 *
 * @module
 */
import { join } from "node:path";
import { readTextIfThere, sha256File, writeAtomic } from "../../runtime/files.ts";
import type { ClevrDsVariant, PlannedObject } from "./recipe.ts";
import type { Scene } from "./scene.ts";
import type { SpriteFamily } from "./sprites.ts";

/** The parts of a data set, in the ratio 7:1:2. */
export const SPLITS = ["train", "val", "test"] as const;

/** Name of one part of a data set. */
export type SplitName = typeof SPLITS[number];

/** What decides the content of every image, save for its number. */
export interface Recipe {
  /** Raised whenever the same seed gives other pictures. */
  version: number;
  /** Seed of the whole data set. */
  seed: number;
  /** Which scenes. */
  variant: ClevrDsVariant;
  /** In which style. */
  family: SpriteFamily;
  /** Side of the images in px. */
  size: number;
  /** Mean number of objects an image, where it is not the variant's own. */
  objects?: number;
  /** How many of the variant's classes there are, where not all. */
  classes?: number;
}

/** What is recorded of one image: enough to write its annotations without drawing it again. */
export interface ImageRecord {
  /** Number of the image, from 0. */
  index: number;
  /** Hash of the image file. */
  sha256: string;
  /** Its objects; category -1 is a distractor. */
  objects: (PlannedObject & {
    /** Left, top, width, height in px. */
    bbox: [number, number, number, number];
    /** Visible pixels. */
    area: number;
    /** Visible share of its pixels. */
    visible: number;
  })[];
}

/** File name of an image inside `images/`; COCO ids count from 1. */
export const imageName = (index: number): string => `${String(index + 1).padStart(6, "0")}.jpg`;

/** The part an image belongs to: of every ten, seven train, one val, two test. */
export function splitOf(index: number): SplitName {
  return index % 10 < 7 ? "train" : index % 10 < 8 ? "val" : "test";
}

/** Records a drawn scene. */
export function recordScene(index: number, sha256: string, scene: Scene): ImageRecord {
  const objects = scene.objects.map(({ slug, category, size, box, area, visible }) => ({
    slug,
    category,
    size,
    bbox: [box.left, box.top, box.width, box.height] as [number, number, number, number],
    area,
    visible: Math.round(visible * 1000) / 1000,
  }));
  return { index, sha256, objects };
}

/** Annotations and distractors of an image in COCO's form. */
function annotate({ index, objects }: ImageRecord) {
  return objects.map(({ category, slug, ...rest }, i) => ({
    id: (index + 1) * 100 + i,
    image_id: index + 1,
    ...(category < 0 ? { name: slug, distractor: true } : { category_id: category + 1 }),
    ...rest,
    iscrowd: 0,
  }));
}

/** Writes `train.json`, `val.json` and `test.json`, or some of them; distractors stand apart, where no reader counts them. */
export async function writeSplits(
  directory: string,
  recipe: Recipe,
  names: readonly string[],
  records: readonly ImageRecord[],
  splits: readonly SplitName[] = SPLITS,
): Promise<Record<SplitName, string>> {
  const categories = names.map((name, i) => ({ id: i + 1, name }));
  const description =
    "CLEVR-DS (the recipe of the DetailCLIP paper, §4.2) drawn with emoji sprites in " +
    "place of ShapeNet models, which cannot be redistributed";
  const paths = {} as Record<SplitName, string>;
  for (const split of SPLITS) {
    const own = records.filter(({ index }) => splitOf(index) === split);
    const all = own.flatMap(annotate);
    paths[split] = join(directory, `${split}.json`);
    if (!splits.includes(split)) continue;
    const content = {
      info: { description, split, recipe }, // loadCoco knows a drawn data set by its recipe
      images: own.map(({ index, sha256 }) => ({
        id: index + 1,
        file_name: imageName(index),
        width: recipe.size,
        height: recipe.size,
        sha256,
      })),
      categories,
      annotations: all.filter((entry) => !("distractor" in entry)),
      distractors: all.filter((entry) => "distractor" in entry),
    };
    const text = JSON.stringify(content); // what is there already may be on a disk that cannot be written
    if (await readTextIfThere(paths[split]) !== text) await writeAtomic(paths[split], text);
  }
  return paths;
}

/** Whether an image is on disk as it was recorded. */
export async function isIntact(directory: string, record: ImageRecord): Promise<boolean> {
  const path = join(directory, "images", imageName(record.index));
  return await sha256File(path).catch(() => "") === record.sha256;
}
