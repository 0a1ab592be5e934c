/**
 * Paths that come out of files are not trusted: an image must lie below the image root.
 *
 * @module
 */
import { isAbsolute, relative, resolve, sep } from "node:path";

/** Whether `path` is `root` or below it; both absolute and without links. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/**
 * Where a file name leads; `id` is the one spelling of the way there: relative to the root, with `/`. `file` is the same for
 * all ways to one file: its path without links.
 */
export type SafePath =
  | { kind: "file" | "missing"; path: string; id: string; file: string }
  | { kind: "unsafe" };

/**
 * Resolves a file name that an annotation file gives against the image root. It is unsafe when it is
 * absolute, climbs out by `..`, holds a NUL, is no text at all, or passes through a link that leads out.
 *
 * @param root real path of the image root
 * @param name as the annotation file has it
 */
export async function resolveInside(root: string, name: unknown): Promise<SafePath> {
  if (typeof name !== "string" || name === "" || name.includes("\0")) return { kind: "unsafe" };
  // A backslash is a separator on Windows; `fileNameOf` has made `/` of those in annotations.
  if (isAbsolute(name) || /^[a-z]:/i.test(name) || name.includes("\\")) return { kind: "unsafe" };
  const path = resolve(root, name);
  if (path === root || !isInside(root, path)) return { kind: "unsafe" };
  const id = relative(root, path).replaceAll(sep, "/");
  try {
    const real = await Deno.realPath(path);
    return isInside(root, real) ? { kind: "file", path, id, file: real } : { kind: "unsafe" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return { kind: "missing", path, id, file: path };
    }
    return { kind: "file", path, id, file: path }; // unreadable: decoding will say why
  }
}
