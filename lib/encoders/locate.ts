/**
 * From an encoder's id to a folder on this machine that holds its files.
 *
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CACHE_DIR, callersFolder, sharedFolder } from "../runtime/cache_dir.ts";
import { inNotebook, operationSignal } from "../runtime/interrupt.ts";
import type { EncoderDtype, LoadEncoderOptions } from "./encoder.ts";
import { externalFiles } from "./fingerprint.ts";
import { addModel } from "./hub/add_model.ts";
import { refuseImpostors } from "./impostor.ts";

/** Encoders that are part of this repository. */
const EMBEDDED: Record<string, URL> = {
  "tiny-clip": new URL("../../data/encoders/tiny-clip/", import.meta.url),
  "photo-clip": new URL("../../data/encoders/photo-clip/", import.meta.url),
};

/** The ids of the encoders that are part of this repository. */
export const EMBEDDED_IDS: readonly string[] = Object.keys(EMBEDDED);

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

/** The files of `encoderFiles`, and those in which these keep weights, that `folder` lacks. */
function missingFiles(folder: string, dtype: EncoderDtype): string[] {
  const files = encoderFiles(dtype), there = files.filter((file) => existsSync(join(folder, file)));
  refuseImpostors(folder, there);
  return [...files, ...externalFiles(folder, there)].filter((file) =>
    !existsSync(join(folder, file))
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The folder that hub ids are looked for in; of a model the one that has it, where none is named. */
export function modelsFolder(
  options: Pick<LoadEncoderOptions, "modelsDir">,
  id?: string,
): string {
  if (options.modelsDir) return resolve(options.modelsDir);
  const chosen = Deno.env.get("DETAILCLIP_MODELS");
  if (chosen) return resolve(callersFolder(), chosen);
  const own = join(CACHE_DIR, "models");
  const isHere = id !== undefined && isFolder(join(own, ...id.split("/")));
  return isHere ? own : sharedFolder("models");
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
  const folder = isPath(id) ? resolve(id) : join(modelsFolder({}, id), ...id.split("/"));
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
    const hint = dtype === "fp32" ? "It is part of this repository" : "It comes as fp32 only";
    return complete(id, fileURLToPath(EMBEDDED[id]), dtype, hint);
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
  const models = modelsFolder(options, id), folder = join(models, ...id.split("/"));
  if (statSync(models, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(
      `Cannot load encoder "${id}": the folder of models, ${models}, which modelsDir or ` +
        `DETAILCLIP_MODELS names, is a file`,
    );
  }
  const missing = missingFiles(folder, dtype);
  if (missing.length === 0) return folder;
  if (!options.remote) throw new Error(describeMissing(id, folder, missing, dtype));
  const { signal = operationSignal() } = options;
  const download = { signal, output: options.output };
  await addModel(id, encoderFiles(dtype), folder, download);
  const beside = missingFiles(folder, dtype); // what the models say of files besides them is known only now
  if (beside.length > 0) await addModel(id, beside, folder, download);
  return folder;
}

/** The folder itself if nothing is missing there. */
function complete(id: string, folder: string, dtype: EncoderDtype, hint: string): string {
  const missing = missingFiles(folder, dtype);
  if (missing.length === 0) return folder;
  throw new Error(`Cannot load encoder "${id}": ${folder} lacks ${missing.join(", ")}. ${hint}.`);
}

/** What brings the files: a command, or a call where a cell asks for them. */
function describeMissing(
  id: string,
  folder: string,
  missing: string[],
  dtype: EncoderDtype,
): string {
  const other = dtype === "fp32" ? undefined : dtype;
  const call = `await addEncoder("${id}"${other ? `, { dtype: "${other}" }` : ""})`;
  const command = `deno task encoder add ${id}${other ? ` --dtype ${other}` : ""}`;
  const hint = inNotebook() ? `${call} (of "detailclip/encoders"), or ${command},` : command;
  return `Cannot load encoder "${id}": ${folder} lacks ${missing.join(", ")}; ${hint} brings them`;
}
