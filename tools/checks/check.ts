/**
 * What a check of the gate is, and what several of them share.
 *
 * @module
 */
import { join, relative } from "node:path";
import { captureDeno } from "../project.ts";

/** One check of the gate: looks at the project in `root` and names every problem it finds. */
export interface Check {
  /** A word or two. */
  name: string;
  /** The problems, each with its place; none when all is well. */
  run: (root: string) => Promise<string[]>;
}

/** A check that is a run of Deno: its output is the problem when it ends with an error. */
export function denoCheck(name: string, args: readonly string[]): Check {
  return {
    name,
    run: async (root) => {
      const { code, output } = await captureDeno(args, { cwd: root });
      return code === 0 ? [] : [messages(output)];
    },
  };
}

/**
 * Deno's output without what says nothing: the native stack under an error, progress, and warnings
 * about types inside packages.
 */
export function messages(output: string): string {
  return output
    .replace(/\n+Stack backtrace:\n(?: +.*\n?)*/g, "\n")
    .replace(/^Check .*\n/gm, "")
    .replace(/^Warning Failed resolving types.*\n(?: +at .*\n)?/gm, "")
    .trim();
}

/** Folders that hold no sources of this project. */
const SKIPPED = new Set(["node_modules", "__pycache__", "testdata", "results"]);

/** The files of a folder and its subfolders, as paths from `root` with "/", sorted; hidden ones not. */
export async function listFiles(
  root: string,
  folder: string,
  accept: (path: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    for await (const entry of Deno.readDir(directory)) {
      if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) continue;
      const path = join(directory, entry.name);
      const fromRoot = relative(root, path).replaceAll("\\", "/");
      if (entry.isDirectory) await walk(path);
      else if (accept(fromRoot)) found.push(fromRoot);
    }
  };
  if (await exists(join(root, folder))) await walk(join(root, folder));
  return found.sort();
}

/** Whether there is a file or folder at `path`. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
