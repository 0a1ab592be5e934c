/**
 * A plain folder of images, without annotations.
 *
 * @module
 */
import { basename, join } from "node:path";
import { operationSignal } from "../runtime/interrupt.ts";
import type { PixelConfig } from "../images/bands.ts";
import { createDataset, type Dataset, pixelsOf } from "./dataset.ts";
import { countsOf, type DatasetReport, emptyReport, note } from "./report.ts";
import { type FileKind, IMAGE_ENDINGS, kindOfEntry, kindOfFile } from "./folder_files.ts";
import { openRawNames, type RawNames } from "./raw_names.ts";

/** A folder that is listed, and what was found so far. */
interface Listing {
  root: string;
  ids: string[];
  report: DatasetReport;
  rawNames: RawNames;
  signal: AbortSignal;
}

/** Counts a file under the name of its format. */
function countFormat(
  report: DatasetReport,
  id: string,
  { kind, name }: Extract<FileKind, { name: string }>,
): void {
  const [key, names] = kind === "format"
    ? ["otherFormats", "formats"] as const
    : ["archives", "archiveFormats"] as const;
  note(report, key, `${id} (${name})`);
  report[names] = { ...report[names], [name]: (report[names]?.[name] ?? 0) + 1 };
}

/** Lists a regular file, or counts it. */
async function addFile({ root, ids, report }: Listing, id: string, inside: boolean): Promise<void> {
  const file = await kindOfFile(join(root, id), inside);
  if (file.kind === "other") return note(report, "otherFiles", id);
  if (!inside) return note(report, "unsafePaths", id);
  if ("name" in file) return countFormat(report, id, file);
  ids.push(id);
}

/** Lists a folder and those in it. */
async function walk(listing: Listing, folder: string): Promise<void> {
  const { root, report, signal } = listing;
  const path = join(root, folder);
  const inFolder = (name: string) => folder === "" ? name : `${folder}/${name}`;
  const entries: Deno.DirEntry[] = [];
  try {
    for await (const entry of Deno.readDir(path)) {
      signal.throwIfAborted();
      entries.push(entry);
    }
  } catch (error) {
    if (folder === "" || !(error instanceof Deno.errors.PermissionDenied)) throw error;
    return note(report, "unreadableFolders", folder);
  }
  for (const name of listing.rawNames.in(path)) note(report, "notUtf8", inFolder(name));
  for (const entry of entries) {
    signal.throwIfAborted();
    const id = inFolder(entry.name);
    const kind = await kindOfEntry(root, join(root, id), entry);
    const hidden = kind === "folder" && entry.name.startsWith("."); // thumbnails, bins, version control
    if (hidden) note(report, "hiddenFolders", id);
    else if (kind === "folder") await walk(listing, id);
    else if (kind === "file" || kind === "outsideFile") await addFile(listing, id, kind === "file");
    else note(report, kind === "other" ? "otherFiles" : `${kind}s`, id);
  }
}

/**
 * Lists a folder of images, sub-folders included, in the order of their ids. Whether a file really is
 * an image is found out when it is decoded: a file of that extension that is not one is listed, so that
 * it ends in the ledger rather than vanishing.
 *
 * What is not listed is counted: links that lead out of the folder, which are refused; links to folders within it,
 * whose images are listed where they are; pictures of formats that cannot be decoded, by format (`.heic`, `.bmp` and
 * the like are listed where their content can); archives such as the tar shards of WebDataset, which have to be
 * unpacked; names that are not UTF-8, which have to be changed; hidden folders and those that may not be read; and files of
 * other endings.
 *
 * @param directory the folder
 * @param options `bands` and `stretch` say how pixels become RGB, see `decodeImage`; `signal` stops the listing with its
 *   reason; by default an interrupt does
 * @returns a data set without annotations; an id is the path relative to the folder, with `/`
 * @throws {Error} when the folder does not exist, cannot be read or holds no image
 */
export async function loadFolder(
  directory: string,
  { bands, stretch, signal = operationSignal() }: PixelConfig & { signal?: AbortSignal } = {},
): Promise<Dataset> {
  signal.throwIfAborted();
  const attempt = `Cannot load image folder ${directory}`;
  const root = await Deno.realPath(directory).catch((cause) => {
    throw new Error(`${attempt}: ${cause.message}`, { cause });
  });
  if (!(await Deno.stat(root)).isDirectory) throw new Error(`${attempt}: it is not a folder`);
  const report: DatasetReport = { ...emptyReport(), otherFiles: 0 };
  const ids: string[] = [], rawNames = openRawNames();
  try {
    await walk({ root, ids, report, rawNames, signal }, "");
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new Error(`${attempt}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    rawNames.close();
  }
  if (ids.length === 0) {
    const counts = countsOf(report).join("; ");
    throw new Error(
      `${attempt}: it holds no image${counts && ` (${counts})`}; images are files that end in ` +
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
