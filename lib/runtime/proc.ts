/**
 * Linux's files about processes and processors.
 *
 * @module
 */

/** The most that is read of such a file. */
const MOST_BYTES = 1 << 20;

/** Reads a file by the C library. */
function readByLibc(path: string): string {
  const libc = Deno.dlopen("libc.so.6", {
    fopen: { parameters: ["buffer", "buffer"], result: "pointer" },
    fread: { parameters: ["buffer", "usize", "usize", "pointer"], result: "usize" },
    fclose: { parameters: ["pointer"], result: "i32" },
  });
  try {
    const { fopen, fread, fclose } = libc.symbols, encoder = new TextEncoder();
    const file = fopen(encoder.encode(`${path}\0`), encoder.encode("r\0"));
    if (file === null) throw new Deno.errors.NotFound(path);
    const bytes = new Uint8Array(MOST_BYTES);
    const length = Number(fread(bytes, 1n, BigInt(MOST_BYTES), file));
    fclose(file);
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    libc.close();
  }
}

/**
 * Reads a file of /proc. Deno wants all permissions for that; a task that may load native libraries, and nothing
 * else beyond its files, reads it by the C library.
 *
 * @param path such as `/proc/cpuinfo`
 * @returns its text; `undefined` where there is none, as on other systems
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readProc } from "detailclip/runtime";
 * assert.equal(readProc("/proc/nothing"), undefined);
 * ```
 */
export function readProc(path: string): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch {
    try {
      return readByLibc(path);
    } catch {
      return undefined;
    }
  }
}
