/**
 * Where the results of benchmarks go.
 *
 * @module
 */
import { join } from "node:path";
import { KEEP_VARIABLE } from "detailclip/report";
import { RESULTS_DIR } from "detailclip";
import { RUNS_DIR, sha256, writeAtomic } from "detailclip/runtime";

/**
 * Writes what a benchmark measured: to `runs/bench/`, with other options beside it, and to `results/bench/`, which is
 * committed, where `--keep` asks for it and nothing else is given.
 *
 * @param name of the benchmark
 * @param result what is written, as JSON
 * @param figure what stands beside it, as SVG
 */
export async function recordResult(
  name: string,
  result: object,
  figure?: { svg: string },
): Promise<void> {
  const plain = Deno.args.length === 0;
  const keep = plain && Deno.env.get(KEEP_VARIABLE) === "1";
  const options = plain ? "" : `-${sha256(JSON.stringify(Deno.args)).slice(0, 6)}`;
  const path = join(keep ? RESULTS_DIR : RUNS_DIR, "bench", `${name}${options}`);
  await writeAtomic(`${path}.json`, `${JSON.stringify(result, null, 2)}\n`);
  if (figure) await writeAtomic(`${path}.svg`, `${figure.svg}\n`);
  console.error(`written to ${path}.json${figure ? " and .svg" : ""}`);
}
