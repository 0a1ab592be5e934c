/**
 * Content hashes of files, remembered by path, size and time of change, so that a second run need not
 * read a data set again to know it.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { readTextIfThere, writeAtomic } from "../runtime/files.ts";

/** A file changed as recently as this (ms) may change again within the clock's resolution. */
const SETTLE_MS = 2000;
const FILE_NAME = "content-hashes.jsonl";

type Row = [path: string, stamp: string, hash: string];

/** Content hashes by file. */
export interface HashIndex {
  /** The remembered hash, or undefined when the file is new or has changed. */
  get(path: string, info: Deno.FileInfo): string | undefined;
  /** Remembers a hash, unless the file has changed so recently that it could change unseen. */
  set(path: string, info: Deno.FileInfo, hash: string): void;
  /** Writes what is new to disk, together with what other processes have written since. */
  save(): Promise<void>;
}

function stampOf(info: Deno.FileInfo): string {
  return [info.size, info.mtime?.getTime(), info.ctime?.getTime(), info.ino].join("/");
}

async function readRows(path: string): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  const text = await readTextIfThere(path) ?? "";
  for (const line of text.split("\n")) {
    try {
      const row: Row = JSON.parse(line);
      if (row.length === 3) rows.set(row[0], row);
    } catch {
      // A damaged line costs one file's hashing.
    }
  }
  return rows;
}

/**
 * Opens the index of content hashes in a cache directory. Losing it costs time, never correctness.
 *
 * @param cacheDir the directory of all caches
 * @param now the time in ms
 */
export async function openHashIndex(
  cacheDir: string,
  now: () => number = Date.now,
): Promise<HashIndex> {
  const file = join(cacheDir, FILE_NAME);
  const rows = await readRows(file);
  const fresh = new Map<string, Row>();
  return {
    get(path, info) {
      const row = rows.get(resolve(path));
      return row?.[1] === stampOf(info) ? row[2] : undefined;
    },
    set(path, info, hash) {
      const changed = Math.max(info.mtime?.getTime() ?? 0, info.ctime?.getTime() ?? 0);
      if (now() - changed < SETTLE_MS) return;
      const row: Row = [resolve(path), stampOf(info), hash];
      rows.set(row[0], row);
      fresh.set(row[0], row);
    },
    async save() {
      if (fresh.size === 0) return;
      const merged = new Map([...await readRows(file), ...fresh]);
      await writeAtomic(
        file,
        [...merged.values()].map((row) => JSON.stringify(row) + "\n").join(""),
      );
      fresh.clear();
    },
  };
}
