/**
 * Reading command lines, and ending with the status that tells how it went.
 *
 * @module
 */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import {
  ENCODER_DEVICES,
  type EncoderDevice,
  type EncoderDtype,
} from "../../lib/encoders/encoder.ts";
import { callersFolder } from "../../lib/runtime/cache_dir.ts";
import { InterruptError } from "../../lib/runtime/interrupt.ts";
import { printable } from "../../lib/runtime/notice.ts";
import { nearestName } from "../../lib/runtime/nearest.ts";

/** A call that cannot be understood. */
export class UsageError extends Error {}

/**
 * Reads a command line as `parseArgs` does.
 *
 * @throws {UsageError} when it has an option that is not known, naming the nearest one, or is wrong otherwise
 */
export function readOptions<T extends ParseArgsConfig>(
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const { message } = error as Error;
    const attempt = "Cannot read the command line";
    const unknown = /^Unknown option '-+([^']*)'/.exec(message)?.[1];
    if (unknown === undefined) throw new UsageError(`${attempt}: ${message}`);
    const names = [...Object.keys(config.options ?? {}), "help"];
    const nearest = nearestName(unknown, names);
    const known = names.map((name) => `--${name}`).join(", ");
    throw new UsageError(
      `${attempt}: Unknown option '--${unknown}'` +
        (nearest ? `; did you mean --${nearest}?` : ` (there are: ${known})`),
    );
  }
}

/** Variables that name folders. */
const FOLDERS = ["DETAILCLIP_CACHE", "DETAILCLIP_RUNS", "DETAILCLIP_MODELS"];

/**
 * Lets relative paths, of the command line and of variables, mean the folder in which a task was called, in this process
 * and in those that it starts.
 */
function enterCallersFolder(): void {
  const caller = callersFolder();
  for (const name of FOLDERS) {
    try {
      const named = Deno.env.get(name);
      if (named) Deno.env.set(name, resolve(caller, named));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error; // a tool that uses no such folder
    }
  }
  if (caller !== Deno.cwd()) Deno.chdir(caller);
}

/**
 * What every tool does first: it takes relative paths as the caller's, and prints how it is called and ends, where the
 * command line asks for `--help`.
 */
export function helpOn(usage: string, args: readonly string[] = Deno.args): void {
  enterCallersFolder();
  if (!args.includes("--help")) return;
  console.log(usage);
  Deno.exit();
}

/** The status with which a tool ends: 2 when it was called wrongly, 130 when Ctrl-C stopped it, else 1. */
export function statusOf(error: unknown): number {
  if (error instanceof UsageError) return 2;
  return error instanceof InterruptError ? 130 : 1;
}

/**
 * Prints an error's message, without a stack, and ends the tool with {@linkcode statusOf} it.
 *
 * @param error what went wrong
 * @param usage how the tool is called; its first line is told where it was called wrongly
 */
export function fail(error: unknown, usage?: string): never {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`error: ${message.split("\n").map(printable).join("\n")}`);
  // the whole help would push the reason off the screen
  if (usage && error instanceof UsageError) {
    console.error(`${usage.split("\n", 1)[0]}; --help says more`);
  }
  Deno.exit(statusOf(error));
}

/**
 * An option's value, if it is one of those allowed.
 *
 * @throws {UsageError} when it is not
 */
export function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found) return found;
  throw new UsageError(`Cannot read --${option}: expected ${allowed.join(", ")}, got ${value}`);
}

/** The options by which every task that encodes is told who looks. */
export const ENCODER_OPTIONS = {
  encoder: { type: "string" },
  dtype: { type: "string" },
  device: { type: "string" },
} as const;

/**
 * What {@linkcode ENCODER_OPTIONS} are, for the text of `--help`.
 *
 * @param embedded the encoder that looks unless another is named
 */
export function encoderUsage(embedded: string = "tiny-clip"): string {
  return `  --encoder ID                ${embedded}, a folder in the hub's layout, or a hub id (see deno task encoder)
  --dtype fp32|fp16|q8        of the encoder's weights (fp32)
  --device DEVICE             where images are encoded: cpu, webgpu (any GPU), cuda, dml, coreml, or auto: webgpu where
                              there is a GPU, else cpu (cpu)`;
}

/** Who looks, as far as the command line says. */
export interface EncoderChoice {
  /** As `loadEncoder` takes it; the absolute path of a folder that is there. */
  id?: string;
  /** Precision of the weights. */
  dtype?: EncoderDtype;
  /** Where images are encoded. */
  device?: EncoderDevice | "auto";
}

/**
 * Reads {@linkcode ENCODER_OPTIONS}.
 *
 * @throws {UsageError} when there is no such precision or device
 */
export function readEncoder(
  { encoder, dtype, device }: { encoder?: string; dtype?: string; device?: string },
): EncoderChoice {
  const isFolder = encoder && statSync(encoder, { throwIfNoEntry: false })?.isDirectory();
  return {
    ...(encoder !== undefined && { id: isFolder ? resolve(encoder) : encoder }),
    ...(dtype !== undefined &&
      { dtype: oneOf<EncoderDtype>("dtype", dtype, ["fp32", "fp16", "q8"]) }),
    ...(device !== undefined && { device: oneOf("device", device, ENCODER_DEVICES) }),
  };
}
