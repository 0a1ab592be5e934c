/**
 * Kills extraction and training at random moments (SIGKILL, which no process can catch) until they have been killed often
 * enough, in half of the runs beside a second process that does the same, and compares what gets finished in between
 * with an uninterrupted run, bit for bit. After every kill of an extraction: all shards that the manifest names are
 * whole, everything that was said to be written is there, and at most one batch of what was encoded is lost.
 *
 *     deno run -A tools/kill_test/kill_test.ts [--rounds 100] [--seed 1] [--images 48] [--batch 4]
 *       [--encoder lib/encoders/testdata/random-clip]
 *
 * Half of the rounds kill extractions, half trainings.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import type { ExtractEvent } from "../../lib/features/mod.ts";
import { checkShard, readManifest } from "../../lib/features/manifest.ts";
import { writeImages } from "../../lib/features/testing.ts";
import { createRandom } from "../../lib/numeric/random.ts";
import { chooseMoment, type Run, runChild } from "./run_child.ts";
import { killTrainings } from "./trainings.ts";

/** Large covers have a call an image; in small ones images share calls, which must not matter. */
const COVERS = ["cc@5", "full", "cc@2"];
const CHILD = new URL("./child.ts", import.meta.url);
/** Not an image: it must be in the ledger whatever happens. */
const BROKEN = "image-broken.png";

/** What the child says. */
type Said = ExtractEvent | { type: "started" } | {
  type: "finished";
  digest: string;
  images: number;
  ledger: string[];
};

/** Options of {@linkcode runKillTest}. */
export interface KillTestOptions {
  /** How often to kill. */
  rounds: number;
  /** Seed of the images and of the choice of moments. */
  seed: number;
  /** Number of images, one broken one aside. */
  images: number;
  /** Images a batch. */
  batch: number;
  /** An encoder's id. */
  encoder: string;
  /** An existing, empty folder to work in. */
  folder: string;
  /** Called with a line after every round. */
  log?: (line: string) => void;
}

/** What a kill test saw. */
export interface KillTestResult {
  /** Kills that hit a running process. */
  kills: number;
  /** Where they hit it. */
  moments: Record<"starting" | "encoding" | "writing", number>;
  /** Kills that left temporary files or shards that no manifest names. */
  litter: number;
  /** The most images that a kill lost. */
  lost: number;
  /** Kills while another process did the same. */
  besides: number;
  /** Caches finished and compared with an uninterrupted one. */
  compared: number;
}

