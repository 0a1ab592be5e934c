/**
 * The fused vectors of a collection, which are all that a search needs, and their files.
 *
 * @module
 */
import {
  Field,
  FixedSizeList,
  Float32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { writeAtomic } from "../runtime/files.ts";

/** The fused vectors of N images. */
export interface FusedVectors {
  /** The images, in the order of `data`. // N */
  imageIds: string[];
  /** m, vectors an image. */
  vectors: number;
  /** D. */
  dim: number;
  /** Unit vectors. // (N, m, D) */
  data: Float32Array;
}

/** Where the vectors of each image go: an image may be asked for twice. */
export function placesOf(imageIds: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  imageIds.forEach((id, n) => places.set(id, [...places.get(id) ?? [], n]));
  return places;
}

/** Name and version of the format, in the files' metadata. */
const FORMAT = "fused vectors 1";

function checkFused(attempt: string, { imageIds, vectors, dim, data }: FusedVectors): void {
  const fail = (why: string) => {
    throw new Error(`Cannot ${attempt}: ${why}`);
  };
  for (const [name, value] of Object.entries({ vectors, dim })) {
    if (!Number.isInteger(value) || value < 1) {
      fail(`${name} must be a positive integer, got ${value}`);
    }
  }
  const expected = imageIds.length * vectors * dim;
  if (data.length !== expected) {
    fail(
      `${imageIds.length} images with ${vectors} vectors of ${dim} values need ${expected} values, ` +
        `got ${data.length}`,
    );
  }
}

/**
 * Writes fused vectors to an Arrow file, whole or not at all: one row an image, with its id (`image`)
 * and its m vectors one after the other (`vectors`, FixedSizeList<float32>[m·D]). pyarrow and polars
 * open it too.
 *
 * @param path where
 * @param fused the vectors
 * @throws Error when `data` has not as many values as it should
 */
export async function saveFused(path: string, fused: FusedVectors): Promise<void> {
  checkFused(`save ${path}`, fused);
  const { imageIds, vectors, dim, data } = fused;
  const rows = imageIds.length;
  const list = new FixedSizeList(vectors * dim, new Field("item", new Float32(), false));
  const schema = new Schema(
    [new Field("image", new Utf8(), false), new Field("vectors", list, false)],
    new Map([["detailclip", FORMAT], ["vectors", String(vectors)], ["dim", String(dim)]]),
  );
  const child = makeData({ type: new Float32(), length: data.length, data });
  const children = [
    // a vector of no values has no data
    vectorFromArray(imageIds, new Utf8()).data[0] ?? makeData({ type: new Utf8() }),
    makeData({ type: list, length: rows, child }),
  ];
  const struct = makeData({ type: new Struct(schema.fields), length: rows, children });
  await writeAtomic(path, tableToIPC(new Table([new RecordBatch(schema, struct)]), "file"));
}

/**
 * Reads fused vectors that {@linkcode saveFused} wrote.
 *
 * @param path the file
 * @returns ids and vectors; `data` is a view on the file's bytes
 * @throws Error when the file is not of this kind, or not whole
 */
export async function loadFused(path: string): Promise<FusedVectors> {
  try {
    const table = tableFromIPC(await Deno.readFile(path));
    const { metadata } = table.schema;
    if (metadata.get("detailclip") !== FORMAT || table.batches.length > 1) {
      throw new Error("it does not hold fused vectors");
    }
    const values = table.getChild("vectors")?.data[0]?.children[0]?.values ?? new Float32Array(0);
    const vectors = Number(metadata.get("vectors")), dim = Number(metadata.get("dim"));
    const fused = {
      imageIds: [...table.getChild("image") ?? []] as string[],
      vectors,
      dim,
      data: values.subarray(0, table.numRows * vectors * dim), // the format pads to 8 bytes
    };
    checkFused("use it", fused);
    return fused;
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`Cannot load fused vectors from ${path}: ${why}`, { cause: error });
  }
}
