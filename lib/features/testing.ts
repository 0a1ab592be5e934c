/**
 * Stand-ins for the tests of this room: an encoder that is a hash, and folders of generated images.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createDataset } from "../datasets/dataset.ts";
import { emptyReport } from "../datasets/report.ts";
import type { Dataset, DatasetImage } from "../datasets/mod.ts";
import { type Encoder, VectorError } from "../encoders/mod.ts";
import { sha256 } from "../runtime/files.ts";
import { encodePng } from "../images/mod.ts";
import { createRandom } from "../numeric/random.ts";

/** An encoder for tests, which says what it was asked for. */
export interface HashEncoder extends Encoder {
  /** Number of patches of each call so far. */
  calls: number[];
}

/**
 * An encoder whose vectors are hashes of the patches: equal patches have equal vectors, others do not.
 *
 * @param options `dim` values a vector, `size` px a patch, `before` runs before each call,
 * `bad` patches have no finite vector
 */
export function hashEncoder(
  { dim = 8, size = 8, before = () => Promise.resolve(), bad = () => false }: {
    dim?: number;
    size?: number;
    before?: (call: number) => Promise<void>;
    bad?: (patch: Uint8Array) => boolean;
  } = {},
): HashEncoder {
  const calls: number[] = [];
  const vector = (patch: Uint8Array) => {
    const bytes = createHash("sha512").update(patch).digest();
    const row = Float32Array.from({ length: dim }, (_, i) => bytes.readInt16LE(2 * (i % 32)) + i);
    const length = Math.hypot(...row);
    return row.map((value) => value / length);
  };
  return {
    id: "hash",
    dim,
    inputSize: size,
    dtype: "fp32",
    fingerprint: sha256(`hash ${dim} ${size}`),
    preprocessing: { mode: "squash", size },
    calls,
    async encodeImages({ count, data }, { signal } = {}) {
      calls.push(count);
      await before(calls.length);
      signal?.throwIfAborted();
      const out = new Float32Array(count * dim); // (P, D)
      const length = size * size * 3;
      for (let i = 0; i < count; i++) {
        const patch = data.subarray(i * length, (i + 1) * length);
        if (bad(patch)) throw new VectorError("image", i);
        out.set(vector(patch), i * dim);
      }
      return out;
    },
    encodeTexts: () => Promise.reject(new Error("Cannot encode texts: not needed here")),
    dispose: () => Promise.resolve(),
  };
}

/** Writes `count` PNG images of noise, `side` px wide and a little less high, each different. */
export async function writeImages(
  folder: string,
  count: number,
  { side = 40, seed = 1 }: { side?: number; seed?: number } = {},
): Promise<string[]> {
  await Deno.mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (let i = 0; i < count; i++) {
    const random = createRandom(`${seed}/${i}`);
    const width = side, height = side - random.integer(0, Math.floor(side / 4));
    const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 255));
    const path = join(folder, `image-${String(i).padStart(4, "0")}.png`);
    await Deno.writeFile(path, await encodePng({ width, height, data }));
    paths.push(path);
  }
  return paths;
}

/** A data set of files, with the objects that `objects` gives them. */
export function filesDataset(
  paths: readonly string[],
  objects: (index: number) => DatasetImage["objects"] = () => [],
): Dataset {
  const images = paths.map((path, index) => ({
    id: path.split("/").pop()!,
    path,
    objects: objects(index),
  }));
  const report = emptyReport();
  return createDataset({ name: "files", categories: ["thing"], images, annotated: true, report });
}

/** Runs `work` with a temporary folder that is removed afterwards. */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "features-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
