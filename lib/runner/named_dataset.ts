/**
 * The data set that one name stands for, everywhere: in tasks, in `--set`, in configurations.
 *
 * @module
 */
import { type ImageFolder, locateDataset, RETAIL_IMAGES } from "../datasets/mod.ts";
import {
  type ClevrDsConfig,
  type DatasetConfig,
  type DatasetFiles,
  type FilesConfig,
  type GeneratedConfig,
  isGenerated,
  type RetailConfig,
} from "./dataset_config.ts";

/** What a name leaves open. */
const GENERATED: ClevrDsConfig = {
  source: "clevr-ds",
  variant: "mixed",
  family: "fluent-3d",
  images: 1500,
  split: "test",
  size: 480,
};

const VARIANTS: Readonly<Record<string, ClevrDsConfig["variant"]>> = {
  mixed: "mixed",
  s: "S",
  l: "L",
  reduced: "reduced",
};

/** Whether a name is one of a generated data set, rightly written or not. */
export function isGeneratedName(name: string): boolean {
  return /^clevr-ds|^retail(?=-|:|$)/i.test(name);
}

/** Whose renderings a name says. */
const familyOf = (noto: string | undefined) => noto === undefined ? "fluent-3d" : "noto";

/** Retail scenes: `retail`, `retail-noto`, `retail:400`; of another data set they take no more images than there are. */
function readRetail(name: string, { images, split, size }: GeneratedConfig): RetailConfig {
  const read = /^retail(-noto)?(?::([1-9]\d{0,5}))?$/i.exec(name);
  if (read === null) {
    throw new RangeError(
      `Cannot find data set ${name}: generated retail scenes are called retail, retail-noto for other renderings, ` +
        "each with :400 for so many images",
    );
  }
  const [, noto, told] = read;
  const count = told === undefined ? Math.min(images, RETAIL_IMAGES) : Number(told);
  return { source: "retail", family: familyOf(noto), images: count, split, size };
}

/** CLEVR-DS: `clevr-ds`, `clevr-ds-S`, `clevr-ds-reduced-noto`, `clevr-ds-L:400` of 400 images. */
function readClevrDs(name: string, generated: GeneratedConfig): ClevrDsConfig {
  const read = /^clevr-ds(?:-(mixed|s|l|reduced))?(-noto)?(?::([1-9]\d{0,5}))?$/i.exec(name);
  if (read === null) {
    throw new RangeError(
      `Cannot find data set ${name}: generated ones are called clevr-ds, clevr-ds-S, clevr-ds-L, ` +
        "clevr-ds-reduced, each with -noto for other renderings and :400 for so many images",
    );
  }
  const [, variant = "mixed", noto, images] = read;
  return {
    ...generated,
    source: "clevr-ds",
    variant: VARIANTS[variant.toLowerCase()],
    family: familyOf(noto),
    ...(images !== undefined && { images: Number(images) }),
  };
}

/**
 * The data set that a name stands for: `clevr-ds…` and `retail…` generated ones, everything else one that exists, see
 * `locateDataset`.
 *
 * @param name such as `clevr-ds-S:400`, `retail`, `dota:/data/DOTA`, `coco:instances.json:photos`, or a path
 * @param generated what a generated one is otherwise
 * @throws {RangeError} when a generated one is called otherwise
 * @throws {Error} when there is nothing at the path, or it may be in several formats, which are named
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { datasetNamed } from "detailclip";
 * const dataset = datasetNamed("clevr-ds-S:400");
 * assert(dataset.source === "clevr-ds" && dataset.variant === "S" && dataset.images === 400);
 * ```
 */
export function datasetNamed(
  name: string,
  generated: GeneratedConfig = GENERATED,
): DatasetConfig | ImageFolder {
  if (!isGeneratedName(name)) return locateDataset(name) as FilesConfig | ImageFolder;
  return /^retail/i.test(name) ? readRetail(name, generated) : readClevrDs(name, generated);
}

/** Which images of a split are meant, in words. */
function partText({ annotations, part, draw }: DatasetFiles): string {
  const of = part ?? annotations;
  if (draw === undefined) return of;
  const { size, take, after } = draw;
  if (take === "rest") return `the rest of ${of}`;
  const count = (size: number) => size < 1 ? `one in ${Math.round(1 / size)}` : `${size}`;
  return `${count(size)} drawn from ${of}` + (after ? `, but for ${count(after)}` : "");
}

/** What a name was taken for, in a line: format, place, and which images are searched and learned from. */
export function describeSource(dataset: DatasetConfig | ImageFolder): string {
  if (dataset.source === "folder") {
    return `${dataset.root} is a folder of images without annotations`;
  }
  if (isGenerated(dataset)) {
    const { source, family, images } = dataset;
    const what = source === "retail" ? "retail scenes" : `CLEVR-DS ${dataset.variant}`;
    return `generated: ${what}, ${family}; ${images.toLocaleString("en")} in all, split 7:1:2`;
  }
  const { source, annotations, root, part, draw, train, val } = dataset;
  const where = root === annotations ? annotations : `${annotations} with the images of ${root}`;
  return [
    `data set in ${source} format: ${where}`,
    ...(part ?? draw ? [`${draw ? partText(dataset) : part} is searched`] : []),
    ...(train ? [`learned from: ${partText(train)}`] : []),
    ...(val ? [`the best epoch is chosen by: ${partText(val)}`] : []),
  ].join("; ");
}
