/**
 * Reading a file that may be an image: what it is, is looked at before any decoder sees it.
 *
 * @module
 */
import { ALLOWED_FORMATS, type AllowedFormat, SNIFF_BYTES, sniffFormat } from "./format.ts";
import { ImageError } from "./image_error.ts";

/**
 * Looks at what a file is, and at its head, before `read` gets it.
 *
 * @param path of the file
 * @param read what to do with its head, the open file and its size in bytes
 * @param headBytes how much the head has
 * @throws {ImageError} when the file is no image of an allowed format, or cannot be read
 */
export async function readImageFile<T>(
  path: string,
  read: (head: Uint8Array, file: Deno.FsFile, size: number) => T | Promise<T>,
  headBytes: number = SNIFF_BYTES,
): Promise<T> {
  try {
    const { isDirectory, isFile, size } = await Deno.stat(path);
    if (isDirectory) throw new ImageError(path, "is a directory");
    // Opening a pipe would wait for its writer, reading a device might never end.
    if (!isFile) throw new ImageError(path, "is not a regular file");
    using file = await Deno.open(path);
    const head = await readUpTo(file, Math.min(size, headBytes));
    checkFormat(head, path); // a large file that is no image need not be read
    return await read(head, file, size);
  } catch (error) {
    // A permission that the process lacks spoils every image alike: that is no fault of this one.
    if (error instanceof ImageError || error instanceof Deno.errors.NotCapable) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new ImageError(path, "unreadable file", detail, { cause: error });
  }
}

/** The whole of a file whose head is known. */
export async function readWhole(
  head: Uint8Array,
  file: Deno.FsFile,
  size: number,
): Promise<Uint8Array> {
  const rest = await readUpTo(file, size - head.length);
  const bytes = new Uint8Array(head.length + rest.length);
  bytes.set(head);
  bytes.set(rest, head.length);
  return bytes;
}

/** Reads up to `length` bytes; fewer when the file ends before. */
export async function readUpTo(file: Deno.FsFile, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

/**
 * The format of a file's head.
 *
 * @throws {ImageError} when it is not one of {@linkcode ALLOWED_FORMATS}
 */
export function checkFormat(head: Uint8Array, path?: string): AllowedFormat {
  if (head.length === 0) throw new ImageError(path, "empty file");
  const format = sniffFormat(head);
  if (format === undefined) throw new ImageError(path, "not an image");
  const allowed = ALLOWED_FORMATS.find((name) => name === format);
  if (allowed) return allowed;
  throw new ImageError(path, `format ${format} is not allowed`, ALLOWED_FORMATS.join(", "));
}
