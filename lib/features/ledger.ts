/**
 * The ledger: images that could not be encoded, and why.
 *
 * @module
 */
import { join } from "node:path";
import type { CoverSpec } from "../covers/mod.ts";
import type { DatasetImage } from "../datasets/mod.ts";
import { VectorError } from "../encoders/mod.ts";
import { DECODER, DEFAULT_MAX_PIXELS, ImageError } from "../images/mod.ts";
import { canonicalJson } from "../runtime/files.ts";
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
  /** What was to blame: the content, or the machine as it was then. Old ledgers do not say. */
  cause?: "content" | "machine";
  /** What else decided, see {@linkcode conditionsOf}; where it is another now, the image is tried again. */
  conditions?: string;
}

/** Raise this when images can be read that could not be before. */
const LEDGER_VERSION = 2;

/** The options on which a refusal may depend. */
export interface RefusalOptions {
  /** How images are cut. */
  cover: CoverSpec;
  /** Limit on an image's pixels; the default of `decodeImage` when left out. */
  maxPixels?: number;
  /** Limit on the size of an image's file. */
  maxBytes: number;
}

/** All that decides besides its bytes whether an image is refused, as text that is equal where it is. */
export function conditionsOf(
  { width, height }: Pick<DatasetImage, "width" | "height">,
  { cover, maxPixels = DEFAULT_MAX_PIXELS, maxBytes }: RefusalOptions,
): string {
  const annotated = cover.scheme === "objects" ? { width, height } : {};
  return canonicalJson({
    ...{ version: LEDGER_VERSION, decoder: DECODER, maxPixels, maxBytes },
    ...annotated,
  });
}

/** How machines say that they have no memory left, in the words of V8, libvips and the system. */
const NO_MEMORY = /out of memory|allocation failed|cannot allocate|unable to allocate|ENOMEM/i;
const NO_SPACE = /no space left|disk quota|ENOSPC|EDQUOT/i;

/** An error and those behind it, as they say it. */
function messagesOf(error: unknown): string {
  const lines: string[] = [];
  for (let one = error; one !== undefined && lines.length < 8; one = (one as Error).cause) {
    lines.push(one instanceof Error ? one.message : String(one));
    if (!(one instanceof Error)) break;
  }
  return lines.join("\n");
}

/**
 * Why an image could not be encoded: a few words without names or numbers, and whether another run may fare better
 * with the same bytes.
 */
export function explain(
  error: unknown,
): Required<Pick<LedgerEntry, "reason" | "detail" | "cause">> {
  const detail = error instanceof Error ? error.message : String(error), all = messagesOf(error);
  const machine = (reason: string) => ({ reason, detail, cause: "machine" as const });
  if (NO_MEMORY.test(all)) return machine("out of memory");
  if (NO_SPACE.test(all)) return machine("disk full");
  const known = error instanceof ImageError || error instanceof VectorError;
  if (known && error.reason === "unreadable file") return machine(error.reason);
  if (known) return { reason: error.reason, detail, cause: "content" };
  // What others throw begins with what was attempted; a number or a name behind it would not group.
  const attempt = detail.split(/[:"\n]/, 1)[0].replace(/\d+/g, "…").trim();
  // an image that its cover does not fit; anything else is a fault that another run may not have
  return error instanceof RangeError
    ? { reason: attempt, detail, cause: "content" }
    : machine(attempt);
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

/** Whether an image that is in the ledger may be encoded now: what it was refused for is not its bytes alone. */
export function isWorthTrying(
  entry: LedgerEntry,
  image: Pick<DatasetImage, "width" | "height">,
  options: RefusalOptions,
): boolean {
  const { maxPixels = DEFAULT_MAX_PIXELS, maxBytes } = options;
  const limit = limitOf(entry);
  if (limit !== undefined) {
    return limit < (entry.reason === "too many pixels" ? maxPixels : maxBytes);
  }
  return entry.cause !== "content" || entry.conditions !== conditionsOf(image, options);
}

/** Images with their messages up to this number, more of them by reason. */
const LISTED = 10;
/** Images that are named of each reason. */
const NAMED = 3;

/**
 * Says of images which could not be encoded: one by one where they are few, by reason where they are many.
 *
 * @param entries of a ledger
 * @returns lines, the most frequent reason first
 */
export function describeLedger(entries: readonly LedgerEntry[]): string[] {
  if (entries.length <= LISTED) {
    return entries.map(({ image, detail }) => `${image}: ${detail}`);
  }
  const groups = new Map<string, LedgerEntry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.reason);
    if (group) group.push(entry);
    else groups.set(entry.reason, [entry]);
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length).map(([reason, group]) => {
    const names = group.slice(0, NAMED).map(({ image }) => image).join(", ");
    const count = `${group.length} image${group.length === 1 ? "" : "s"}`;
    return `${count}: ${reason}: ${names}${group.length > NAMED ? ", …" : ""}`;
  });
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
