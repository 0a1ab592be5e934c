/**
 * `deno task prove NAME [--count N] [--seed N] [--keep]`: what takes too long for the tests, which run a sample of it. The
 * result, with its date, command and versions, goes to runs/proofs/NAME.json; with `--keep` to results/proofs/.
 *
 *     images        1,000 damaged images of every accepted format: decoded or refused, no crash, no hang
 *     annotations   200 damaged annotation files of every reader
 *     polyglots     200 files that are an accepted format by their signature and another by their content
 *     large-scene   20,000 x 20,000 px, searched in bounded memory; `--count` is the side in px; `--bits 16 --bands 4`
 *                   has a record of its own
 *     kill          100 kills of extractions and trainings, half of them of one of two at once
 *
 * Exits with 0 when nothing was found, 1 when something was, which it lists, 2 when it was called wrongly.
 *
 * @module
 */
import { join } from "node:path";
import { sharp } from "../../lib/images/sharp.ts";
import { commit, machine, versions } from "../../lib/report/provenance.ts";
import { RUNS_DIR } from "../../lib/runtime/cache_dir.ts";
import { writeAtomic } from "../../lib/runtime/files.ts";
import { createProgress } from "../../lib/runtime/progress.ts";
import { ROOT } from "../project.ts";
import { proveKills } from "../prove/kill.ts";
import { proveLargeScene } from "../prove/large_scene.ts";
import { type ProofOptions, PROOFS } from "../prove/proofs.ts";
import type { Fault } from "../prove/trials.ts";
import { oneOf, readOptions, UsageError } from "./arguments.ts";
import { runTask } from "./task.ts";

/** How often processes are killed. */
const KILLS = 100;
/** Side of the large scene in px. */
const SIDE = 20_000;
const NAMES = [...Object.keys(PROOFS), "large-scene", "kill"];

const USAGE = `Usage: deno task prove NAME [options]
  NAME        images, annotations, polyglots, large-scene or kill
  --count N   inputs of each kind, kills, or px of the scene's side; as the whole proof has unless told
  --seed N    seed of every draw (1)
  --bits N    of the large scene's samples: 8 or 16 (8)
  --bands N   of the large scene: 3, or 4, of which the last is no colour (3)
  --keep      write to results/proofs, which is committed, not to runs/proofs`;

/** Faults that are listed; a count stands for the rest. */
const LISTED = 20;

/** A proof, and how much there is to do. */
function proofOf({ name, count, bits, bands }: ReturnType<typeof parseCall>) {
  if (name === "kill") {
    const kills = count ?? KILLS;
    return { count: kills, total: kills, unit: "kills", run: proveKills };
  }
  if (name === "large-scene") {
    const run = (options: ProofOptions) => proveLargeScene({ ...options, bits, bands });
    return { count: count ?? SIDE, total: 4, unit: "steps", run };
  }
  const { count: whole, kinds, run } = PROOFS[name];
  const each = count ?? whole;
  return { count: each, total: each * kinds.length, unit: "inputs", run };
}

/** A positive whole number, where there is one. */
function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`Cannot read --${option}: expected a positive integer, got ${text}`);
}

/** What the command line asks for. */
function parseCall() {
  const { values, positionals } = readOptions({
    allowPositionals: true,
    options: {
      count: { type: "string" },
      seed: { type: "string", default: "1" },
      bits: { type: "string", default: "8" },
      bands: { type: "string", default: "3" },
      keep: { type: "boolean", default: false },
    },
  });
  if (positionals.length !== 1) {
    throw new UsageError(`Cannot prove: expected one NAME, got ${positionals.length}`);
  }
  const name = oneOf("NAME", positionals[0], NAMES), { bits, bands } = values;
  if (name !== "large-scene" && (bits !== "8" || bands !== "3")) {
    throw new UsageError(`Cannot prove ${name}: --bits and --bands are of large-scene`);
  }
  return {
    name,
    bits: Number(oneOf("bits", bits, ["8", "16"])) as 8 | 16,
    bands: Number(oneOf("bands", bands, ["3", "4"])) as 3 | 4,
    count: numberOf("count", values.count),
    seed: numberOf("seed", values.seed)!,
    keep: values.keep,
  };
}

/** Versions of what is put to the test. */
function programs(): Record<string, string> {
  const all = { ...versions(), vips: sharp.versions.vips };
  const names = ["workspace", "deno", "sharp", "vips", "onnxruntime-node", "@tensorflow/tfjs-core"];
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

/** Runs a proof and files what came of it. */
async function prove(): Promise<number> {
  const call = parseCall(), { name, seed, keep, bits, bands } = call;
  const { count, total, unit, run } = proofOf(call);
  const folder = await Deno.makeTempDir({ prefix: "detailclip-proof-" });
  const progress = createProgress({ label: `Prove ${name}`, total, unit });
  const start = performance.now();
  let result: { faults: Fault[] };
  try {
    const options: ProofOptions = { count, seed, folder, onInput: (done) => progress.update(done) };
    result = await run(options);
  } finally {
    await progress.finish();
    await Deno.remove(folder, { recursive: true });
  }
  const { faults, ...counts } = result;
  const record = {
    proof: name,
    date: new Date().toISOString().slice(0, 10),
    command: ["deno task prove", ...Deno.args].join(" "),
    commit: await commit(),
    machine: machine(),
    versions: programs(),
    ...{ seed, count, seconds: Math.round((performance.now() - start) / 1000) },
    ...counts,
    faults: faults.length,
    examples: faults.slice(0, LISTED),
  };
  const kind = bits === 8 && bands === 3 ? "" : `-${bits}-bit-${bands}-bands`;
  const folderOf = keep ? join(ROOT, "results") : RUNS_DIR;
  const path = join(folderOf, "proofs", `${name}${kind}.json`);
  await writeAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
  console.log(JSON.stringify(counts));
  for (const { input, what } of record.examples) console.log(`${input}: ${what}`);
  console.log(`${faults.length === 0 ? "nothing" : faults.length} found; ${path}`);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) await runTask(USAGE, prove);
