/**
 * Append-only JSON lines of one process: each line is checked, and a file is locked while its process
 * lives, so that others know what a dead one left behind.
 *
 * @module
 */
import { join } from "node:path";
import { canonicalJson, createLocked, isReadOnly, naming, sha256 } from "../runtime/files.ts";

/** Digits of SHA-256 kept beside each line: enough to tell a torn or damaged line. */
const CHECK_DIGITS = 16;

function checkOf(entry: object): string {
  return sha256(canonicalJson(entry)).slice(0, CHECK_DIGITS);
}

/** A journal file being written by this process. */
export interface Journal {
  /** Where it is. */
  readonly path: string;
  /** Adds one line; when this returns, it survives a crash, of the process alone where lines are not flushed. */
  append(entry: object): Promise<void>;
  /** Closes the file and so gives up its lock; one without a line is removed. */
  close(): void;
}

/**
 * Creates a journal that no other process writes, and locks it until it is closed or the process dies.
 *
 * @param path a file that does not exist yet
 * @param options `flush`: whether each line is flushed to disk (default yes)
 */
export async function createJournal(
  path: string,
  { flush = true }: { flush?: boolean } = {},
): Promise<Journal> {
  const file = await naming(path, () => createLocked(path, { append: true }));
  let torn = false, begun = false;
  const write = (line: string) =>
    naming(path, async () => {
      // after a line of which only a part was written: a full disk may have room again
      const bytes = new TextEncoder().encode(torn ? `\n${line}` : line);
      torn = begun = true;
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      torn = false;
      if (flush) await file.sync();
    });
  let last = Promise.resolve();
  return {
    path,
    append(entry) {
      const line = JSON.stringify({ ...entry, check: checkOf(entry) }) + "\n";
      const written = last.then(() => write(line));
      last = written.catch(() => {}); // one line after the other, and a failure is its caller's
      return written;
    },
    close() {
      try {
        if (!begun) Deno.removeSync(path);
      } catch {
        // another process sweeps it
      }
      file.close();
    },
  };
}

/**
 * The whole lines of a journal. A torn last line (its process was killed) and lines whose check does
 * not fit are left out.
 *
 * @param path the file
 * @returns the entries in the order in which they were written, and how many lines were left out
 * @throws Error when the file cannot be read
 */
export async function readJournal<T extends object>(
  path: string,
): Promise<{ entries: T[]; damaged: number }> {
  const entries: T[] = [];
  let damaged = 0;
  for (const line of (await Deno.readTextFile(path)).split("\n")) {
    if (line === "") continue;
    try {
      const { check, ...entry } = JSON.parse(line);
      if (check !== checkOf(entry)) throw new Error("the check does not fit");
      entries.push(entry as T);
    } catch {
      damaged++;
    }
  }
  return { entries, damaged };
}

/** Names in `folder` that start with `prefix` and end with `.jsonl`, sorted: the order of creation. */
export async function listJournals(folder: string, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const item of Deno.readDir(folder)) {
    if (item.isFile && item.name.startsWith(prefix) && item.name.endsWith(".jsonl")) {
      names.push(item.name);
    }
  }
  return names.sort();
}

/**
 * Does `work` while holding a journal's lock, if no living process holds it.
 *
 * @param folder of the journal
 * @param name of its file
 * @param work what its living writer would be disturbed by
 * @returns whether the journal's writer is gone, and the work was done
 * @throws Error what `work` throws, or when the file is there and cannot be opened
 */
export async function ifAbandoned(
  folder: string,
  name: string,
  work: () => Promise<void>,
): Promise<boolean> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(join(folder, name), { read: true, write: true });
  } catch (error) {
    // another process was faster, or nothing may be written here
    if (error instanceof Deno.errors.NotFound || isReadOnly(error)) return false;
    throw error;
  }
  try {
    if (!(await file.tryLock(true).catch(() => false))) return false; // without locks none is known to be gone
    await work();
    return true;
  } finally {
    file.close();
  }
}
