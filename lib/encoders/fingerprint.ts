/**
 * A name for what an encoder computes: a hash of everything its vectors depend on.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, sha256, sha256File } from "../runtime/files.ts";

/** Hashes of files by path, size and time of change: weights are read once a process. */
const digests = new Map<string, Promise<string>>();

async function digest(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  const key = `${path}\0${size}\0${mtimeMs}`;
  let known = digests.get(key);
  if (known === undefined) digests.set(key, known = sha256File(path));
  return known;
}

/**
 * Hashes an encoder's files and settings.
 *
 * @param folder where the files are
 * @param files paths below `folder`; the folder's own name does not count
 * @param settings whatever else changes the vectors
 * @returns SHA-256 in hexadecimal
 */
export async function fingerprintEncoder(
  folder: string,
  files: readonly string[],
  settings: Record<string, unknown>,
): Promise<string> {
  const hashes: Record<string, string> = {};
  for (const file of files) hashes[file] = await digest(join(folder, file));
  return sha256(canonicalJson({ files: hashes, settings }));
}
