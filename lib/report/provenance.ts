/**
 * Where a number comes from: the machine, the versions, the inputs and the cost of a run.
 *
 * @module
 */
import { cpus } from "node:os";
import { inNotebook } from "../runtime/interrupt.ts";
import { readProc } from "../runtime/proc.ts";
import denoJson from "../../deno.json" with { type: "json" };
import type { EpochRecord } from "../fusion/mod.ts";
import type { Engine } from "../tensor/mod.ts";
import { canonicalJson, sha256 } from "../runtime/files.ts";

/** What a data set is called: a generated one by its recipe, one that exists by its annotations. */
export interface NamedDataset {
  /** Where it comes from: `"clevr-ds"`, or the format of its annotations. */
  source: string;
  /** Which part of the recipe. */
  variant?: string;
  /** Whose renderings. */
  family?: string;
  /** File or folder of its annotations. */
  annotations?: string;
}

/** What every configuration says: what was run, how much of it, and the seed of every draw. */
export interface NamedConfig {
  /** Name of the experiment. */
  name: string;
  /** How much of it. */
  scale: string;
  /** Seed of every draw. */
  seed: number;
  /** What is searched, where anything is. */
  dataset?: NamedDataset;
}

/** Twelve hexadecimal digits that change whenever anything in the configuration does. */
export function configHash(config: object): string {
  return sha256(canonicalJson(config)).slice(0, 12);
}

/** The {@linkcode configHash} of all but the seed. */
export function hashButSeed({ seed: _, ...rest }: NamedConfig): string {
  return configHash(rest);
}

/** Everything needed to repeat a run, and what it cost. */
export interface Provenance<Config extends NamedConfig = NamedConfig> {
  /** Name of the experiment. */
  experiment: string;
  /** Scale of the run. */
  scale: string;
  /** The command that repeats it, as far as it is known: see {@linkcode commandLine}. */
  command: string;
  /** Seed of every draw. */
  seed: number;
  /** {@linkcode configHash} of the whole configuration. */
  configHash: string;
  /** The configuration itself. */
  config: Config;
  /** Fingerprint of the data set: categories, images and annotations. */
  dataset: string;
  /** Fingerprint of the encoder: hash of weights, configuration and preprocessing. */
  encoder: string;
  /** Where it encoded images, if not on the processor. */
  encoderDevice?: string;
  /** Versions of the runtime and of every dependency. */
  versions: Record<string, string>;
  /** Commit of the workspace, with `+` where files differ from it; `unknown` outside a checkout. */
  commit: string;
  /** Processor model and number of logical cores. */
  machine: string;
  /** When the run started, ISO 8601. */
  started: string;
  /** Seconds a stage took. */
  seconds: Record<string, number>;
  /** Peak resident memory of the process so far, MiB. */
  peakMemoryMiB: number;
  /** Each training of the run, epoch by epoch, by method. */
  training?: Record<string, EpochRecord[]>;
  /** What tensors were computed on, where a fusion was trained. */
  engine?: Pick<Engine, "name" | "version" | "device" | "adapter">;
}

/** Versions of Deno, V8, this workspace and all pinned dependencies, from deno.json. */
export function versions(): Record<string, string> {
  const dependencies = Object.entries(denoJson.imports)
    .map(([name, target]) => [name, /@([\d.]+[^@/]*)$/.exec(target)?.[1] ?? ""])
    .filter(([, version]) => version !== "");
  return {
    workspace: denoJson.version,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    ...Object.fromEntries(dependencies),
  };
}

/** Processor model and number of logical cores, such as `"AMD EPYC 7B13, 2 cores"`. */
export function machine(): string {
  const all = cpus();
  return `${all[0]?.model.trim() || Deno.build.arch}, ${all.length} cores, ${Deno.build.os}`;
}

/** Peak resident memory of this process in MiB; the present one where the system keeps no peak. */
export function peakMemoryMiB(): number {
  const kib = /VmHWM:\s+(\d+) kB/.exec(readProc("/proc/self/status") ?? "")?.[1];
  if (kib) return Math.round(Number(kib) / 1024);
  return Math.round(Deno.memoryUsage().rss / 2 ** 20);
}

/**
 * What the user typed to start this process, as far as it can be known. A task that starts others says so in
 * the environment variable `DETAILCLIP_COMMAND`; the cells of a notebook run by hand have no command.
 *
 * @param mainModule address of the module that the process was started with
 * @param args its command line
 */
export function commandLine(
  mainModule: string = Deno.mainModule,
  args: readonly string[] = Deno.args,
): string {
  const told = Deno.env.get("DETAILCLIP_COMMAND");
  if (told) return told;
  if (inNotebook()) return "by hand, in a notebook";
  if (mainModule.includes("$deno$")) return "unknown"; // code that was typed or piped in
  const root = new URL("../../", import.meta.url).href;
  const module = mainModule.startsWith(root) ? mainModule.slice(root.length) : mainModule;
  return ["deno run", module, ...args].join(" ");
}

async function git(...args: string[]): Promise<string> {
  const cwd = new URL("../../", import.meta.url);
  const { success, stdout } = await new Deno.Command("git", {
    args,
    cwd,
    stdout: "piped",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`git ${args[0]} failed`);
  return new TextDecoder().decode(stdout).trim();
}

/** Short commit of the workspace, with `+` where tracked sources outside `results/` differ from it. */
export async function commit(): Promise<string> {
  try {
    const head = await git("rev-parse", "--short=12", "HEAD");
    const changed = await git("status", "--porcelain", "-uno", "--", ".", ":!results");
    return changed === "" ? head : `${head}+`;
  } catch {
    return "unknown"; // no git, or not a checkout
  }
}

/** What {@linkcode collectProvenance} is told by the runner. */
export interface RunFacts<Config extends NamedConfig = NamedConfig> {
  /** What was run. */
  config: Config;
  /** The command that repeats it. */
  command: string;
  /** Fingerprint of the data set. */
  dataset: string;
  /** Fingerprint of the encoder. */
  encoder: string;
  /** Where it encoded images, if not on the processor. */
  encoderDevice?: string;
  /** When it began. */
  started: Date;
  /** Seconds a stage took. */
  seconds: Record<string, number>;
  /** Each training of the run, by method. */
  training?: Record<string, EpochRecord[]>;
  /** What they were computed on. */
  engine?: Engine;
}

/** Puts together where a run's numbers come from; call it when the run has ended. */
export async function collectProvenance<Config extends NamedConfig>(
  facts: RunFacts<Config>,
): Promise<Provenance<Config>> {
  const { config } = facts;
  return {
    experiment: config.name,
    scale: config.scale,
    command: facts.command,
    seed: config.seed,
    configHash: configHash(config),
    config,
    dataset: facts.dataset,
    encoder: facts.encoder,
    ...(facts.encoderDevice !== undefined && { encoderDevice: facts.encoderDevice }),
    versions: versions(),
    commit: await commit(),
    machine: machine(),
    started: facts.started.toISOString(),
    seconds: facts.seconds,
    peakMemoryMiB: peakMemoryMiB(),
    ...(facts.training && { training: facts.training }),
    ...(facts.engine && {
      engine: {
        name: facts.engine.name,
        version: facts.engine.version,
        device: facts.engine.device,
        ...(facts.engine.adapter !== undefined && { adapter: facts.engine.adapter }),
      },
    }),
  };
}
