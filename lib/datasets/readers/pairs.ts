/**
 * Formats with a label file an image: which belongs to which, by their names and the part of the data set.
 *
 * @module
 */
import { isImageName, partOf, realFolder, stemOf } from "./files.ts";
import type { Lists } from "./lists.ts";
import type { DatasetPlace } from "./place.ts";

/** An image with its label file. */
export interface LabelledImage {
  /** Path of the label file, relative to the folder of labels. */
  label: string;
  /** Path of the image, relative to the root; where there is none, the name that it should have. */
  image: string;
  /** The part of the data set that it belongs to. */
  part?: string;
}

/** What label files are, for {@linkcode pairFiles}. */
export interface LabelFiles {
  /** What their names end in, such as `.txt`. */
  ending: string;
  /** Folders that hold them: a file in another folder is one only if an image has its name. */
  folders: RegExp;
  /** Folders whose files are something else. */
  others?: RegExp;
}

/** Pairs of all parts, and images without a label file. */
export interface Pairs {
  /** In the order of the label files. */
  pairs: LabelledImage[];
  /** Paths of images that have none. */
  unlabelled: string[];
}

/** Files by their stems. */
type ByStem = Map<string, { path: string; part?: string }[]>;

function byStem(paths: readonly string[]): ByStem {
  const found: ByStem = new Map();
  for (const path of paths) {
    const stem = stemOf(path), same = found.get(stem), entry = { path, part: partOf(path) };
    if (same) same.push(entry);
    else found.set(stem, [entry]);
  }
  return found;
}

/** Images of a label file: those of its part, or all of its name where none is of its part. */
function imagesOf(label: string, images: ByStem): string[] {
  const named = images.get(stemOf(label)) ?? [], part = partOf(label);
  const same = named.filter((image) => image.part === part);
  return (same.length > 0 ? same : named).map(({ path }) => path);
}

/** Where the label and image folders of a place are. */
export async function foldersOf(
  { annotations, root }: DatasetPlace,
  { attempt }: Lists,
): Promise<{ labels: string; root: string }> {
  return { labels: await realFolder(annotations, attempt), root: await realFolder(root, attempt) };
}

/**
 * Pairs label files with images of the same name. A label file that could be of several images is counted and left out.
 *
 * @param folders real paths of the folders of labels and of images, which may be the same
 * @param kind what label files are
 * @param lists where what is left out is counted
 * @throws {Error} when there is no label file, or an image has several
 */
export async function pairFiles(
  { labels, root }: { labels: string; root: string },
  kind: LabelFiles,
  lists: Lists,
  signal: AbortSignal,
): Promise<Pairs> {
  const files = await lists.filesBelow(labels, signal);
  const images = (labels === root ? files : await lists.filesBelow(root, signal)).filter(
    isImageName,
  );
  const stems = byStem(images), imageOf = new Map<string, string>();
  const pairs: LabelledImage[] = [];
  for (const label of files) {
    if (!label.toLowerCase().endsWith(kind.ending) || kind.others?.test(label)) continue;
    const found = imagesOf(label, stems);
    const folder = label.slice(0, Math.max(0, label.lastIndexOf("/")));
    if (found.length === 0 && !(labels !== root || kind.folders.test(folder))) continue; // a list, a readme
    if (found.length > 1) {
      lists.note("conflictingImages", `${label} could be of ${found.join(" or ")}`);
      continue;
    }
    const image = found[0] ?? `${stemOf(label)}.png`;
    const before = imageOf.get(image);
    if (before !== undefined) {
      throw lists.error(
        `${image} has two label files, ${before} and ${label}; name the folder of those that count, and that of ` +
          "the images: FORMAT:LABELS:IMAGES",
      );
    }
    imageOf.set(image, label);
    pairs.push({ label, image, part: partOf(label) ?? partOf(image) });
  }
  if (pairs.length === 0) throw lists.error(`it holds no label file (*${kind.ending})`);
  return { pairs, unlabelled: images.filter((image) => !imageOf.has(image)) };
}

/**
 * The pairs of the part that is wanted. Its images without a label file are counted, as it is not known what they show.
 *
 * @throws {Error} when the part has no label file
 */
export function pairsOfPart(
  { pairs, unlabelled }: Pairs,
  part: string | undefined,
  lists: Lists,
): LabelledImage[] {
  for (const image of unlabelled) {
    if (part === undefined || partOf(image) === part) lists.note("unlabelledImages", image);
  }
  const wanted = pairs.filter((pair) => part === undefined || pair.part === part);
  if (wanted.length > 0) return wanted;
  const known = [...new Set(pairs.map((pair) => pair.part ?? "none"))].join(", ");
  throw lists.error(`it has no labelled part ${part} (there are: ${known})`);
}
