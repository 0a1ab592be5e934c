/**
 * Which encoders are on this machine.
 *
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { entriesIn } from "../runtime/files.ts";
import type { EncoderDtype } from "./encoder.ts";
import { readSource } from "./hub/fetch_model.ts";
import { EMBEDDED_IDS, encoderFiles, locateEncoder, modelsFolder } from "./locate.ts";

/** An encoder that is on this machine. */
export interface LocalEncoder {
  /** As `loadEncoder` takes it. */
  id: string;
  /** Where its files are. */
  folder: string;
  /** The precisions that it has all files of. */
  dtypes: EncoderDtype[];
  /** Bytes of these files. */
  bytes: number;
  /** Whether it is part of this repository. */
  embedded: boolean;
  /** The licence, where a download noted it. */
  licence?: string;
  /** The hub's commit, where a download noted it. */
  revision?: string;
}

/** What is in a folder of an encoder. */
async function describe(id: string, folder: string, embedded: boolean): Promise<LocalEncoder> {
  const dtypes = (["fp32", "fp16", "q8"] as const).filter((dtype) =>
    encoderFiles(dtype).every((file) => existsSync(join(folder, file)))
  );
  const files = new Set(dtypes.flatMap((dtype) => encoderFiles(dtype)));
  const bytes = [...files].reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  const { licence, revision } = await readSource(folder) ?? {};
  return {
    ...{ id, folder, dtypes, bytes, embedded },
    ...(licence && { licence }),
    ...(revision && { revision }),
  };
}

/**
 * Lists the encoders that are on this machine: those of this repository, then those in the folder of models, whole or
 * begun.
 *
 * @param options `modelsDir`: the folder of models, as `loadEncoder` takes it
 */
export async function listEncoders(
  options: { modelsDir?: string } = {},
): Promise<LocalEncoder[]> {
  const found: LocalEncoder[] = [];
  for (const id of EMBEDDED_IDS) found.push(await describe(id, await locateEncoder(id), true));
  const models = modelsFolder(options);
  for (const owner of await foldersIn(models)) {
    for (const name of await foldersIn(join(models, owner))) {
      found.push(await describe(`${owner}/${name}`, join(models, owner, name), false));
    }
  }
  return found;
}

/** Names of the folders in a folder, sorted. */
async function foldersIn(path: string): Promise<string[]> {
  return (await entriesIn(path)).filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).sort();
}
