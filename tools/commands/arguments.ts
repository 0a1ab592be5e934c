/**
 * Reading command lines.
 *
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";
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
    const names = Object.keys(config.options ?? {});
    const nearest = nearestName(unknown, names);
    const known = names.map((name) => `--${name}`).join(", ");
    throw new UsageError(
      `${attempt}: Unknown option '--${unknown}'` +
        (nearest ? `; did you mean --${nearest}?` : ` (there are: ${known})`),
    );
  }
}

/** Prints how a tool is called and ends it, where the command line asks for `--help`. */
export function helpOn(usage: string, args: readonly string[] = Deno.args): void {
  if (!args.includes("--help")) return;
  console.log(usage);
  Deno.exit();
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
