/**
 * The ledger: images that could not be encoded, and why.
 *
 * @module
 */
import { join } from "node:path";
import { DEFAULT_MAX_PIXELS } from "../images/mod.ts";
import { listJournals, readJournal } from "./journal.ts";

/** An image that could not be encoded. */
export interface LedgerEntry {
  /** The image's id in its data set. */
  image: string;
  /** Its file. */
  path: string;
  /** Its key in the cache, or null when the file could not be read. */
  key: string | null;
  /** What went wrong, in a few words to count by. */
  reason: string;
  /** The whole message. */
  detail: string;
  /** When, in ISO 8601. */
  time: string;
}

/** The entries of a cache folder, found by content or by path. */
export interface Ledger {
  /** The latest entry for an image key. */
  byKey: Map<string, LedgerEntry>;
  /** The latest entry for a path whose file could not be read. */
  byPath: Map<string, LedgerEntry>;
}

/** The limit that an image was too large for, pixels or bytes as the reason says; undefined for other reasons. */
export function limitOf({ reason, detail }: LedgerEntry): number | undefined {
  if (reason !== "too many pixels" && reason !== "too many bytes") return undefined;
  const limit = /the limit is (\d+)\)$/.exec(detail)?.[1]; // as decodeImage and readImage write it
  return limit === undefined ? undefined : Number(limit);
}

/** Whether an image is in the ledger only because an earlier run had a smaller limit. */
export function mayFitNow(
  entry: LedgerEntry,
  { maxPixels = DEFAULT_MAX_PIXELS, maxBytes }: { maxPixels?: number; maxBytes: number },
): boolean {
  const limit = limitOf(entry);
  if (limit === undefined) return false;
  return limit < (entry.reason === "too many pixels" ? maxPixels : maxBytes);
}

/** Adds an entry; an earlier one for the same image is forgotten. */
export function addToLedger(ledger: Ledger, entry: LedgerEntry): void {
  if (entry.key === null) ledger.byPath.set(entry.path, entry);
  else ledger.byKey.set(entry.key, entry);
}

/** Reads the ledger of a cache folder: what all writers' ledger files say together. */
export async function readLedger(folder: string): Promise<Ledger> {
  const ledger: Ledger = { byKey: new Map(), byPath: new Map() };
  const all: LedgerEntry[] = [];
  for (const name of await listJournals(folder, "ledger-")) {
    all.push(...(await readJournal<LedgerEntry>(join(folder, name))).entries);
  }
  all.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  for (const entry of all) addToLedger(ledger, entry);
  return ledger;
}
