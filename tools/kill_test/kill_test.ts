/**
 * Kills extraction at random moments (SIGKILL, which no process can catch) until it has been killed often
 * enough, and compares every cache that gets finished in between with an uninterrupted one, bit for bit.
 * After every kill: all shards that the manifest names are whole, everything that was said to be written
 * is there, and at most one batch of what was encoded is lost.
 *
 *     deno run -A tools/kill_test/kill_test.ts [--rounds 100] [--seed 1] [--images 48] [--batch 4]
 *       [--encoder lib/encoders/testdata/random-clip]
 *
 * 100 rounds take about 3 minutes on 2 cores.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import type { ExtractEvent } from "../../lib/features/mod.ts";
import { checkShard, readManifest } from "../../lib/features/manifest.ts";
import { writeImages } from "../../lib/features/testing.ts";
import { createRandom, type Random } from "../../lib/numeric/random.ts";

/** Large covers have a call an image; in small ones images share calls, which must not matter. */
const COVERS = ["cc@5", "full", "cc@2"];
const CHILD = new URL("./child.ts", import.meta.url);
const CONFIG = new URL("../../deno.json", import.meta.url);
/** Not an image: it must be in the ledger whatever happens. */
const BROKEN = "image-broken.png";

/** What the child says. */
type ChildEvent = ExtractEvent | { type: "started" } | {
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
  /** Caches finished and compared with an uninterrupted one. */
  compared: number;
}

/** When to kill: some ms after the start, or after the child began its n-th write. */
type Moment = { afterMs: number } | { afterWrite: number; thenMs: number };

/** Half of the kills aim at writes; the others fall anywhere from start-up to the end of the work. */
function chooseMoment(random: Random, { startUpMs, writeMs }: Pace): Moment {
  return random.next() < 0.5
    ? { afterWrite: random.integer(1, 4), thenMs: random.uniform(0, 1.1) * writeMs }
    : { afterMs: random.uniform(0.2, 2.2) * startUpMs };
}

/** How long things take here, so that kills land where they are meant to. */
interface Pace {
  /** Until the encoder is loaded. */
  startUpMs: number;
  /** A write, on average. */
  writeMs: number;
}

/** One run of the child: what it said until it ended or was killed. */
interface Run {
  events: ChildEvent[];
  killed: boolean;
  pace: Pace;
}

async function runChild(args: string[], moment?: Moment): Promise<Run> {
  const begin = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `--config=${fileURLToPath(CONFIG)}`, fileURLToPath(CHILD), ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const timers: ReturnType<typeof setTimeout>[] = [];
  const killAfter = (ms: number) => timers.push(setTimeout(() => kill(child), ms));
  if (moment && "afterMs" in moment) killAfter(moment.afterMs);
  const events: ChildEvent[] = [];
  const pace = { startUpMs: 0, writeMs: 0 };
  let writes = 0, writing = 0, rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const event: ChildEvent = JSON.parse(line);
      events.push(event);
      if (event.type === "started") pace.startUpMs = performance.now() - begin;
      if (event.type === "written") {
        pace.writeMs += (performance.now() - writing - pace.writeMs) / writes;
      }
      if (event.type !== "writing") continue;
      writing = performance.now();
      writes++;
      if (moment && "afterWrite" in moment && writes === moment.afterWrite) {
        killAfter(moment.thenMs);
      }
    }
  }
  const { signal, code } = await child.status;
  timers.forEach(clearTimeout);
  if (signal !== "SIGKILL" && code !== 0) {
    throw new Error(`Cannot finish kill test: the child failed with ${code}`);
  }
  return { events, killed: signal === "SIGKILL", pace };
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has just ended by itself: this round counts as a run to the end.
  }
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
async function checkKilled(run: Run, cacheDir: string, batch: number) {
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
async function checkFinished(run: Run, reference: Run, cacheDir: string): Promise<void> {
  const end = (run: Run) => JSON.stringify(run.events.find(({ type }) => type === "finished"));
  if (end(run) !== end(reference)) {
    throw new Error(`Cannot trust cache: resumed ${end(run)}, uninterrupted ${end(reference)}`);
  }
  const { litter } = await inspect(cacheDir);
  if (litter > 0) {
    throw new Error(`Cannot trust cache: ${litter} files of killed processes are left`);
  }
}

/**
 * Kills extraction `rounds` times and checks the cache after each.
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
  const references: Run[] = [];
  for (const cover of COVERS) {
    references.push(await runChild(argsFor(cover, join(folder, `reference-${cover}`))));
  }
  const { pace } = references[0];
  const result: KillTestResult = {
    kills: 0,
    moments: { starting: 0, encoding: 0, writing: 0 },
    litter: 0,
    lost: 0,
    compared: 0,
  };
  for (let cycle = 0, open = false; result.kills < rounds || open; cycle += open ? 0 : 1) {
    const which = cycle % COVERS.length;
    const cacheDir = join(folder, `cache-${cycle}`);
    const moment = result.kills < rounds ? chooseMoment(random, pace) : undefined;
    const run = await runChild(argsFor(COVERS[which], cacheDir), moment);
    open = run.killed;
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
    const result = await runKillTest({
      rounds: Number(values.rounds),
      seed: Number(values.seed),
      images: Number(values.images),
      batch: Number(values.batch),
      encoder: values.encoder,
      folder,
      log: (line) => console.error(line),
    });
    console.log(JSON.stringify({ ...result, seconds: (performance.now() - begin) / 1000 }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
