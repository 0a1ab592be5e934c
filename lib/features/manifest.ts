/**
 * The manifest of a cache folder: which shards are complete, and which images are in them.
 *
 * Every writer appends to a file of its own (`manifest-<writer>.jsonl`), so that several processes fill
 * one folder without waiting for each other; the manifest is what all of these files say together. A
 * shard counts only once it is named there, which happens last.
 *
 * @module
 */
import { join } from "node:path";
import { sha256File } from "../runtime/files.ts";
import { ifAbandoned, listJournals, readJournal } from "./journal.ts";

/** One complete shard. */
export interface ShardEntry {
  /** The shard's file name. */
  shard: string;
  /** The file's size. */
  bytes: number;
  /** SHA-256 of the file. */
  sha256: string;
  /** Number of rows: patches of all its images. */
  rows: number;
  /** Key, first row and number of rows of each image in it. */
  images: [key: string, first: number, count: number][];
}

/** Says that a shard no longer counts. */
export interface Retraction {
  /** The shard's file name. */
  retract: string;
  /** Why. */
  reason: string;
}

/** What a manifest says. */
export interface Manifest {
  /** The shards that count, in order of their names. */
  shards: ShardEntry[];
  /** Lines that could not be read: left by killed processes, or damaged. */
  damaged: number;
}

/** How files of a cache folder are named. */
export const fileNames = {
  manifest: (writer: string): string => `manifest-${writer}.jsonl`,
  ledger: (writer: string): string => `ledger-${writer}.jsonl`,
  shard: (writer: string, index: number): string =>
    `shard-${writer}-${String(index).padStart(6, "0")}.arrow`,
};

/** A name for a writer that no other has; later writers sort after earlier ones. */
export function newWriterName(): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0];
  return `${Date.now().toString(36).padStart(9, "0")}-${random.toString(16).padStart(8, "0")}`;
}

/**
 * Reads the manifest of a cache folder.
 *
 * @param folder an existing cache folder
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const shards = new Map<string, ShardEntry>();
  const retracted = new Set<string>();
  let damaged = 0;
  for (const name of await listJournals(folder, "manifest-")) {
    const journal = await readJournal<ShardEntry | Retraction>(join(folder, name));
    damaged += journal.damaged;
    for (const entry of journal.entries) {
      if ("retract" in entry) retracted.add(entry.retract);
      else shards.set(entry.shard, entry);
    }
  }
  for (const name of retracted) shards.delete(name);
  const sorted = [...shards.values()].sort((a, b) => (a.shard < b.shard ? -1 : 1));
  return { shards: sorted, damaged };
}

/**
 * Compares a shard on disk with what the manifest says of it.
 *
 * @param folder of the shard
 * @param entry what the manifest says: size in bytes, SHA-256
 * @param how `size` looks at the file's size only; `checksum` reads all of it
 * @returns what is wrong with it, or undefined when nothing is
 * @throws Error when the file is there and cannot be read
 */
export async function checkShard(
  folder: string,
  entry: ShardEntry,
  how: "size" | "checksum",
): Promise<string | undefined> {
  const path = join(folder, entry.shard);
  let size: number;
  try {
    size = (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "the file is missing";
    throw error;
  }
  if (size !== entry.bytes) return `it has ${size} bytes instead of ${entry.bytes}`;
  if (how === "checksum" && (await sha256File(path)) !== entry.sha256) {
    return "its content does not have the recorded SHA-256";
  }
}

/**
 * Removes what killed writers left: shards and temporary files that no manifest names, and empty
 * manifests. Files of living writers are left alone.
 *
 * @param folder of the shards
 * @returns the names of the files removed
 * @throws Error when a file cannot be read or removed
 */
export async function sweepFolder(folder: string): Promise<string[]> {
  const removed: string[] = [];
  const remove = async (name: string) => {
    await Deno.remove(join(folder, name)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    removed.push(name);
  };
  for (const name of await listJournals(folder, "manifest-")) {
    const writer = name.slice("manifest-".length, -".jsonl".length);
    await ifAbandoned(folder, name, async () => {
      const { entries } = await readJournal<ShardEntry | Retraction>(join(folder, name));
      const named = new Set(entries.map((entry) => "shard" in entry ? entry.shard : ""));
      for await (const item of Deno.readDir(folder)) {
        if (item.name.startsWith(`shard-${writer}-`) && !named.has(item.name)) {
          await remove(item.name);
        }
      }
      if (entries.length === 0) await remove(name);
    });
  }
  return removed;
}
