/**
 * Our exhaustive search beside numpy's product, faiss's flat index and usearch's exact search, on the same vectors.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { createRandom } from "detailclip";
import { medianOf, randomUnitVectors } from "detailclip/retrieval";
import {
  endSearchThreads,
  FlatIndex,
  type Precision,
  type SearchResult,
} from "detailclip/retrieval";
import { ensureEnvironment, TorchProcess } from "./torch_side.ts";

/** What is compared. */
export interface PeerOptions {
  /** Numbers of vectors. */
  sizes: readonly number[];
  /** D. */
  dim: number;
  /** Numbers of queries that are asked at once. */
  queries: readonly number[];
  /** Numbers of threads. */
  threads: readonly number[];
  /** How often each is measured. */
  rounds: number;
}

/** The times of one system in one case. */
export interface PeerRow {
  /** `ours, float32`, `faiss` … */
  system: string;
  vectors: number;
  queries: number;
  threads: number;
  /** The least time, ms. */
  ms: number;
  /** The median time, ms. */
  median: number;
  /** The least processor time of all threads, ms: what other work on the machine disturbs least. */
  cpu: number;
  /** Least time over that of faiss in the same case. */
  ofFaiss: number;
  /** Least processor time over that of faiss. */
  cpuOfFaiss: number;
  /** Share of faiss's ten best that are found; numpy only multiplies. */
  agreement?: number;
}

const PRECISIONS: readonly Precision[] = ["float32", "int8", "int4"];
const PEERS = ["numpy", "faiss", "usearch"];
/** Rounds that do not count: the engine compiles what is called often once more. */
const WARM_UP = 5;

/** One search: its time, and the best rows of each query. */
interface Turn {
  ms: number;
  cpu: number;
  found: number[][] | null;
}

/** Something that searches. */
type System = (queries: Float32Array, threads: number) => Promise<Turn>;

/** Indexes vectors in all precisions, and writes them to a file. */
async function fill(path: string, size: number, dim: number): Promise<FlatIndex[]> {
  const draw = randomUnitVectors(createRandom(size), dim);
  const indices = PRECISIONS.map((precision) => new FlatIndex({ dim, precision }));
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  for (let done = 0; done < size; done += 1000) {
    const some = draw(Math.min(1000, size - done));
    await writer.write(new Uint8Array(some.slice().buffer));
    for (let at = 0; at < some.length; at += dim) {
      for (const index of indices) index.add(some.subarray(at, at + dim));
    }
  }
  return indices;
}

/** An index as one of the systems. */
function ours(index: FlatIndex): System {
  return async (queries, threads) => {
    const start = performance.now(), busy = process.cpuUsage();
    const results: SearchResult[][] = await index.search(queries, { threads });
    const ms = performance.now() - start, { user, system } = process.cpuUsage(busy);
    return {
      ms,
      cpu: (user + system) / 1000,
      found: results.map((best) => best.map(({ image }) => image)),
    };
  };
}

/** Share of the expected rows that were found. */
function agreement(found: number[][], expected: number[][]): number {
  const shares = expected.map((rows, q) =>
    rows.filter((row) => found[q].includes(row)).length / rows.length
  );
  return shares.reduce((sum, share) => sum + share) / shares.length;
}

/** Times all systems in turns. */
async function measure(
  systems: ReadonlyMap<string, System>,
  queries: Float32Array,
  { vectors, asked, threads, rounds }: {
    vectors: number;
    asked: number;
    threads: number;
    rounds: number;
  },
): Promise<PeerRow[]> {
  const turns = new Map<string, Turn[]>([...systems.keys()].map((name) => [name, []]));
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [name, search] of systems) {
      const turn = await search(queries, threads);
      if (round >= 0) turns.get(name)!.push(turn);
    }
  }
  const least = (name: string, what: "ms" | "cpu") =>
    Math.min(...turns.get(name)!.map((turn) => turn[what]));
  const expected = turns.get("faiss")![0].found!;
  return [...turns].map(([system, times]) => ({
    ...{ system, vectors, queries: asked, threads },
    ...{ ms: least(system, "ms"), median: medianOf(times.map(({ ms }) => ms)) },
    cpu: least(system, "cpu"),
    ofFaiss: least(system, "ms") / least("faiss", "ms"),
    cpuOfFaiss: least(system, "cpu") / least("faiss", "cpu"),
    ...(times[0].found && { agreement: agreement(times[0].found, expected) }),
  }));
}

/**
 * Measures ours and the peers. Sets `.venv-search` up on first use.
 *
 * @returns a row a system and case
 */
export async function measurePeers(options: PeerOptions): Promise<PeerRow[]> {
  const { sizes, dim, queries, rounds } = options;
  const python = await ensureEnvironment(".venv-search", "tools/requirements/search.txt");
  const folder = await Deno.makeTempDir();
  const [rowFile, queryFile] = ["vectors", "queries"].map((name) => join(folder, name));
  const all = randomUnitVectors(createRandom("queries"), dim)(Math.max(...queries));
  await Deno.writeFile(queryFile, new Uint8Array(all.slice().buffer));
  const rows: PeerRow[] = [];
  try {
    for (const vectors of sizes) {
      const indices = await fill(rowFile, vectors, dim);
      for (const threads of options.threads) {
        const args = [rowFile, queryFile, String(dim), String(threads)];
        const peers = new TorchProcess("bench/search_peers.py", args, python);
        await peers.read();
        for (const asked of queries) {
          const systems = new Map<string, System>([
            ...indices.map((index): [string, System] => [`ours, ${index.precision}`, ours(index)]),
            ...PEERS.map((peer): [string, System] => [
              peer,
              () => peers.ask<Turn>({ peer, queries: asked }),
            ]),
          ]);
          const some = all.subarray(0, asked * dim);
          rows.push(...await measure(systems, some, { vectors, asked, threads, rounds }));
        }
        await peers.close();
      }
    }
  } finally {
    await endSearchThreads();
    await Deno.remove(folder, { recursive: true });
  }
  return rows;
}