/** The cache folder below `cacheDir`: each cover of this test has a directory of its own. */
async function cacheFolder(cacheDir: string): Promise<string | undefined> {
  try {
    for await (const item of Deno.readDir(cacheDir)) {
      if (item.isDirectory) return join(cacheDir, item.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The keys that are safe on disk, and how many files there are that should not be. */
async function inspect(cacheDir: string): Promise<{ keys: Set<string>; litter: number }> {
  const folder = await cacheFolder(cacheDir);
  const keys = new Set<string>();
  if (!folder) return { keys, litter: 0 };
  const { shards } = await readManifest(folder);
  for (const entry of shards) {
    const wrong = await checkShard(folder, entry, "checksum");
    if (wrong) {
      throw new Error(`Cannot trust cache: ${entry.shard} is in the manifest, but ${wrong}`);
    }
    for (const [key] of entry.images) keys.add(key);
  }
  const named = new Set(shards.map(({ shard }) => shard));
  let litter = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith("shard-") && !named.has(name)) litter++;
  }
  return { keys, litter };
}

/** Compares what a killed child said with what is on disk. */
async function checkKilled(run: Run<Said>, cacheDir: string, batch: number) {
  const { keys, litter } = await inspect(cacheDir);
  let lost = 0, phase: keyof KillTestResult["moments"] = "starting";
  for (const event of run.events) {
    if (event.type === "started") phase = "encoding";
    if (event.type === "writing") phase = "writing";
    if (event.type === "encoded" && !keys.has(event.key)) lost++;
    if (event.type !== "written") continue;
    phase = "encoding";
    const gone = event.keys.filter((key) => !keys.has(key));
    if (gone.length > 0) {
      throw new Error(`Cannot trust cache: ${gone.length} written images are gone`);
    }
  }
  if (lost > batch) throw new Error(`Cannot trust cache: ${lost} images lost, a batch is ${batch}`);
  return { lost, phase, litter };
}

/** Checks a finished cache against the uninterrupted one. */
async function checkFinished(
  run: Run<Said>,
  reference: Run<Said>,
  cacheDir: string,
): Promise<void> {
  const end = (run: Run<Said>) =>
    JSON.stringify(run.events.find(({ type }) => type === "finished"));
  if (end(run) !== end(reference)) {
    throw new Error(`Cannot trust cache: resumed ${end(run)}, uninterrupted ${end(reference)}`);
  }
  const { litter } = await inspect(cacheDir);
  if (litter > 0) {
    throw new Error(`Cannot trust cache: ${litter} files of killed processes are left`);
  }
}

/** Two processes that both end well encode no image twice; what a killed one had not written is encoded again. */
function checkShared(runs: readonly Run<Said>[], images: number): void {
  if (runs.some(({ killed }) => killed)) return;
  const encoded = runs.flatMap(({ events }) => events.filter(({ type }) => type === "encoded"));
  if (encoded.length > images) {
    throw new Error(
      `Cannot trust cache: two processes encoded ${encoded.length} of ${images} images`,
    );
  }
}

/**
 * Kills extraction `rounds` times, in half of the runs beside another process that does the same, and checks the cache after each.
 *
 * @throws Error when a cache is not what it should be
 */
export async function runKillTest(options: KillTestOptions): Promise<KillTestResult> {
  const { rounds, seed, images, batch, encoder, folder, log = () => {} } = options;
  const random = createRandom(`kill ${seed}`);
  const directory = join(folder, "images");
  await writeImages(directory, images, { side: 80, seed });
  await Deno.writeTextFile(join(directory, BROKEN), "not an image");
  const argsFor = (cover: string, cacheDir: string) => [
    directory,
    cacheDir,
    cover,
    encoder,
    String(batch),
  ];
  const references: Run<Said>[] = [];
  for (const cover of COVERS) {
    references.push(await runChild(CHILD, argsFor(cover, join(folder, `reference-${cover}`))));
  }
  const { pace } = references[0];
  const result: KillTestResult = {
    kills: 0,
    moments: { starting: 0, encoding: 0, writing: 0 },
    litter: 0,
    lost: 0,
    besides: 0,
    compared: 0,
  };
  for (let cycle = 0, open = false; result.kills < rounds || open; cycle += open ? 0 : 1) {
    const which = cycle % COVERS.length;
    const cacheDir = join(folder, `cache-${cycle}`);
    const moment = result.kills < rounds ? chooseMoment(random, pace) : undefined;
    const args = argsFor(COVERS[which], cacheDir), two = random.next() < 0.5;
    const [run, other] = await Promise.all([
      runChild<Said>(CHILD, args, moment),
      two ? runChild<Said>(CHILD, args) : undefined,
    ]);
    open = run.killed;
    if (other) { // it has taken over where the first was killed
      await checkFinished(other, references[which], cacheDir);
      checkShared([run, other], images);
      if (run.killed) result.besides++;
    }
    if (run.killed) {
      const { lost, phase, litter } = await checkKilled(run, cacheDir, batch);
      result.kills++;
      result.moments[phase]++;
      result.lost = Math.max(result.lost, lost);
      if (litter > 0) result.litter++;
      log(`kill ${result.kills}/${rounds}: ${COVERS[which]}, while ${phase}, ${lost} images lost`);
    } else {
      await checkFinished(run, references[which], cacheDir);
      result.compared++;
      await Deno.remove(cacheDir, { recursive: true });
      log(`finished: ${COVERS[which]}, equal to the uninterrupted cache`);
    }
  }
  return result;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      rounds: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
      images: { type: "string", default: "48" },
      batch: { type: "string", default: "4" },
      encoder: {
        type: "string",
        default: fileURLToPath(new URL("../../lib/encoders/testdata/random-clip", import.meta.url)),
      },
    },
  });
  const folder = await Deno.makeTempDir({ prefix: "kill-test-" });
  const begin = performance.now();
  try {
    const rounds = Number(values.rounds), seed = Number(values.seed);
    const log = (line: string) => console.error(line);
    const extraction = await runKillTest({
      ...{ rounds: Math.ceil(rounds / 2), seed, folder, log },
      images: Number(values.images),
      batch: Number(values.batch),
      encoder: values.encoder,
    });
    const training = await killTrainings({ rounds: Math.floor(rounds / 2), seed, folder, log });
    const seconds = (performance.now() - begin) / 1000;
    console.log(JSON.stringify({ extraction, training, seconds }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
