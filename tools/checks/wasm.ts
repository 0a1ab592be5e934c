/**
 * WebAssembly that is written as text (`NAME.wat`) stands as base64 in `NAME_wasm.ts` beside it: the one must be
 * what the other assembles to.
 *
 * @module
 */
import { join } from "node:path";
import { captureDeno } from "../project.ts";
import { type Check, exists, listFiles, messages } from "./check.ts";

/**
 * The assembler. It has a lock file of its own: Deno installs all that is in deno.lock, and only the gate needs
 * this.
 */
const ASSEMBLER = "npm:wabt@1.0.39/wat2wasm";
const LOCK = join(import.meta.dirname!, "wabt.lock");
/** Features of WebAssembly that the assembler takes for new, and Deno's engine has. */
const FEATURES = ["--enable-multi-memory", "--enable-relaxed-simd", "--enable-threads"];

/** Assembles a text; fails with what the assembler says of it. */
async function assemble(root: string, path: string): Promise<Uint8Array> {
  const out = await Deno.makeTempFile({ suffix: ".wasm" });
  try {
    const isolated = ["--no-config", "--node-modules-dir=none", `--lock=${LOCK}`, "--frozen"];
    const permissions = ["--allow-env", `--allow-read=${root},${out}`, `--allow-write=${out}`];
    const args = [
      "run",
      "--quiet",
      ...isolated,
      ...permissions,
      ASSEMBLER,
      ...FEATURES,
      path,
      "-o",
      out,
    ];
    const { code, output } = await captureDeno(args, { cwd: root });
    if (code !== 0) throw new Error(messages(output));
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(out);
  }
}

/** The base64 that a module holds as `const MODULE = "…" + "…";`. */
function moduleOf(source: string): string | undefined {
  const strings = source.match(/^const MODULE =([^;]*);/m)?.[1].matchAll(/"([^"]*)"/g);
  return strings && [...strings].map(([, part]) => part).join("");
}

/** What is wrong with one text, if anything. */
async function problemWith(root: string, path: string): Promise<string | null> {
  const held = path.replace(/\.wat$/, "_wasm.ts");
  const source = await exists(join(root, held)) ? await Deno.readTextFile(join(root, held)) : "";
  const found = moduleOf(source);
  if (found === undefined) return `${path}: ${held} has no MODULE`;
  try {
    const expected = (await assemble(root, path)).toBase64();
    return found === expected
      ? null
      : `${held}: MODULE is not what ${path} assembles to: ${expected}`;
  } catch (error) {
    return `${path}: ${error instanceof Error ? error.message : error}`;
  }
}

/** The WebAssembly of the library is what its text says. */
export const wasmBytes: Check = {
  name: "WebAssembly",
  run: async (root) => {
    const texts = await listFiles(root, "lib", (path) => path.endsWith(".wat"));
    const found = await Promise.all(texts.map((path) => problemWith(root, path)));
    return found.filter((problem) => problem !== null);
  },
};
