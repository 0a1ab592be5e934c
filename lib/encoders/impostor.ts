/**
 * What stands in the place of a model's file, though it is none.
 *
 * @module
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/** Bytes by which it can be told. */
const START = 256;

/** Larger files are what they seem: a pointer has some 130 bytes. */
const LARGEST = 1 << 16;

/**
 * Tells a pointer of Git LFS and a page of HTML, such as a sign-in page of the network, by how they begin.
 *
 * @param start the first bytes of a file, or of an answer
 * @returns what it is; `undefined` where it may be a model's file
 */
export function impostor(start: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(start.subarray(0, START)).trimStart();
  if (text.startsWith("version https://git-lfs.github.com/")) {
    return "a pointer of Git LFS, not the file that it points to";
  }
  if (/^<(!doctype html|html|head|\?xml|error)\b/i.test(text)) {
    return "a page of HTML or XML, such as networks and proxies send in place of an answer";
  }
  return undefined;
}

/**
 * Refuses files in a folder that are impostors.
 *
 * @param folder where they are
 * @param files paths below `folder`
 * @throws {Error} that names the first
 */
export function refuseImpostors(folder: string, files: readonly string[]): void {
  for (const file of files) {
    const path = join(folder, file), stat = statSync(path);
    if (!stat.isFile() || stat.size > LARGEST) continue; // opening a pipe would wait for its writer
    const start = new Uint8Array(START), opened = openSync(path, "r");
    const read = readSync(opened, start);
    closeSync(opened);
    const what = impostor(start.subarray(0, read));
    if (what === undefined) continue;
    const help = what.includes("LFS")
      ? "`git lfs pull` brings it"
      : "move it away, and get it again";
    throw new Error(`Cannot use ${path}: it is ${what}; ${help}`);
  }
}
