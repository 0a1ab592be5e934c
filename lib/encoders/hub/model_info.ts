/**
 * What the hub knows of a model: its files with sizes and checksums, its licence, its revision.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { printable } from "../../runtime/notice.ts";
import { impostor } from "../impostor.ts";
import { askHub, chunksOf, hubEndpoint, type HubOptions } from "./request.ts";

/** One file of a model. */
export interface HubFile {
  /** Where it belongs below the model's folder. */
  path: string;
  /** Bytes. */
  size: number;
  /** SHA-256 of its content; of large files. */
  sha256?: string;
  /** Git's name of its content, a SHA-1; of small files. */
  blob?: string;
}

/** A model of the hub at one revision. */
export interface HubModel {
  /** `owner/name`. */
  id: string;
  /** The commit that its files are of. */
  revision: string;
  /** The licence that its card names; `undefined` where it names none. */
  licence?: string;
  /** The models that it was made from, as its card says. */
  base: string[];
  /** All its files. */
  files: HubFile[];
}

/** What is known of a model is shorter (bytes). */
const LONGEST = 1 << 26;

const TEXTS = z.union([z.string(), z.array(z.string())]).nullish();

const BYTES = z.number().int().nonnegative();

/** The part of the hub's answer that is read here. */
const ANSWER = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  tags: z.array(z.string()).nullish(),
  cardData: z.object({ license: TEXTS, license_name: z.string().nullish(), base_model: TEXTS })
    .nullish().catch(undefined),
  siblings: z.array(z.object({
    rfilename: z.string(),
    size: BYTES,
    blobId: z.string().nullish(),
    lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: BYTES }).nullish(),
  })),
});

/** A text, or several, as a list. */
function listOf(texts: string | string[] | null | undefined): string[] {
  return texts === null || texts === undefined ? [] : [texts].flat();
}

/** The licence as the card gives it, else as the tags do. */
function licenceOf({ cardData, tags }: z.infer<typeof ANSWER>): string | undefined {
  const named = listOf(cardData?.license), prefix = "license:";
  const tagged = (tags ?? []).filter((tag) => tag.startsWith(prefix))
    .map((tag) => tag.slice(prefix.length));
  const licences = (named.length > 0 ? named : tagged)
    .map((name) => name === "other" && cardData?.license_name ? cardData.license_name : name);
  return licences.length > 0 ? printable(licences.join(", ")) : undefined;
}

/** An answer's JSON. */
async function jsonOf(response: Response, address: string, options: HubOptions): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(response, options)) {
      chunks.push(chunk);
      if ((bytes += chunk.length) > LONGEST) break; // never endlessly
    }
  } catch (error) {
    options.signal.throwIfAborted();
    throw new Error(`Cannot read what ${address} answers: it ${(error as Error).message}`);
  }
  const all = Buffer.concat(chunks);
  try {
    return JSON.parse(all.toString());
  } catch {
    const what = impostor(all) ??
      `no JSON, and begins with ${JSON.stringify(all.toString("utf8", 0, 60))}`;
    throw new Error(`Cannot read what ${address} answers: it is ${what}`);
  }
}

/**
 * Asks the hub about a model.
 *
 * @param id `owner/name`
 * @param options `revision`: the commit or branch to look at, `main` unless told
 * @throws {Error} when there is no such model, or the answer is not the hub's
 */
export async function hubModel(
  id: string,
  { revision = "main", ...options }: HubOptions & { revision?: string },
): Promise<HubModel> {
  const address = `${hubEndpoint()}/api/models/${id}/revision/${revision}?blobs=true`;
  const response = await askHub(address, id, { accept: "application/json" }, options);
  const answer = ANSWER.safeParse(await jsonOf(response, address, options));
  if (!answer.success) {
    throw new Error(`Cannot read what ${address} answers: ${z.prettifyError(answer.error)}`);
  }
  const { data } = answer, known = new Map(data.siblings.map((file) => [file.rfilename, file]));
  return {
    id,
    revision: data.sha,
    licence: licenceOf(data),
    base: listOf(data.cardData?.base_model),
    files: [...known.values()].map(({ rfilename: path, size, blobId, lfs }) => {
      if (lfs) return { path, size: lfs.size, sha256: lfs.sha256 };
      return { path, size, ...(blobId && { blob: blobId }) };
    }),
  };
}

/** Where a file of a model is downloaded from. */
export function fileAddress({ id, revision }: HubModel, path: string): string {
  return `${hubEndpoint()}/${id}/resolve/${revision}/${path}`;
}
