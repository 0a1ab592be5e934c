/**
 * One file of the hub: resumed where it was broken off, checked before it gets its name.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { dirname } from "node:path";
import { sha256File } from "../../runtime/files.ts";
import type { HubFile } from "./model_info.ts";
import { impostor } from "../impostor.ts";
import { askHub, Broken, chunksOf, type HubOptions, pauseFor } from "./request.ts";

/** Times in a row that a transfer may break off without a byte more. */
const BREAKS = 5;

/** Options of {@linkcode downloadFile}. */
export interface DownloadFileOptions extends HubOptions {
  /** Called with the bytes of the file that are on disk. */
  onBytes?: (bytes: number) => void;
}

/** What is to be downloaded. */
export interface Source extends HubFile {
  /** Where it is. */
  address: string;
  /** The model it belongs to, for messages. */
  id: string;
}

/** Git's name of a file's content: SHA-1 over a header and the bytes. */
async function gitBlob(path: string): Promise<string> {
  const hash = createHash("sha1").update(`blob ${statSync(path).size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** What is wrong with a file's content, if anything can be told. */
async function contentFault(
  path: string,
  { size, sha256, blob }: HubFile,
): Promise<string | undefined> {
  const found = statSync(path).size;
  if (found !== size) return `got ${found} of ${size} bytes`;
  const [kind, expected, got] = sha256
    ? ["SHA-256", sha256, await sha256File(path)]
    : ["Git's SHA-1", blob, blob && await gitBlob(path)];
  return expected === got ? undefined : `its ${kind} must be ${expected}, got ${got}`;
}

/**
 * Downloads a file. What was downloaded of the same content before is kept and gone on with, also by another process
 * after a kill; the file gets its name when it is whole and its checksum is right.
 *
 * @param source which file, and what it must be
 * @param path where it belongs; nothing may be there
 * @throws {Error} when it cannot be had, or is not what the hub says it is: then nothing of it is kept
 */
export async function downloadFile(
  source: Source,
  path: string,
  options: DownloadFileOptions,
): Promise<void> {
  const name = (source.sha256 ?? source.blob ?? "unknown").slice(0, 12); // of another content, another file
  const part = `${path}.${name}.part`;
  await Deno.mkdir(dirname(path), { recursive: true });
  using file = await Deno.open(part, { read: true, write: true, create: true });
  if (!await file.tryLock(true)) {
    throw new Error(`Cannot download ${source.address}: another process is doing that`);
  }
  try {
    await fill(file, source, options);
  } catch (error) {
    if ((await file.stat()).size === 0) await Deno.remove(part);
    throw error;
  }
  await file.sync();
  const fault = await contentFault(part, source);
  if (fault !== undefined) {
    await Deno.remove(part);
    throw new Error(`Cannot download ${source.address}: ${fault}; nothing of it was kept`);
  }
  await Deno.rename(part, path);
}

/** Appends to a file until it has all bytes; breaks of the connection are gone on from. */
async function fill(
  file: Deno.FsFile,
  source: Source,
  options: DownloadFileOptions,
): Promise<void> {
  const { signal, pause = pauseFor, onBytes } = options;
  let have = (await file.stat()).size;
  if (have > source.size) await file.truncate(have = 0);
  for (let breaks = 0, most = have; have !== source.size;) {
    try {
      have = await transfer(file, have, source, options);
      if (have > source.size) return; // the check says so
      if (have < source.size) throw new Broken(`ended after ${have} of ${source.size} bytes`);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Broken)) throw error;
      have = (await file.stat()).size;
      breaks = have > most ? 0 : breaks + 1;
      most = Math.max(most, have);
      if (breaks === BREAKS) {
        const kept =
          `${have} of ${source.size} bytes are kept, and the next try goes on from there`;
        throw new Error(
          `Cannot download ${source.address}: the transfer ${error.message}; ${kept}`,
        );
      }
      await pause(1000 * 2 ** breaks, signal);
    }
  }
  onBytes?.(have);
}

/** One request, whose bytes are written behind those that are there. */
async function transfer(
  file: Deno.FsFile,
  start: number,
  { address, id, size }: Source,
  options: DownloadFileOptions,
): Promise<number> {
  const { onBytes } = options;
  // a range is of the content as it is stored, not of a compressed one
  const headers = { "accept-encoding": "identity", ...(start > 0 && { range: `bytes=${start}-` }) };
  const response = await askHub(address, id, headers, options);
  const [, from] = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "") ?? [];
  let have = response.status === 206 && Number(from) === start ? start : 0;
  if (response.status === 416 || (response.status === 206 && have !== start)) {
    await response.body?.cancel();
    await file.truncate(0);
    throw new Broken("cannot be resumed here");
  }
  const begun = have;
  for await (const chunk of chunksOf(response, options)) {
    if (have === begun) {
      refuseOther(response, chunk, size - begun, address);
      await file.truncate(begun); // a server may send all of it
      await file.seek(begun, Deno.SeekMode.Start);
    }
    for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
    have += chunk.length;
    onBytes?.(have);
    if (have > size) break; // never endlessly
  }
  return have;
}

/** Refuses an answer that, by its length or its first bytes, is not of the file that was asked for. */
function refuseOther(
  { headers, status }: Response,
  first: Uint8Array,
  expected: number,
  address: string,
): void {
  const what = status === 206 ? undefined : impostor(first);
  if (what !== undefined) throw new Error(`Cannot download ${address}: what comes is ${what}`);
  const length = headers.has("content-encoding") ? null : headers.get("content-length");
  if (length === null || Number(length) === expected) return;
  throw new Error(
    `Cannot download ${address}: ${length} bytes come, and the hub said ${expected}; nothing of them was kept`,
  );
}
