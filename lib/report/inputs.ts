/**
 * Files of one's own that a configuration names, which can change while the configuration stays.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileNameOf } from "../datasets/coco_image.ts";
import type { NamedDataset } from "./provenance.ts";

/** Annotations and the folder of their images. */
interface Files {
  annotations?: string;
  root?: string;
}

/** Files of images by the content of their annotations: the same large JSON is not read for every figure. */
const imageNames = new Map<string, string[]>();

function namesOf(content: Uint8Array, digest: string): string[] {
  const known = imageNames.get(digest);
  if (known) return known;
  let names: string[] = [];
  try {
    const { images } = JSON.parse(new TextDecoder().decode(content));
    names = images.map(fileNameOf).filter((name: unknown) => typeof name === "string");
  } catch {
    // not COCO's format, which is said where the data set is loaded
  }
  imageNames.set(digest, names);
  return names;
}

/** A file's bytes; `undefined` where they cannot be read, which is said where the data set is loaded. */
function bytesOf(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Size and time of change. */
function stateOf(path: string): string {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${size} ${mtimeMs}`;
  } catch {
    return "missing";
  }
}

/**
 * Six hexadecimal digits that change whenever annotations do, of any split, or an image that they name.
 *
 * @param dataset what is searched
 * @returns `undefined` for a generated data set, which its configuration determines, and where annotations cannot be read
 */
export function dataPrint(
  dataset: NamedDataset & { train?: Files; val?: Files },
): string | undefined {
  const hash = createHash("sha256");
  let found = false;
  for (const { annotations, root } of [dataset as Files, dataset.train ?? {}, dataset.val ?? {}]) {
    const content = annotations === undefined ? undefined : bytesOf(annotations);
    if (content === undefined) continue;
    found = true;
    const digest = createHash("sha256").update(content).digest("hex");
    hash.update(digest);
    if (root === undefined) continue;
    for (const name of namesOf(content, digest)) {
      hash.update(`${name} ${stateOf(join(root, name))}\n`);
    }
  }
  return found ? hash.digest("hex").slice(0, 6) : undefined;
}
