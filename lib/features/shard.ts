/**
 * One shard of features: an Arrow IPC file with a row a patch, read back as views on its bytes.
 *
 * Columns: `image` (dictionary of text, the image key), `patch` and `level` (index of the patch and of
 * its level), `left`, `top`, `width`, `height` (px of the original image) and `feature`
 * (FixedSizeList<float32>[D]). The rows of an image are adjacent and in patch order.
 *
 * @module
 */
import {
  Dictionary,
  Field,
  FixedSizeList,
  Float32,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  Uint8,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import type { Box } from "../covers/cover.ts";

/** The features of one image, before they are written or after they were read. */
export interface ImageRows {
  /** The image's key in the cache (see `imageKey`). */
  key: string;
  /** Unit rows, one a patch: (P, D), row-major. */
  features: Float32Array;
  /** The P boxes, in px of the original image. */
  boxes: Box[];
  /** The cover's level of each of the P patches. */
  levels: Uint8Array;
}

/** The columns of a shard as views on the file's bytes; R rows. */
export interface ShardColumns {
  /** Number of values a feature has (D). */
  dim: number;
  /** Number of rows (R). */
  rows: number;
  /** (R, D), row-major. */
  features: Float32Array;
  /** (R) each. */
  levels: Uint8Array;
  /** (R). */
  left: Int32Array;
  /** (R). */
  top: Int32Array;
  /** (R). */
  width: Int32Array;
  /** (R). */
  height: Int32Array;
}

const SIDES = ["left", "top", "width", "height"] as const;

/** The schema of every shard with features of `dim` values. */
function shardSchema(dim: number, metadata: Map<string, string>): Schema {
  const item = new Field("item", new Float32(), false);
  return new Schema([
    new Field("image", new Dictionary(new Utf8(), new Int32(), 0), false),
    new Field("patch", new Int32(), false),
    new Field("level", new Uint8(), false),
    ...SIDES.map((side) => new Field(side, new Int32(), false)),
    new Field("feature", new FixedSizeList(dim, item), false),
  ], metadata);
}

/** Columns of `images` one below the other; `owner` is the index of each row's image. */
function stackRows(images: readonly ImageRows[], dim: number) {
  const rows = images.reduce((sum, image) => sum + image.boxes.length, 0);
  const columns = {
    owner: new Int32Array(rows),
    patch: new Int32Array(rows),
    level: new Uint8Array(rows),
    left: new Int32Array(rows),
    top: new Int32Array(rows),
    width: new Int32Array(rows),
    height: new Int32Array(rows),
    feature: new Float32Array(rows * dim), // (R, D)
  };
  let row = 0;
  for (const [index, image] of images.entries()) {
    columns.feature.set(image.features, row * dim);
    columns.level.set(image.levels, row);
    for (const [patch, box] of image.boxes.entries()) {
      columns.owner[row] = index;
      columns.patch[row] = patch;
      for (const side of SIDES) columns[side][row] = box[side];
      row++;
    }
  }
  return { rows, columns };
}

/**
 * Lays the features of some images out as the bytes of an Arrow IPC file.
 *
 * @param images at least one image; each with at least one patch
 * @param dim number of values a feature has (D)
 * @param metadata texts that describe the shard, kept in the file's schema
 * @returns the file's bytes, about `4 * D + 25` a patch
 * @throws RangeError when the features of an image do not have P * D values or P levels
 */
export function encodeShard(
  images: readonly ImageRows[],
  dim: number,
  metadata: Record<string, string> = {},
): Uint8Array {
  for (const { key, features, boxes, levels } of images) {
    if (features.length !== boxes.length * dim || levels.length !== boxes.length) {
      throw new RangeError(
        `Cannot encode shard: image ${key} has ${boxes.length} boxes and ${levels.length} levels, ` +
          `so it needs ${boxes.length * dim} feature values, got ${features.length}`,
      );
    }
  }
  const { rows, columns } = stackRows(images, dim);
  const schema = shardSchema(dim, new Map(Object.entries(metadata)));
  const type = schema.fields.map((field) => field.type);
  const int = (data: Int32Array) => makeData({ type: new Int32(), length: rows, data });
  const children = [
    makeData({
      type: type[0] as Dictionary<Utf8, Int32>,
      length: rows,
      data: columns.owner,
      dictionary: vectorFromArray(images.map((image) => image.key), new Utf8()),
    }),
    int(columns.patch),
    makeData({ type: new Uint8(), length: rows, data: columns.level }),
    ...SIDES.map((side) => int(columns[side])),
    makeData({
      type: type[type.length - 1] as FixedSizeList<Float32>,
      length: rows,
      child: makeData({ type: new Float32(), length: rows * dim, data: columns.feature }),
    }),
  ];
  const struct = makeData({ type: new Struct(schema.fields), length: rows, children });
  return tableToIPC(new Table([new RecordBatch(schema, struct)]), "file");
}

/**
 * Reads the columns of a shard without copying them: the arrays are views on `bytes`.
 *
 * @param bytes a whole shard file
 * @returns features as (rows, D), the other columns as (rows); boxes in px of the image
 * @throws Error when the bytes are not a shard in one record batch with the expected columns
 */
export function decodeShard(bytes: Uint8Array): ShardColumns {
  const table = tableFromIPC(bytes);
  const list = table.schema.fields.find((field) => field.name === "feature")?.type;
  if (table.batches.length !== 1 || !(list instanceof FixedSizeList)) {
    throw new Error(
      `Cannot read shard: expected one record batch with a "feature" column of fixed-size lists, ` +
        `got ${table.batches.length} batches of ${table.schema.names.join(", ")}`,
    );
  }
  const values = (name: string) => {
    const data = table.getChild(name)?.data[0];
    if (!data) throw new Error(`Cannot read shard: it has no column "${name}"`);
    return name === "feature" ? data.children[0].values : data.values;
  };
  return {
    dim: list.listSize,
    rows: table.numRows,
    features: values("feature") as Float32Array,
    levels: values("level") as Uint8Array,
    left: values("left") as Int32Array,
    top: values("top") as Int32Array,
    width: values("width") as Int32Array,
    height: values("height") as Int32Array,
  };
}

/**
 * The rows of one image in a shard; features and levels are views, not copies.
 *
 * @param columns the shard
 * @param first the image's first row
 * @param count how many rows it has (P)
 * @returns features (P, D), levels (P) and P boxes in px of the image
 * @throws RangeError when the shard does not have these rows
 */
export function sliceRows(
  columns: ShardColumns,
  first: number,
  count: number,
): Omit<ImageRows, "key"> {
  const { dim, rows, features, levels, left, top, width, height } = columns;
  if (first < 0 || first + count > rows) {
    throw new RangeError(
      `Cannot read shard: rows ${first} to ${first + count} asked of a shard with ${rows}`,
    );
  }
  const boxes = Array.from({ length: count }, (_, i) => ({
    left: left[first + i],
    top: top[first + i],
    width: width[first + i],
    height: height[first + i],
  }));
  return {
    features: features.subarray(first * dim, (first + count) * dim), // (P, D)
    levels: levels.subarray(first, first + count), // (P)
    boxes,
  };
}
