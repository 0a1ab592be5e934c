/**
 * What a search costs with all patches, a few fused vectors or one (paper Table 6): time of one query and
 * of many at once, and bytes an image.
 *
 *     deno task bench search [--images 10000] [--dim 512] [--patches 166] [--vectors 1,2,4,8] [--queries 10] [--rounds 5]
 *
 * Time does not depend on what the vectors show, so they are random unit vectors; every image has its own,
 * so that memory is read as it would be. The methods take turns within a round; medians are reported. Writes
 * results/bench/search.json.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  bestVectorScores,
  createRandom,
  maxOverPatches,
  paperTable,
  writeAtomic,
} from "detailclip";
import { machine, versions } from "../lib/experiments/provenance.ts";

const { values: options } = parseArgs({
  options: {
    images: { type: "string", default: "10000" },
    dim: { type: "string", default: "512" },
    patches: { type: "string", default: "166" },
    vectors: { type: "string", default: "1,2,4,8" },
    queries: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
  },
});

const count = (name: "images" | "dim" | "patches" | "queries" | "rounds"): number => {
  const value = Number(options[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`Cannot measure: --${name} must be a positive whole number`);
};
const images = count("images"), dim = count("dim"), rounds = count("rounds");
const asked = count("queries");
const sizes = [...options.vectors.split(",").map(Number), count("patches")];
const random = createRandom(0);
const pool = Float32Array.from({ length: 2 ** 20 }, () => random.normal());

/** Unit vectors; drawn from a pool of normal numbers at a random offset, since only their place matters. */
function unitVectors(vectors: number): Float32Array {
  const out = new Float32Array(vectors * dim);
  for (let row = 0; row < vectors; row++) {
    const from = random.integer(0, pool.length - dim);
    let square = 0;
    for (let d = 0; d < dim; d++) square += (out[row * dim + d] = pool[from + d]) ** 2;
    for (let d = 0; d < dim; d++) out[row * dim + d] /= Math.sqrt(square);
  }
  return out;
}

/** Median of numbers. */
function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Images with `vectors` vectors each, and how they are searched. */
function collectionOf(vectors: number, patches: boolean) {
  const data = Array.from({ length: images }, () => unitVectors(vectors)); // N of (m, D)
  const timings = { vectors, one: [] as number[], many: [] as number[] };
  if (patches) { // too many for one array: image by image, as they come from the cache
    const items = data.map((features) => ({ features }));
    return { ...timings, search: (q: Float32Array) => maxOverPatches(items, q, { dim }) };
  }
  const flat = new Float32Array(images * vectors * dim); // (N, m, D)
  data.forEach((part, n) => flat.set(part, n * part.length));
  return { ...timings, search: (q: Float32Array) => bestVectorScores(flat, q, { dim, vectors }) };
}

const collections = sizes.map((vectors, i) => collectionOf(vectors, i === sizes.length - 1));
const queries = { one: unitVectors(1), many: unitVectors(asked) };
for (let round = 0; round <= rounds; round++) {
  for (const collection of collections) {
    for (const kind of ["one", "many"] as const) {
      const start = performance.now();
      collection.search(queries[kind]);
      if (round > 0) collection[kind].push(performance.now() - start); // the first warms up
    }
  }
}

const all = collections[collections.length - 1];
const rows = collections.map(({ vectors, one, many }) => ({
  vectors,
  kilobytes: vectors * dim * 4 / 1000,
  oneQueryMs: median(one),
  manyQueriesMs: median(many),
  oneQueryRatio: median(one) / median(all.one),
  manyQueriesRatio: median(many) / median(all.many),
}));
console.log(`${images} images, ${dim} dims, float32, one thread, medians of ${rounds} rounds`);
console.table(rows.map((row) => ({
  "vectors an image": row.vectors,
  "kB an image": row.kilobytes.toFixed(1),
  "one query, ms": row.oneQueryMs.toFixed(1),
  "of all patches": row.oneQueryRatio.toFixed(3),
  [`${asked} queries, ms`]: row.manyQueriesMs.toFixed(0),
  "of all patches ": row.manyQueriesRatio.toFixed(3),
})));
console.log("The paper's Table 6 (another machine, its unit of time not said):");
console.table(paperTable("table 6").rows);
const path = join(import.meta.dirname!, "../results/bench/search.json");
await writeAtomic(
  path,
  JSON.stringify(
    {
      bench: "search",
      command: ["deno task bench search", ...Deno.args].join(" "),
      date: new Date().toISOString(),
      machine: machine(),
      versions: versions(),
      images,
      dim,
      queries: asked,
      rounds,
      rows,
    },
    null,
    2,
  ) + "\n",
);
