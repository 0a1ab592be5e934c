/**
 * Content hashes of files, remembered by path, size and time of change, so that a second run need not
 * read a data set again to know it.
 *
 * @module
 */
import { join, resolve } from "node:path";
import {
  canonicalJson,
  isReadOnly,
  readTextIfThere,
  sha256,
  writeAtomic,
} from "../runtime/files.ts";
import { notice } from "../runtime/notice.ts";

/** A file changed as recently as this (ms) may change again within the clock's resolution. */
const SETTLE_MS = 2000;
const FILE_NAME = "content-hashes.jsonl";

type Row = [path: string, stamp: string, hash: string];

/** Digits of SHA-256 that stand behind each row: enough to tell a damaged one. */
const CHECK_DIGITS = 16;

function checkOf(row: Row): string {
  return sha256(canonicalJson(row)).slice(0, CHECK_DIGITS);
}

/** Content hashes by file. */
export interface HashIndex {
  /** The remembered hash, or undefined when the file is new or has changed. */
  get(path: string, info: Deno.FileInfo): string | undefined;
  /** Remembers a hash, unless the file has changed so recently that it could change unseen. */
  set(path: string, info: Deno.FileInfo, hash: string): void;
  /** Writes what is new to disk, together with what other processes have written since. */
  save(): Promise<void>;
}

/** What tells that a file has changed. */
export function stampOf(info: Deno.FileInfo): string {
  return [info.size, info.mtime?.getTime(), info.ctime?.getTime(), info.ino].join("/");
}

/** A row of a line, or undefined where it is damaged; lines of old indexes have no check. */
function readRow(line: string): Row | undefined {
  try {
    const [path, stamp, hash, check, ...rest] = JSON.parse(line);
    const row: Row = [path, stamp, hash];
    const whole = row.every((part) => typeof part === "string") && rest.length === 0 &&
      (check === undefined || check === checkOf(row));
    return whole ? row : undefined;
  } catch {
    return undefined;
  }
}

async function readRows(path: string): Promise<{ rows: Map<string, Row>; damaged: number }> {
  const rows = new Map<string, Row>();
  let damaged = 0;
  for (const line of (await readTextIfThere(path) ?? "").split("\n")) {
    if (line === "") continue;
    const row = readRow(line);
    if (row) rows.set(row[0], row);
    else damaged++;
  }
  return { rows, damaged };
}

/**
 * Opens the index of content hashes in a cache directory. Losing it costs time, never correctness.
 *
 * @param cacheDir the directory of all caches
 * @param now the time in ms
 * @returns the index; its `save` writes nothing where nothing may be written
 */
export async function openHashIndex(
  cacheDir: string,
  now: () => number = Date.now,
): Promise<HashIndex> {
  const file = join(cacheDir, FILE_NAME);
  const { rows, damaged } = await readRows(file);
  if (damaged > 0) {
    notice(`${file}: ${damaged} damaged lines are left out; their files are read again`);
  }
  const fresh = new Map<string, Row>();
  let healed = damaged > 0;
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
      if (fresh.size === 0 && !healed) return;
      const written = new Map(fresh); // more may come while they are being written
      const merged = new Map([...(await readRows(file)).rows, ...written]);
      const lines = [...merged.values()].map((row) =>
        JSON.stringify([...row, checkOf(row)]) + "\n"
      );
      await writeAtomic(file, lines.join("")).catch((error) => {
        if (!isReadOnly(error)) throw error; // losing it costs time, never correctness
      });
      healed = false;
      for (const [path, row] of written) if (fresh.get(path) === row) fresh.delete(path);
    },
  };
}
