/**
 * A search in a flat index, as threads share it: its blocks, its queries, and what becomes of their results.
 *
 * @module
 */
import { prepareQueries } from "../../numeric/dot_products.ts";
import { createQuantizer } from "../../numeric/quantization.ts";
import { checkpoint } from "../../runtime/interrupt.ts";
import { TopItems } from "../top_items.ts";
import { type RowLayout, type Segment, segmentRows } from "./rows.ts";
import { type BestItems, Scan, type ScanJob, type ScanQueries } from "./scan.ts";
import { scanOnThreads } from "./threads.ts";

/** Bytes of a block, at least and at most: memory is read faster in long runs. */
const BLOCK_BYTES = [2 ** 18, 2 ** 22];
/** Rows of a block at most, as long as one image does not have more: their products fit a cache for many queries. */
const MOST_ROWS = 2 ** 12;
/** Blocks that make all threads end at about the same time. */
const BLOCKS = 16;
/** Multiplications that make a thread worth its message: a few milliseconds. */
const WORK_PER_THREAD = 2 ** 24;

/** Images that are taken together, for all segments. */
export interface Blocks {
  /** Number of the segment, first image in it, and the end. // (blocks, 3) */
  blocks: Uint32Array;
  /** Rows of the largest block. */
  mostRows: number;
}

/** Number of all rows. */
function totalRows(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segmentRows(segment), 0);
}

/** Cuts segments into blocks of whole images. */
export function cutBlocks(segments: readonly Segment[], layout: RowLayout): Blocks {
  const { rowBytes, group } = layout, cut: number[] = [], [least, most] = BLOCK_BYTES;
  const bytes = Math.min(Math.max(totalRows(segments) * rowBytes / BLOCKS, least), most);
  const rows = Math.min(bytes / rowBytes, MOST_ROWS);
  const wanted = Math.max(1, Math.floor(rows / group)) * group;
  let mostRows = 0;
  segments.forEach(({ starts, images }, segment) => {
    for (let first = 0, end; first < images; first = end) {
      end = first + 1;
      while (end < images && starts[end + 1] - starts[first] <= wanted) end++;
      mostRows = Math.max(mostRows, starts[end] - starts[first]);
      cut.push(segment, first, end);
    }
  });
  return { blocks: Uint32Array.from(cut), mostRows };
}

/**
 * Makes queries ready for the kernels of a layout.
 *
 * @param queries finite numbers // (Q, D)
 */
export function scanQueries(queries: Float32Array, { precision, dim }: RowLayout): ScanQueries {
  const count = queries.length / dim;
  const offsets = new Float64Array(count), scales = new Float64Array(count).fill(1);
  if (precision === "float32") {
    return { count, data: prepareQueries(queries, dim).data, offsets, scales };
  }
  const quantizer = createQuantizer(precision, dim), { columns } = quantizer;
  const data = new Int16Array(count * columns);
  for (let q = 0; q < count; q++) {
    const query = quantizer.encodeQuery(queries.subarray(q * dim, (q + 1) * dim));
    data.set(query.data, q * columns);
    offsets[q] = query.offset;
    scales[q] = query.scale;
  }
  return { count, data, offsets, scales };
}

/**
 * Runs a search to its end.
 *
 * @param job the search
 * @param options `threads`: how many at most; `signal` stops it
 * @returns the best rows of each query, best first
 * @throws the signal's reason, when it has aborted
 */
export async function runScan(
  job: ScanJob,
  { threads, signal }: { threads: number; signal: AbortSignal },
): Promise<BestItems[]> {
  signal.throwIfAborted();
  const work = totalRows(job.segments) * job.layout.dim * job.queries.count;
  const count = Math.min(threads, Math.floor(work / WORK_PER_THREAD), job.blocks.length / 3);
  if (count <= 1) return await scanHere(job, signal);
  const stop = () => void Atomics.store(job.next, 0, job.blocks.length);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const found = await scanOnThreads(job, count);
    signal.throwIfAborted();
    return mergeBest(found, job.count);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Searches on the caller's thread, and lets the event loop turn now and then. */
async function scanHere(job: ScanJob, signal: AbortSignal): Promise<BestItems[]> {
  const scan = new Scan(job);
  for (let turn = performance.now(); scan.step();) {
    if (performance.now() - turn < 50) continue;
    await checkpoint(signal);
    turn = performance.now();
  }
  return scan.results();
}

/** The best of what several threads found. // threads of (Q, count) -> (Q, count) */
function mergeBest(found: readonly BestItems[][], count: number): BestItems[] {
  return found[0].map((_, q) => {
    const top = new TopItems(count);
    for (const { item, score } of found.flatMap((best) => best[q])) top.offer(item, score);
    return top.sorted();
  });
}
