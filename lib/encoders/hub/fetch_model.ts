/**
 * The files of a model, from the hub into its folder.
 *
 * @module
 */
import { statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readTextIfThere, writeAtomic } from "../../runtime/files.ts";
import { printable } from "../../runtime/notice.ts";
import { downloadFile } from "./download_file.ts";
import { fileAddress, type HubFile, type HubModel, hubModel } from "./model_info.ts";
import type { HubOptions } from "./request.ts";

/** Notes beside a model's files where they came from. */
const SOURCE_FILE = "source.json";

/** What is noted in `source.json`. */
const SOURCE = z.object({
  id: z.string(),
  revision: z.string().regex(/^[0-9a-f]{40}$/),
  licence: z.string().optional(),
});

/** Where a model's files came from. */
export type ModelSource = z.infer<typeof SOURCE>;

/** What a download is about to bring. */
export interface DownloadPlan extends Pick<HubModel, "id" | "revision" | "licence" | "base"> {
  /** Where the files go. */
  folder: string;
  /** What is missing there. */
  files: HubFile[];
  /** Bytes of these files. */
  bytes: number;
}

/** Options of {@linkcode fetchModel}. */
export interface FetchModelOptions extends HubOptions {
  /** Called before the first byte, when all sizes are known. */
  onPlan?: (plan: DownloadPlan) => void;
  /** Called with the bytes that are on disk. */
  onBytes?: (bytes: number, file: string) => void;
}

/** What is noted of a folder's files; `undefined` where they were put there by hand. */
export async function readSource(folder: string): Promise<ModelSource | undefined> {
  const text = await readTextIfThere(join(folder, SOURCE_FILE));
  return text === undefined ? undefined : SOURCE.parse(JSON.parse(text));
}

/** The files that are wanted, with the weights that the hub keeps beside the graphs `*.onnx`. */
function withExternalData(model: HubModel, wanted: readonly string[]): HubFile[] {
  const missing = wanted.filter((path) => !model.files.some((file) => file.path === path));
  if (missing.length > 0) {
    const graphs = model.files.map(({ path }) => printable(path))
      .filter((path) => path.endsWith(".onnx"));
    const has = graphs.length > 0
      ? `of graphs it has ${graphs.join(", ")}`
      : "it has no ONNX graph";
    throw new Error(
      `Cannot add ${model.id}: it lacks ${
        missing.join(", ")
      }; ${has}. Another --dtype may have all, or a script of tools/encoders makes the files: ` +
        "export_encoder.py and others from a PyTorch checkpoint, split_towers.py from a graph of both towers",
    );
  }
  const graphOf = (path: string) => path.replace(/_data(_\d+)?$/, "");
  const files = model.files.filter(({ path }) => wanted.includes(graphOf(path)));
  // graphs after their weights: where a graph is, all of it is
  const isData = ({ path }: HubFile) => graphOf(path) !== path;
  return [...files.filter(isData), ...files.filter((file) => !isData(file))];
}

/** The bytes of a file, where there is one. */
function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** Refuses to start what the disk cannot hold. */
async function checkSpace({ id, folder, bytes }: DownloadPlan): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < bytes) {
    throw new Error(
      `Cannot add ${id}: its files have ${megabytes(bytes)}, and ${folder} has ${
        megabytes(free)
      } left`,
    );
  }
}

/** Bytes for people. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/**
 * Brings what a folder lacks of a model's files. All files of a folder are of one revision: that of the first
 * download.
 *
 * @param id `owner/name`
 * @param wanted paths of the files that are needed
 * @param folder where they go; what is there is kept
 * @returns what was brought
 * @throws {Error} when the hub does not have them, a file on disk is not the hub's, or a download fails
 */
export async function fetchModel(
  id: string,
  wanted: readonly string[],
  folder: string,
  { onPlan, onBytes, ...options }: FetchModelOptions,
): Promise<DownloadPlan> {
  const source = await readSource(folder);
  const model = await hubModel(id, { ...options, revision: source?.revision });
  const files = withExternalData(model, wanted);
  for (const { path, size } of files) {
    const found = sizeOf(join(folder, path));
    if (found === undefined || found === size) continue;
    throw new Error(
      `Cannot add ${id}: ${
        join(folder, path)
      } has ${found} bytes and is not the hub's, which has ${size}; ` +
        `move it away to have the hub's`,
    );
  }
  const lacking = files.filter(({ path }) => sizeOf(join(folder, path)) === undefined);
  const { revision, licence, base } = model;
  const bytes = lacking.reduce((sum, { size }) => sum + size, 0);
  const plan = { id, revision, licence, base, folder, files: lacking, bytes };
  onPlan?.(plan);
  await Deno.mkdir(folder, { recursive: true });
  await checkSpace(plan);
  if (!source && lacking.length === files.length) {
    const noted: ModelSource = { id, revision, ...(licence && { licence }) };
    await writeAtomic(join(folder, SOURCE_FILE), `${JSON.stringify(noted, null, 1)}\n`);
  }
  let before = 0;
  for (const file of lacking) {
    await downloadFile(
      { ...file, id, address: fileAddress(model, file.path) },
      join(folder, file.path),
      {
        ...options,
        onBytes: (bytes) => onBytes?.(before + bytes, file.path),
      },
    );
    before += file.size;
  }
  return plan;
}
