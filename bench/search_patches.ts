/**
 * The maximum over all patches of every image, in a flat index: float32 and 4 bits, on one thread and two.
 *
 * @module
 */
import { endSearchThreads, FlatIndex, medianOf } from "detailclip/retrieval";

/** The time of one case. */
export interface PatchRow {
  precision: string;
  /** Bytes an image. */
  kilobytes: number;
  queries: number;
  threads: number;
  /** The median time, ms. */
  ms: number;
}

/**
 * Times searches for the ten best images.
 *
 * @param draw makes vectors // (n, D)
 * @param queries batches, each asked at once // (Q, D) each
 * @param options numbers of images and of patches each, D, and how often each case is measured
 */
export async function measurePatches(
  draw: (count: number) => Float32Array,
  queries: readonly Float32Array[],
  { images, patches, dim, rounds }: {
    images: number;
    patches: number;
    dim: number;
    rounds: number;
  },
): Promise<PatchRow[]> {
  const rows: PatchRow[] = [];
  for (const precision of ["float32", "int4"] as const) {
    const index = new FlatIndex({ dim, precision });
    for (let n = 0; n < images; n++) index.add(draw(patches));
    for (const threads of [1, 2]) {
      for (const batch of queries) {
        const times: number[] = [];
        for (let round = 0; round <= rounds; round++) {
          const start = performance.now();
          await index.search(batch, { threads });
          if (round > 0) times.push(performance.now() - start); // the first one warms up
        }
        const which = { precision, kilobytes: index.bytes / images / 1000, threads };
        rows.push({ ...which, queries: batch.length / dim, ms: medianOf(times) });
      }
    }
  }
  await endSearchThreads();
  return rows;
}
