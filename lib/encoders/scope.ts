/**
 * What an encoder knows, where that is little: its folder says so in `scope.json`.
 *
 * @module
 */
import { join } from "node:path";
import type { Dataset } from "../datasets/mod.ts";
import { readTextIfThere } from "../runtime/files.ts";
import type { Encoder } from "./encoder.ts";

/** What `scope.json` of an encoder's folder says; nothing where there is none. It changes no vector. */
export async function readScope(folder: string): Promise<Pick<Encoder, "drawnOnly">> {
  const text = await readTextIfThere(join(folder, "scope.json"));
  const { drawnOnly } = JSON.parse(text ?? "{}");
  return typeof drawnOnly === "string" ? { drawnOnly } : {};
}

/**
 * What is to be said where an encoder that knows drawn objects only meets other images.
 *
 * @param encoder who looks
 * @param dataset at what
 * @returns a line; `undefined` where nothing is to be said
 */
export function scopeNotice(
  { id, drawnOnly }: Pick<Encoder, "id" | "drawnOnly">,
  { name, drawn }: Pick<Dataset, "name" | "drawn">,
): string | undefined {
  if (drawnOnly === undefined || drawn) return undefined;
  return `${id} knows drawn objects only (${drawnOnly}) and says next to nothing of other images, such as ` +
    `those of ${name}; use photo-clip for photographs instead, or a CLIP of the ` +
    `hub (deno task encoder add Xenova/clip-vit-base-patch32), or an export of your own`;
}
