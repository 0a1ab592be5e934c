import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../numeric/random.ts";
import { decodeShard, encodeShard, type ImageRows, sliceRows } from "./shard.ts";
import { withFolder } from "./testing.ts";

const DIM = 5;

function makeRows(counts: number[]): ImageRows[] {
  const random = createRandom(3);
  return counts.map((count, index) => ({
    key: `image-${index}`,
    features: Float32Array.from({ length: count * DIM }, () => random.normal()),
    boxes: Array.from({ length: count }, (_, i) => ({
      left: random.integer(0, 70_000),
      top: i,
      width: index + 1,
      height: count,
    })),
    levels: Uint8Array.from({ length: count }, (_, i) => (i === 0 ? 0 : 1 + (i % 3))),
  }));
}

Deno.test("shard: what goes in comes out, for images with different numbers of patches", () => {
  const images = makeRows([1, 7, 3]);
  const columns = decodeShard(encodeShard(images, DIM));
  assert.equal(columns.dim, DIM);
  assert.equal(columns.rows, 11);
  for (const [index, first] of [0, 1, 8].entries()) {
    const { key: _, ...expected } = images[index];
    assert.deepEqual(sliceRows(columns, first, expected.boxes.length), expected);
  }
  assert.throws(() => sliceRows(columns, 8, 4), /Cannot read shard: rows 8 to 12 asked/);
});

Deno.test("shard: features are read as views on the file's bytes", () => {
  const bytes = encodeShard(makeRows([4, 4]), DIM);
  const columns = decodeShard(bytes);
  assert.equal(columns.features.buffer, bytes.buffer);
  assert.equal(sliceRows(columns, 4, 4).features.buffer, bytes.buffer);
});

Deno.test("shard: rows that do not fit together are refused", () => {
  const [image] = makeRows([4]);
  assert.throws(
    () => encodeShard([{ ...image, features: image.features.subarray(1) }], DIM),
    /Cannot encode shard: image image-0 has 4 boxes and 4 levels, so it needs 20 .* got 19/,
  );
});

Deno.test("shard: bytes that are no shard are refused", () => {
  assert.throws(() => decodeShard(new TextEncoder().encode("not an arrow file at all")));
});

const READ_WITH_PYARROW = `
import json, sys, pyarrow as pa
with pa.OSFile(sys.argv[1]) as file:
    table = pa.ipc.open_file(file).read_all()
feature = table["feature"].combine_chunks()
print(json.dumps({
    "types": [str(field.type) for field in table.schema],
    "names": table.schema.names,
    "metadata": {k.decode(): v.decode() for k, v in table.schema.metadata.items()},
    "rows": table.num_rows,
    "image": table["image"].to_pylist(),
    "patch": table["patch"].to_pylist(),
    "level": table["level"].to_pylist(),
    "boxes": [table[side].to_pylist() for side in ("left", "top", "width", "height")],
    "values": feature.flatten().to_pylist(),
}))
`;

const PYTHON = join(import.meta.dirname!, "../../.venv/bin/python");
const hasPyarrow = existsSync(PYTHON) &&
  new Deno.Command(PYTHON, { args: ["-c", "import pyarrow"], stderr: "null" }).outputSync().success;
if (!hasPyarrow) console.log("shard: pyarrow reads it: skipped, .venv has no pyarrow");

Deno.test({
  name: "shard: pyarrow reads what was written, bit for bit",
  ignore: !hasPyarrow,
  fn: () =>
    withFolder(async (folder) => {
      const images = makeRows([2, 5]);
      const path = join(folder, "shard.arrow");
      await Deno.writeFile(path, encodeShard(images, DIM, { detailclip: "a key" }));
      const args = ["-c", READ_WITH_PYARROW, path];
      const { stdout, stderr, success } = await new Deno.Command(PYTHON, { args }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const read = JSON.parse(new TextDecoder().decode(stdout));
      const boxes = images.flatMap((image) => image.boxes);
      assert.deepEqual(read, {
        types: [
          "dictionary<values=string, indices=int32, ordered=0>",
          "int32",
          "uint8",
          ...Array(4).fill("int32"),
          "fixed_size_list<item: float not null>[5]",
        ],
        names: ["image", "patch", "level", "left", "top", "width", "height", "feature"],
        metadata: { detailclip: "a key" },
        rows: 7,
        image: [...Array(2).fill("image-0"), ...Array(5).fill("image-1")],
        patch: [0, 1, 0, 1, 2, 3, 4],
        level: images.flatMap((image) => [...image.levels]),
        boxes: (["left", "top", "width", "height"] as const).map((s) => boxes.map((b) => b[s])),
        values: images.flatMap((image) => [...image.features]),
      });
    }),
});
