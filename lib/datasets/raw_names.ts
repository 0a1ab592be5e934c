/**
 * Names in a folder that Deno cannot name: on Linux a name is bytes, and those that are not UTF-8 appear in no listing.
 *
 * @module
 */

/** Where `d_name` begins in glibc's `struct dirent`, and where its length stands: the same on x64 and arm64. */
const NAME_AT = 19, LENGTH_AT = 16;

const SYMBOLS = {
  opendir: { parameters: ["buffer"], result: "pointer" },
  readdir: { parameters: ["pointer"], result: "pointer" },
  closedir: { parameters: ["pointer"], result: "i32" },
} as const;

/** The C library, or nothing where there is none of this kind, or it may not be called. */
function openLibrary(): Deno.DynamicLibrary<typeof SYMBOLS> | undefined {
  if (Deno.build.os !== "linux") return undefined; // elsewhere names are Unicode
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS);
  } catch {
    return undefined;
  }
}

/** Looks for names that are not UTF-8; close it in the end. */
export interface RawNames {
  /** Those in a folder, each wrong byte as `\ufffd`; none where they cannot be looked for. */
  in(folder: string): string[];
  /** Lets go of the C library. */
  close(): void;
}

/** Opens the C library to look for names that are not UTF-8. */
export function openRawNames(): RawNames {
  const library = openLibrary();
  if (library === undefined) return { in: () => [], close: () => {} };
  const { opendir, readdir, closedir } = library.symbols;
  const strict = new TextDecoder("utf-8", { fatal: true }), lax = new TextDecoder();
  return {
    in(folder) {
      const found: string[] = [];
      const directory = opendir(new TextEncoder().encode(`${folder}\0`));
      if (directory === null) return found;
      for (let entry = readdir(directory); entry !== null; entry = readdir(directory)) {
        const view = new Deno.UnsafePointerView(entry);
        const field = new Uint8Array(view.getArrayBuffer(view.getUint16(LENGTH_AT)), NAME_AT);
        const name = field.slice(0, field.indexOf(0)); // copied: the next entry may take its place
        try {
          strict.decode(name);
        } catch {
          found.push(lax.decode(name));
        }
      }
      closedir(directory);
      return found;
    },
    close: () => library.close(),
  };
}
