/**
 * What a configuration needs and this machine lacks: said in a table, not thrown.
 *
 * @module
 */
import { join } from "node:path";
import { IMAGE_ENDINGS } from "../datasets/folder_files.ts";
import type { DatasetFormat } from "../datasets/mod.ts";
import { locateEncoder } from "../encoders/mod.ts";
import { type DatasetFiles, type ExperimentConfig, isGenerated } from "./config.ts";

/** Bytes at each end of a file that are looked at. */
const ENDS = 64;

/** Why something cannot be used, where it cannot. */
async function attempt(work: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await work();
  } catch (error) {
    return (error as Error).message;
  }
}

/** What is wrong with a folder of images. */
function folderFault(path: string): Promise<string | undefined> {
  return attempt(async () => {
    if (!(await statOf(path))?.isDirectory) return `there is no folder ${path}`;
    if (await holdsFile(path)) return; // throws where it cannot be read
    return `the folder ${path} is empty: it holds no image (${IMAGE_ENDINGS})`;
  });
}

/** Whether a folder holds a file, at any depth. */
async function holdsFile(folder: string): Promise<boolean> {
  const folders: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) return true;
    folders.push(join(folder, name));
  }
  for (const inner of folders) if (await holdsFile(inner)) return true;
  return false;
}

/** What is wrong with a file. */
function fileFault(path: string): Promise<string | undefined> {
  return attempt(async () => (await statOf(path))?.isFile ? undefined : `there is no file ${path}`);
}

/** What is wrong with a file of annotations, by its ends: reading all of LVIS would take as long as opening it. */
function annotationsFault(path: string): Promise<string | undefined> {
  return attempt(async () => {
    const stat = await statOf(path);
    if (!stat?.isFile) return `there is no file ${path}`;
    using file = await Deno.open(path);
    const first = await textAt(file, 0);
    const last = await textAt(file, Math.max(0, stat.size - ENDS));
    if (/^\uFEFF?\s*\{/.test(first) && last.trimEnd().endsWith("}")) return;
    return `${path} is not whole JSON: it must begin with { and end with }`;
  });
}

/** A few bytes of a file as text. */
async function textAt(file: Deno.FsFile, offset: number): Promise<string> {
  const bytes = new Uint8Array(ENDS);
  await file.seek(offset, Deno.SeekMode.Start);
  const count = await file.read(bytes) ?? 0;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, count));
}

/** What is at a path, if anything. */
async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What is wrong with the files of a split. */
async function splitFaults(
  { annotations, root }: DatasetFiles,
  source: DatasetFormat,
): Promise<(string | undefined)[]> {
  const json = source === "coco" || source === "xview";
  const fault = json
    ? await annotationsFault(annotations)
    : source === "yolo"
    ? await fileFault(annotations)
    : await folderFault(annotations);
  return [fault, await folderFault(root)];
}

/**
 * Looks for the encoder and the data set of a configuration without loading them.
 *
 * @param config what is to be run
 * @returns all that is missing or damaged, in words, the data set first; `undefined` where all is there
 */
export async function missingPart(
  { encoder, dataset }: Pick<ExperimentConfig, "encoder" | "dataset">,
): Promise<string | undefined> {
  const faults: (string | undefined)[] = [];
  if (!isGenerated(dataset)) {
    for (const files of [dataset, dataset.train, dataset.val]) {
      if (files) faults.push(...await splitFaults(files, dataset.source));
    }
  }
  faults.push(
    await attempt(async () => {
      await locateEncoder(encoder.id, { dtype: encoder.dtype });
      return undefined;
    }),
  );
  const found = [...new Set(faults.filter((fault) => fault !== undefined))];
  return found.length > 0 ? found.join("; ") : undefined;
}
