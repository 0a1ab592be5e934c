/**
 * A plain folder of images, without annotations.
 *
 * @module
 */
import { basename, join } from "node:path";
import { operationSignal } from "../runtime/interrupt.ts";
import type { PixelConfig } from "../images/bands.ts";
import { createDataset, type Dataset, emptyReport, pixelsOf } from "./dataset.ts";
import { isInside } from "./paths.ts";

const ENDINGS = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "tif", "tiff", "avif"];
const EXTENSIONS = new RegExp(`\\.(${ENDINGS.join("|")})$`, "i");

/** What files of images end in, for messages. */
export const IMAGE_ENDINGS: string = ENDINGS.map((ending) => `.${ending}`).join(", ");

/**
 * Lists a folder of images, sub-folders included, in the order of their ids. Whether a file really is
 * an image is found out when it is decoded: a file of that extension that is not one is listed, so that
 * it ends in the ledger rather than vanishing. Links that lead out of the folder are refused and counted;
 * files of other endings are left out and counted.
 *
 * @param directory the folder
 * @param options `bands` and `stretch` say how pixels become RGB, see `decodeImage`; `signal` stops the listing with its reason; by default an interrupt does
 * @returns a data set without annotations; an id is the path relative to the folder, with `/`
 * @throws {Error} when the folder does not exist, cannot be read or holds no image
 */
export async function loadFolder(
  directory: string,
  { bands, stretch, signal = operationSignal() }: PixelConfig & { signal?: AbortSignal } = {},
): Promise<Dataset> {
  signal.throwIfAborted();
  const root = await Deno.realPath(directory).catch((cause) => {
    throw new Error(`Cannot load image folder ${directory}: ${cause.message}`, { cause });
  });
  if (!(await Deno.stat(root)).isDirectory) {
    throw new Error(`Cannot load image folder ${directory}: it is not a folder`);
  }
  const report = { ...emptyReport(), otherFiles: 0 };
  const ids: string[] = [];
  const leaveOut = (what: "unsafePaths" | "otherFiles", id: string) => {
    report[what]++;
    if (report.examples.length < 10) report.examples.push(`${what}: ${id}`);
  };
  const walk = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(join(root, folder))) {
      signal.throwIfAborted();
      const id = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory) await walk(id);
      else if (!EXTENSIONS.test(entry.name)) leaveOut("otherFiles", id);
      else if (entry.isSymlink && !await leadsInside(root, join(root, id))) {
        leaveOut("unsafePaths", id);
      } else ids.push(id);
    }
  };
  await walk("");
  if (ids.length === 0) {
    const counts: [number, string][] = [
      [report.unsafePaths, "links that lead out of it"],
      [report.otherFiles, "files of other endings"],
    ];
    const found = counts.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
    const others = found.length > 0 ? ` (${found.join("; ")})` : "";
    throw new Error(
      `Cannot load image folder ${directory}: it holds no image${others}; images are files that end in ` +
        IMAGE_ENDINGS,
    );
  }
  ids.sort((a, b) => (a < b ? -1 : 1)); // by code unit: the same order on every machine
  report.listed = ids.length + report.unsafePaths;
  return createDataset({
    name: basename(root),
    categories: [],
    images: ids.map((id) => ({ id, path: join(root, id), objects: [] })),
    annotated: false,
    ...pixelsOf({ bands, stretch }, `Cannot load image folder ${directory}`),
    report,
  });
}

/** Whether a link stays inside the folder; one that leads nowhere does, and fails when decoded. */
async function leadsInside(root: string, link: string): Promise<boolean> {
  try {
    return isInside(root, await Deno.realPath(link));
  } catch {
    return true;
  }
}
