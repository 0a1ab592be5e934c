/**
 * The data set that one name stands for, everywhere: in tasks, in `--set`, in configurations.
 *
 * @module
 */
import { type ImageFolder, locateDataset } from "../datasets/mod.ts";
import type { DatasetConfig, DatasetFiles, FilesConfig } from "./dataset_config.ts";

/** A generated data set as a configuration says it. */
export type GeneratedConfig = Extract<DatasetConfig, { source: "clevr-ds" }>;

/** What a name says of a generated data set. */
type Named = Pick<GeneratedConfig, "variant" | "family"> & { images?: number };

/** What a name leaves open. */
const GENERATED: GeneratedConfig = {
  source: "clevr-ds",
  variant: "mixed",
  family: "fluent-3d",
  images: 1500,
  split: "test",
  size: 480,
};

const VARIANTS: Readonly<Record<string, GeneratedConfig["variant"]>> = {
  mixed: "mixed",
  s: "S",
  l: "L",
  reduced: "reduced",
};

/** A name of a generated data set: `clevr-ds`, `clevr-ds-S`, `clevr-ds-reduced-noto`, `clevr-ds-L:400` of 400 images. */
function readGenerated(name: string): Named | undefined {
  if (!/^clevr-ds/i.test(name)) return undefined;
  const read = /^clevr-ds(?:-(mixed|s|l|reduced))?(-noto)?(?::([1-9]\d{0,5}))?$/i.exec(name);
  if (read === null) {
    throw new RangeError(
      `Cannot find data set ${name}: generated ones are called clevr-ds, clevr-ds-S, clevr-ds-L, ` +
        "clevr-ds-reduced, each with -noto for other renderings and :400 for so many images",
    );
  }
  const [, variant = "mixed", noto, images] = read;
  return {
    variant: VARIANTS[variant.toLowerCase()],
    family: noto === undefined ? "fluent-3d" : "noto",
    ...(images !== undefined && { images: Number(images) }),
  };
}

/**
 * The data set that a name stands for: `clevr-ds…` a generated one, everything else one that exists, see
 * `locateDataset`.
 *
 * @param name such as `clevr-ds-S:400`, `dota:/data/DOTA`, `coco:instances.json:photos`, or a path
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
  const said = readGenerated(name);
  return said === undefined ? locateDataset(name) as FilesConfig | ImageFolder : {
    ...generated,
    ...said,
  };
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
  if (dataset.source === "clevr-ds") {
    return `generated: CLEVR-DS ${dataset.variant}, ${dataset.family}`;
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
