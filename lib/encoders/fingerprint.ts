/**
 * A name for what an encoder computes: a hash of everything its vectors depend on.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { canonicalJson, sha256, sha256File } from "../runtime/files.ts";
import { externalData } from "./external_data.ts";

/** Hashes of files by path, size and times of change: weights are read once a process. */
const digests = new Map<string, Promise<string>>();

async function digest(path: string): Promise<string> {
  const { size, mtimeMs, ctimeMs, ino } = await stat(path);
  const key = [path, size, mtimeMs, ctimeMs, ino].join("\0");
  let known = digests.get(key);
  if (known === undefined) {
    digests.set(key, known = sha256File(path));
    known.catch(() => digests.delete(key));
  }
  return known;
}

/**
 * Hashes an encoder's files, those that its models keep weights in included.
 *
 * @param folder where the files are
 * @param files paths below `folder`; the folder's own name does not count
 * @returns SHA-256 in hexadecimal by path
 * @throws {Error} when one cannot be read
 */
export async function hashEncoderFiles(
  folder: string,
  files: readonly string[],
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const file of [...files, ...externalFiles(folder, files)]) {
    hashes[file] = await digest(join(folder, file));
  }
  return hashes;
}

/**
 * The files in which models keep weights outside themselves.
 *
 * @param folder where the models are
 * @param files paths below `folder`, of models and others
 * @returns paths below `folder`, each once
 */
export function externalFiles(folder: string, files: readonly string[]): string[] {
  const models = files.filter((file) => file.endsWith(".onnx"));
  const found = models.flatMap((file) =>
    externalData(join(folder, file)).map((name) => join(dirname(file), name))
  );
  return [...new Set(found)];
}

/**
 * Names what an encoder computes.
 *
 * @param files hashes of its files
 * @param settings whatever else changes the vectors
 * @returns SHA-256 in hexadecimal
 */
export function fingerprintEncoder(
  files: Record<string, string>,
  settings: Record<string, unknown>,
): string {
  return sha256(canonicalJson({ files, settings }));
}
