/**
 * What a search costs with all patches, a few fused vectors or one (paper Table 6): time of one query and
 * of many at once, and bytes an image. Before that, our exhaustive search beside faiss, numpy and usearch, with a
 * vector an image, 1 and 2 threads; `--sizes ""` leaves that out.
 *
 *     deno task bench search [--images 10000] [--dim 512] [--patches 166] [--vectors 1,2,4,8] [--queries 10] [--rounds 5]
 *       [--sizes 10000,100000,1000000]
 *
 * Time does not depend on what the vectors show, so they are random unit vectors; every image has its own,
 * so that memory is read as it would be. The methods take turns within a round; medians are reported. Writes
 * search.json and, of time against the number of vectors, search.svg; see `recordResult`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { createRandom, paperTable } from "detailclip";
import {
  measureSearch,
  patchCollection,
  randomUnitVectors,
  type SearchCollection,
  vectorCollection,
} from "detailclip/retrieval";
import { machine, versions } from "../lib/report/provenance.ts";
import { recordResult } from "./record.ts";
import { searchFigure } from "./search_figure.ts";
import { measurePatches } from "./search_patches.ts";
import { measurePeers } from "./search_peers.ts";
import { explainRatio } from "./search_ratio.ts";

const { values: options } = parseArgs({
  options: {
    images: { type: "string", default: "10000" },
    dim: { type: "string", default: "512" },
    patches: { type: "string", default: "166" },
    vectors: { type: "string", default: "1,2,4,8" },
    queries: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
    sizes: { type: "string", default: "10000,100000,1000000" },
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
const draw = randomUnitVectors(createRandom(0), dim);

const vectorCounts = options.sizes.split(",").filter((size) => size !== "").map(Number);
const peers = vectorCounts.length === 0 ? [] : await measurePeers({
  ...{ sizes: vectorCounts, dim, rounds: 3 * rounds, queries: [1, asked], threads: [1, 2] },
});
if (peers.length > 0) {
  console.log(`${dim} dims, ten best; least time of ${3 * rounds} rounds; numpy only multiplies`);
  console.table(peers.map(({ ms, median, cpu, ofFaiss, cpuOfFaiss, agreement, ...which }) => ({
    ...which,
    ms: ms.toFixed(2),
    "median, ms": median.toFixed(2),
    "of faiss": ofFaiss.toFixed(2),
    "processor, ms": cpu.toFixed(2),
    "of faiss ": cpuOfFaiss.toFixed(2),
    "of faiss's ten best": agreement?.toFixed(3) ?? "",
  })));
}

/** Images with `vectors` vectors each; all patches are too many for one array, and are searched image by image. */
function collectionOf(vectors: number, patches: boolean): SearchCollection {
  const data = Array.from({ length: images }, () => draw(vectors)); // N of (m, D)
  if (patches) return patchCollection(data.map((features) => ({ features })), { dim });
  const flat = new Float32Array(images * vectors * dim); // (N, m, D)
  data.forEach((part, n) => flat.set(part, n * part.length));
  return vectorCollection(flat, { dim, vectors });
}

/** The times of one query and of many for every number of vectors; the vectors are freed on return. */
async function timeVectors() {
  const collections = sizes.map((vectors, i) => collectionOf(vectors, i === sizes.length - 1));
  const costs = await measureSearch(collections, [draw(1), draw(asked)], { dim, rounds });
  return sizes.map((vectors, i) => ({ vectors, one: costs[2 * i].ms, many: costs[2 * i + 1].ms }));
}

const timings = await timeVectors();
const all = timings[timings.length - 1];
const rows = timings.map(({ vectors, one, many }) => ({
  vectors,
  kilobytes: vectors * dim * 4 / 1000,
  oneQueryMs: one,
  manyQueriesMs: many,
  oneQueryRatio: one / all.one,
  manyQueriesRatio: many / all.many,
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
const byPatch = await measurePatches(draw, [draw(1), draw(asked)], {
  ...{ images, patches: count("patches"), dim, rounds },
});
console.log("All patches in a flat index, the ten best images:");
console.table(byPatch.map(({ kilobytes, ms, ...which }) => ({
  ...which,
  "kB an image": kilobytes.toFixed(1),
  ms: ms.toFixed(1),
})));
console.log("The paper's Table 6 (another machine, its unit of time not said):");
console.table(paperTable("table 6").rows);
const explained = explainRatio(timings.map(({ vectors, one }) => ({ vectors, ms: one })));
for (const line of explained) console.log(line);
const figure = peers.length > 0 ? searchFigure(peers, { dim, machine: machine() }) : undefined;
await recordResult("search", {
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
  explained,
  byPatch,
  peers,
}, figure);
