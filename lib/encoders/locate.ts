/**
 * From an encoder's id to a folder on this machine that holds its files.
 *
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { operationSignal } from "../runtime/interrupt.ts";
import type { EncoderDtype, LoadEncoderOptions } from "./encoder.ts";

/** Encoders that are part of this repository. */
const EMBEDDED: Record<string, URL> = {
  "tiny-clip": new URL("../../data/encoders/tiny-clip/", import.meta.url),
  "photo-clip": new URL("../../data/encoders/photo-clip/", import.meta.url),
};

/** How the hub's files of a precision end. */
const SUFFIX: Record<EncoderDtype, string> = { fp32: "", fp16: "_fp16", q8: "_quantized" };

/** Files of an encoder in the hub's layout, the weights first. */
export function encoderFiles(dtype: EncoderDtype): string[] {
  if (!(dtype in SUFFIX)) {
    throw new TypeError(`Cannot load encoder: dtype must be fp32, fp16 or q8, got ${dtype}`);
  }
  return [
    `onnx/vision_model${SUFFIX[dtype]}.onnx`,
    `onnx/text_model${SUFFIX[dtype]}.onnx`,
    "config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
  ];
}

/** The files of `encoderFiles` that `folder` lacks. */
function missingFiles(folder: string, dtype: EncoderDtype): string[] {
  return encoderFiles(dtype).filter((file) => !existsSync(join(folder, file)));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Host that hub ids are downloaded from: `HF_ENDPOINT` where that is set, as for the hub's own clients. */
function hubHost(): string {
  return (Deno.env.get("HF_ENDPOINT") ?? "https://huggingface.co").replace(/\/+$/, "");
}

/** The folder that hub ids are looked for in. */
function modelsFolder(options: LoadEncoderOptions): string {
  const chosen = options.modelsDir ?? Deno.env.get("DETAILCLIP_MODELS");
  // Not relative to the working directory: a notebook's is not the repository's root.
  return chosen ? resolve(chosen) : fileURLToPath(new URL("../../.cache/models", import.meta.url));
}

/** Whether an id names a folder, there or not. */
function isPath(id: string): boolean {
  return isAbsolute(id) || id.startsWith(".") || isFolder(id);
}

const HUB_ID = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;

/**
 * The folder of an encoder that is not part of this repository, and so can change.
 *
 * @param id as `loadEncoder` takes it
 * @returns `undefined` where there is none
 */
export function ownEncoderFolder(id: string): string | undefined {
  if (Object.hasOwn(EMBEDDED, id)) return undefined;
  if (!isPath(id) && !HUB_ID.test(id)) return undefined;
  const folder = isPath(id) ? resolve(id) : join(modelsFolder({}), ...id.split("/"));
  return isFolder(folder) ? folder : undefined;
}

/**
 * Finds (or, when allowed, downloads) an encoder's files.
 *
 * @returns the absolute path of a folder that holds every file of `encoderFiles(dtype)`
 * @throws {Error} If files are missing: the message lists them and says where they belong.
 */
export async function locateEncoder(id: string, options: LoadEncoderOptions = {}): Promise<string> {
  const dtype = options.dtype ?? "fp32";
  encoderFiles(dtype); // refuses an unknown dtype before anything is looked for
  if (Object.hasOwn(EMBEDDED, id)) {
    return complete(id, fileURLToPath(EMBEDDED[id]), dtype, "It is part of this repository");
  }
  if (isPath(id)) {
    return complete(id, resolve(id), dtype, "Export it with tools/encoders/export_encoder.py");
  }
  if (!HUB_ID.test(id)) {
    const known = Object.keys(EMBEDDED).join(", ");
    throw new Error(
      `Cannot load encoder "${id}": it is neither embedded (${known}), nor a folder, nor a hub id (owner/name)`,
    );
  }
  const models = modelsFolder(options), folder = join(models, ...id.split("/"));
  if (statSync(models, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(
      `Cannot load encoder "${id}": the folder of models, ${models}, which modelsDir or ` +
        `DETAILCLIP_MODELS names, is a file`,
    );
  }
  const missing = missingFiles(folder, dtype);
  if (missing.length === 0) return folder;
  if (!options.remote) throw new Error(describeMissing(id, folder, missing));
  const { signal = operationSignal() } = options;
  for (const file of missing) await download(id, file, folder, signal);
  return folder;
}

/** The folder itself if nothing is missing there. */
function complete(id: string, folder: string, dtype: EncoderDtype, hint: string): string {
  const missing = missingFiles(folder, dtype);
  if (missing.length === 0) return folder;
  throw new Error(`Cannot load encoder "${id}": ${folder} lacks ${missing.join(", ")}. ${hint}.`);
}

function describeMissing(id: string, folder: string, missing: string[]): string {
  const lines = missing.map((file) => `  ${fileAddress(id, file)}\n    -> ${join(folder, file)}`);
  return `Cannot load encoder "${id}": its files are not on this machine. Download\n${
    lines.join("\n")
  }\nor pass { remote: true } to have that done. The folder of models is set by modelsDir or DETAILCLIP_MODELS.`;
}

function fileAddress(id: string, file: string): string {
  return `${hubHost()}/${id}/resolve/main/${file}`;
}

/** Downloads one file beside its place and renames it when it is whole. */
async function download(id: string, file: string, folder: string, signal: AbortSignal) {
  const address = fileAddress(id, file), path = join(folder, file);
  const response = await fetch(address, { signal });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`Cannot download ${address}: ${response.status} ${response.statusText}`);
  }
  const temporary = `${path}.${Deno.pid}.tmp`;
  await Deno.mkdir(join(path, ".."), { recursive: true });
  try {
    const target = await Deno.open(temporary, { write: true, create: true, truncate: true });
    await response.body.pipeTo(target.writable, { signal });
    const expected = Number(response.headers.get("x-linked-size") ?? NaN);
    const size = statSync(temporary).size;
    if (expected > 0 && size !== expected) {
      throw new Error(`Cannot download ${address}: got ${size} of ${expected} bytes`);
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
