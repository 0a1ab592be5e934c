/**
 * Files that are either whole or absent, and hashes of what is in them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Does something with a file; an error that does not name it, as those of a full disk, names it afterwards.
 *
 * @param path the file
 * @param work what to do
 */
export async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && !error.message.includes(path)) {
      error.message = `Cannot write ${path}: ${error.message}`;
    }
    throw error;
  }
}

/** Whether an error says that nothing may be written there: a read-only disk, or a lack of permission. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable ||
    (error as NodeJS.ErrnoException | undefined)?.code === "EROFS" ||
    (error instanceof Error && error.message.includes("Read-only file system"));
}

/**
 * Makes a file that no other process writes, and locks it until it is closed or the process ends: who removes what
 * killed processes left can tell it from theirs.
 *
 * @param path a file that does not exist yet
 * @param options how it is opened
 */
export async function createLocked(
  path: string,
  options: Deno.OpenOptions = {},
): Promise<Deno.FsFile> {
  for (;;) {
    const file = await Deno.open(path, { write: true, createNew: true, ...options });
    try {
      const locked = await file.lock(true).then(() => true, () => false); // some disks have no locks
      if (!locked || (await Deno.stat(path).catch(() => null)) !== null) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close(); // it was swept away in between: the lock is on a file without a name
  }
}

/** A name beside a file's for what is to become it, which {@linkcode removeLeftovers} knows. */
export function temporaryPath(path: string): string {
  // numbers of processes are not unique where containers share a disk
  return `${path}.${Deno.pid}-${crypto.getRandomValues(new Uint32Array(1))[0]}.tmp`;
}

/** How {@linkcode temporaryPath} ends. */
const TEMPORARY = /\.\d+-\d+\.tmp$/;

/**
 * Writes a file atomically: to a temporary file beside it, flushed to disk, then renamed over it.
 * A process killed at any moment leaves the old file or the new one, never a part.
 *
 * @throws the system's error, with the file's name
 */
export async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryPath(path);
  await naming(path, async () => {
    await Deno.mkdir(dirname(path), { recursive: true });
    try {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      using file = await createLocked(temporary);
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      await file.sync();
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
  });
}

/**
 * Removes temporary files that killed processes left in a folder; those of living ones are locked.
 *
 * @param folder one that holds files of ours alone; nothing is done where there is none, or nothing may be written
 * @returns the names of the files removed
 */
export async function removeLeftovers(folder: string): Promise<string[]> {
  const removed: string[] = [];
  for (const { name, isFile } of await entriesIn(folder)) {
    if (!isFile || !TEMPORARY.test(name)) continue;
    const path = join(folder, name);
    try {
      using file = await Deno.open(path, { read: true, write: true });
      if (!(await file.tryLock(true))) continue;
      await Deno.remove(path);
      removed.push(name);
    } catch {
      // another process was faster, or it cannot be: a file too many does no harm
    }
  }
  return removed;
}

/** The text of a file; undefined where there is none. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What a folder holds; nothing where there is no folder. */
export async function entriesIn(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** SHA-256 of text or bytes, in lower-case hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** SHA-256 of a file's content, read as a stream. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** JSON with sorted keys: equal values give equal text, so that their hashes agree. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, inner) =>
      inner !== null && typeof inner === "object" && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
        : inner,
  );
}
