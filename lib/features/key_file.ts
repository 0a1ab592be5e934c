/**
 * `key.json` of a cache folder: what the features in it depend on, with a digest of that.
 *
 * @module
 */
import { join } from "node:path";
import {
  canonicalJson,
  isReadOnly,
  readTextIfThere,
  sha256,
  writeAtomic,
} from "../runtime/files.ts";
import { notice } from "../runtime/notice.ts";
import { type FeatureKey, keyIdentity } from "./key.ts";

/**
 * Notes the key in its folder, or finds it there. One that is damaged, as its digest says, is written anew: the name of
 * the folder has a hash of the key. Keys written by earlier versions have no digest.
 *
 * @param folder a cache folder, made where there is none
 * @param key what the features in it depend on
 * @throws {Error} when it belongs to another key, saying what to do about it
 */
export async function claimFolder(folder: string, key: FeatureKey): Promise<void> {
  const path = join(folder, "key.json"), text = await readTextIfThere(path);
  const found = readKey(text);
  if (found !== undefined && isKey(found, key)) return;
  if (found !== undefined) {
    throw new Error(
      `Cannot open feature cache ${folder}: its key.json names another key, so it is damaged; ` +
        `delete the folder ${folder}, and its features are computed anew`,
    );
  }
  if (text !== undefined) notice(`${path} was damaged and is written anew`);
  const signed = { ...key, digest: sha256(canonicalJson(key)) };
  await writeAtomic(path, JSON.stringify(signed, null, 2) + "\n").catch((error) => {
    if (text === undefined || !isReadOnly(error)) throw error;
  });
}

/** What a key's file says; undefined where it says nothing, or not what was written. */
function readKey(text: string | undefined): unknown {
  try {
    const { digest, ...key } = JSON.parse(text ?? "") ?? {};
    return digest === undefined || digest === sha256(canonicalJson(key)) ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Whether what a file holds is that key; it may be anything. */
function isKey(found: unknown, key: FeatureKey): boolean {
  try {
    return keyIdentity(found as FeatureKey) === keyIdentity(key);
  } catch {
    return false;
  }
}
