/**
 * safetensors files (https://github.com/huggingface/safetensors): named float32 arrays behind a JSON
 * header. Nothing in a file is executed, and no byte of it is believed before it is checked.
 *
 * @module
 */
import { writeAtomic } from "../runtime/files.ts";

/** A named array: row-major float32. */
export interface NamedArray {
  /** Its shape; empty for a scalar. */
  shape: number[];
  /** Its values, row by row. */
  data: Float32Array;
}

/** What a safetensors file holds. */
export interface SafeTensors {
  /** The arrays by name. */
  tensors: Map<string, NamedArray>;
  /** The file's own notes (`__metadata__`). */
  metadata: Record<string, string>;
}

/** The longest header that the format's reference implementation accepts. */
const MAX_HEADER = 100_000_000;

/** One array's place in the file, checked. */
interface Place {
  name: string;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * Reads a safetensors file from memory.
 *
 * @param bytes the whole file
 * @param label what error messages call it (default `safetensors`)
 * @returns its arrays, copied, and its metadata
 * @throws Error when the header is not whole, when an array is not F32, or when the arrays do not
 * cover the data exactly, without gap or overlap, as the format demands
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeSafetensors, encodeSafetensors } from "detailclip/tensor";
 * const tensors = new Map([["bias", { shape: [2], data: new Float32Array([1, 2]) }]]);
 * const read = decodeSafetensors(encodeSafetensors({ tensors, metadata: { by: "me" } }));
 * assert.deepEqual(read, { tensors, metadata: { by: "me" } });
 * ```
 */
export function decodeSafetensors(bytes: Uint8Array, label = "safetensors"): SafeTensors {
  try {
    const { header, start } = readHeader(bytes);
    const places: Place[] = [];
    let metadata: Record<string, string> = {};
    for (const [name, entry] of Object.entries(header)) {
      if (name === "__metadata__") metadata = readMetadata(entry);
      else places.push(readPlace(name, entry));
    }
    checkCoverage(places, bytes.length - start);
    return { tensors: new Map(places.map((place) => readArray(bytes, start, place))), metadata };
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`Cannot read ${label}: ${why}`, { cause: error });
  }
}

/** The JSON header and where the data after it start. */
function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw new Error(`it has ${bytes.length} bytes, too few for a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER) throw new Error(`its header claims ${length} bytes`);
  const start = 8 + Number(length);
  if (start > bytes.length) {
    throw new Error(`its header claims ${length} bytes, but only ${bytes.length - 8} follow`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    throw new Error("its header is not JSON");
  }
  if (!isRecord(header)) throw new Error("its header is not a JSON object");
  return { header, start };
}

function readMetadata(entry: unknown): Record<string, string> {
  if (!isRecord(entry) || Object.values(entry).some((value) => typeof value !== "string")) {
    throw new Error("its __metadata__ is not an object of strings");
  }
  return entry as Record<string, string>;
}

/** Checks what the header says of one array. */
function readPlace(name: string, entry: unknown): Place {
  if (!isRecord(entry)) throw new Error(`the entry of ${name} is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== "F32") throw new Error(`${name} is ${dtype}; only F32 is supported`);
  if (!isCounts(shape)) throw new Error(`${name} has no valid shape`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw new Error(`${name} has no valid data_offsets`);
  }
  const size = 4 * shape.reduce((product, n) => product * n, 1);
  const [begin, end] = offsets;
  if (end - begin !== size) {
    throw new Error(
      `${name} of shape [${shape}] needs ${size} bytes, its offsets span ${end - begin}`,
    );
  }
  return { name, shape, begin, end };
}

/** Sorts the places and sees to it that they cover `length` bytes, each byte once. */
function checkCoverage(places: Place[], length: number): void {
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const place of places) {
    if (place.begin < end) throw new Error(`${place.name} overlaps the array before it`);
    if (place.begin > end) {
      throw new Error(`${place.begin - end} bytes before ${place.name} are no array`);
    }
    end = place.end;
  }
  if (end > length) {
    throw new Error(`its arrays need ${end} bytes, but only ${length} are there (cut off?)`);
  }
  if (end < length) throw new Error(`${length - end} bytes at its end are no array`);
}

function readArray(bytes: Uint8Array, start: number, place: Place): [string, NamedArray] {
  const copy = bytes.slice(start + place.begin, start + place.end); // aligned, whatever the header
  return [place.name, { shape: place.shape, data: new Float32Array(copy.buffer) }];
}

/**
 * Writes arrays as a safetensors file in memory: arrays sorted by name, data aligned to 8 bytes, so
 * that equal content gives equal bytes.
 *
 * @param content the arrays and the metadata
 * @returns the bytes of the file
 * @throws Error when an array does not have as many values as its shape says
 */
export function encodeSafetensors({ tensors, metadata }: SafeTensors): Uint8Array {
  const names = [...tensors.keys()].sort();
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(["__metadata__", metadata]);
  let length = 0;
  for (const name of names) {
    const { shape, data } = tensors.get(name)!;
    if (name === "__metadata__" || data.length !== shape.reduce((product, n) => product * n, 1)) {
      throw new Error(`Cannot write array ${name}: ${data.length} values of shape [${shape}]`);
    }
    entries.push([name, { dtype: "F32", shape, data_offsets: [length, length + data.byteLength] }]);
    length += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + length).fill(0x20, 8, start); // the format pads with spaces
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let offset = start;
  for (const name of names) {
    const { data } = tensors.get(name)!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file.
 *
 * @param path the file
 * @returns its arrays and metadata
 * @throws Error naming the file when it is absent or not a whole safetensors file of F32 arrays
 */
export async function readSafetensors(path: string): Promise<SafeTensors> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`Cannot read ${path}: ${why}`, { cause: error });
  }
  return decodeSafetensors(bytes, path);
}

/**
 * Writes a safetensors file, whole or not at all.
 *
 * @param path where
 * @param content the arrays and the metadata
 */
export async function writeSafetensors(path: string, content: SafeTensors): Promise<void> {
  await writeAtomic(path, encodeSafetensors(content));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
