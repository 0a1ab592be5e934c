/**
 * A search as it is sent to a thread. Arrays go as shared buffers: Deno's `postMessage` to a thread of
 * node:worker_threads looks at every element of a typed array, 50 ms for 100,000 of them. Memories of segments go to a thread
 * once: each time it receives one, V8 counts all its bytes as new, and collects garbage.
 *
 * @module
 */
import type { ScanJob } from "./scan.ts";

/** An array of the kinds that are sent. */
type View = Float64Array | Float32Array | Uint32Array | Int32Array | Int16Array;
/** The constructor of one. */
type ViewMaker = new (buffer: ArrayBufferLike, at: number, length: number) => View;

/** The kinds of arrays that are sent. */
const KINDS = { Float64Array, Float32Array, Uint32Array, Int32Array, Int16Array };
type Kind = keyof typeof KINDS;

/** A part of a buffer as an array. */
function openView(kind: Kind, buffer: SharedArrayBuffer, at: number, length: number): View {
  return new (KINDS[kind] as ViewMaker)(buffer, at, length);
}

/** An array: its buffer and which part of it. */
interface SentArray {
  sent: Kind;
  buffer: SharedArrayBuffer;
  at: number;
  length: number;
}

/** A search with its arrays as buffers, without the memories of its segments. */
export type SentJob = { readonly sentJob: unknown };

/** A segment's number and memory. */
export interface SentMemory {
  id: number;
  memory: WebAssembly.Memory;
}

/** Turns the arrays in a value into buffers, and back: `change` gets what is no plain object or list. */
function walk(value: unknown, change: (value: object) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  const changed = change(value);
  if (changed !== undefined) return changed;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, walk(item, change)]),
  );
}

/** Brings a search into the form that is sent; arrays that are not shared are copied once. */
export function sendJob(job: ScanJob): SentJob {
  return {
    sentJob: walk(job, (value) => {
      if (value instanceof WebAssembly.Memory) return null;
      if (!ArrayBuffer.isView(value)) return undefined;
      const view = value as View, sent = view.constructor.name as Kind;
      const { length } = view;
      if (view.buffer instanceof SharedArrayBuffer) {
        return { sent, buffer: view.buffer, at: view.byteOffset, length } satisfies SentArray;
      }
      const buffer = new SharedArrayBuffer(view.byteLength);
      openView(sent, buffer, 0, length).set(view);
      return { sent, buffer, at: 0, length } satisfies SentArray;
    }),
  };
}

/**
 * The search that was sent.
 *
 * @param memories of its segments, by their numbers
 */
export function receiveJob(
  { sentJob }: SentJob,
  memories: ReadonlyMap<number, WebAssembly.Memory>,
): ScanJob {
  const job = walk(sentJob, (value) => {
    if (!("sent" in value)) return undefined;
    const { sent, buffer, at, length } = value as SentArray;
    return openView(sent, buffer, at, length);
  }) as ScanJob;
  const segments = job.segments.map((segment) => ({
    ...segment,
    memory: memories.get(segment.id)!,
  }));
  return { ...job, segments };
}
