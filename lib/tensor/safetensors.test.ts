import assert from "node:assert/strict";
import { join } from "node:path";
import { createRandom } from "../numeric/random.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedArray,
  readSafetensors,
  type SafeTensors,
  writeSafetensors,
} from "./safetensors.ts";

/** A file with this header, as text or JSON, and `length` bytes of data. */
function file(header: unknown, length: number, claimed?: bigint): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (shape: unknown, data_offsets: unknown, dtype = "F32") => ({
  dtype,
  shape,
  data_offsets,
});

function example(): SafeTensors {
  const array = (...shape: number[]): NamedArray => {
    const data = new Float32Array(shape.reduce((product, n) => product * n, 1));
    return { shape, data: data.map((_, i) => i - 1.5) };
  };
  return {
    tensors: new Map([["a", array(2, 3)], ["empty", array(0, 4)], ["scalar", array()]]),
    metadata: { note: "ä\n" },
  };
}

Deno.test("what is written is read, bit for bit, and equal content gives equal bytes", () => {
  const content = example();
  const special = [NaN, -0, Infinity, 1e-45];
  content.tensors.set("special", { shape: [4], data: Float32Array.from(special) });
  const bytes = encodeSafetensors(content);
  const read = decodeSafetensors(bytes);
  assert.deepEqual(new Map([...read.tensors].sort()), new Map([...content.tensors].sort()));
  assert.deepEqual(read.metadata, content.metadata);
  const shuffled = { ...content, tensors: new Map([...content.tensors].reverse()) };
  assert.deepEqual(encodeSafetensors(shuffled), bytes);
  const header = new DataView(bytes.buffer).getBigUint64(0, true);
  assert.equal(Number(header) % 8, 0, "data must be aligned");
  assert.deepEqual(
    decodeSafetensors(encodeSafetensors({ tensors: new Map(), metadata: {} })),
    { tensors: new Map(), metadata: {} },
  );
});

Deno.test("a view into a larger buffer is written as it is seen", () => {
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  const bytes = encodeSafetensors({
    tensors: new Map([["v", { shape: [2], data }]]),
    metadata: {},
  });
  assert.deepEqual(decodeSafetensors(bytes).tensors.get("v")!.data, Float32Array.of(1, 2));
});

Deno.test("a header of any length, and bytes at any offset, are read", () => {
  for (let pad = 0; pad < 8; pad++) {
    const bytes = file(JSON.stringify({ x: entry([1], [0, 4]) }) + " ".repeat(pad), 4);
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, 2.5, true);
    const shifted = new Uint8Array(bytes.length + pad);
    shifted.set(bytes, pad);
    const { tensors } = decodeSafetensors(shifted.subarray(pad));
    assert.deepEqual(tensors.get("x"), { shape: [1], data: Float32Array.of(2.5) });
  }
});

Deno.test("PyTorch's own file is read and written back as the same arrays", async () => {
  const path = join(import.meta.dirname!, "testdata", "fusion_state_dict.safetensors");
  const read = await readSafetensors(path);
  assert.deepEqual(read.tensors.get("encoder.layers.0.linear1.weight")!.shape, [10, 12]);
  const again = decodeSafetensors(encodeSafetensors(read));
  assert.deepEqual(new Map([...again.tensors].sort()), new Map([...read.tensors].sort()));
});

Deno.test("hostile and broken files are refused with the reason", () => {
  const refuse = (bytes: Uint8Array, message: RegExp) =>
    assert.throws(() => decodeSafetensors(bytes, "f"), (error: Error) => {
      assert.match(error.message, /^Cannot read f: /);
      assert.match(error.message, message);
      return true;
    });
  refuse(new Uint8Array(0), /0 bytes, too few/);
  refuse(new Uint8Array(7), /7 bytes, too few/);
  refuse(file({}, 0, 2n ** 64n - 1n), /header claims 18446744073709551615 bytes/);
  refuse(file({}, 0, 100_000_001n), /header claims 100000001 bytes/);
  refuse(file({}, 0, 3n), /claims 3 bytes, but only 2 follow/);
  refuse(file("{oops", 0), /not JSON/);
  refuse(file("[1]", 0), /not a JSON object/);
  refuse(file("null", 0), /not a JSON object/);
  const notUtf8 = file('{"a":1}', 0);
  notUtf8[10] = 0xff;
  refuse(notUtf8, /not JSON/);
  refuse(file({ __metadata__: { a: 1 } }, 0), /__metadata__ is not an object of strings/);
  refuse(file({ __metadata__: [] }, 0), /__metadata__/);
  refuse(file({ x: 3 }, 0), /entry of x is not an object/);
  for (const dtype of ["F64", "F16", "BF16", "I64", "U8"]) {
    refuse(file({ x: entry([1], [0, 8], dtype) }, 8), new RegExp(`x is ${dtype}; only F32`));
  }
  refuse(file({ x: { shape: [1], data_offsets: [0, 4] } }, 4), /x is undefined; only F32/);
  for (const shape of [[-1], [0.5], ["1"], "1", null, [2 ** 53]]) {
    refuse(file({ x: entry(shape, [0, 4]) }, 4), /x has no valid shape/);
  }
  for (const offsets of [[4, 0], [-4, 0], [0], [0, 4, 8], [0, "4"], null]) {
    refuse(file({ x: entry([1], offsets) }, 4), /x has no valid data_offsets/);
  }
  refuse(file({ x: entry([2], [0, 4]) }, 4), /x of shape \[2\] needs 8 bytes, its offsets span 4/);
  refuse(file({ x: entry([2 ** 40, 2 ** 40], [0, 4]) }, 4), /its offsets span 4/);
  const x = entry([2], [0, 8]);
  refuse(file({ x, y: entry([2], [4, 12]) }, 12), /y overlaps/);
  refuse(file({ x, y: entry([2], [0, 8]) }, 8), /overlaps/);
  refuse(file({ x, y: entry([2], [12, 20]) }, 20), /4 bytes before y are no array/);
  refuse(file({ x }, 4), /need 8 bytes, but only 4 are there/);
  refuse(file({ x }, 12), /4 bytes at its end are no array/);
  refuse(file({ x: entry([2 ** 50], [0, 2 ** 52]) }, 8), /but only 8 are there/);
});

Deno.test("a file cut off anywhere, or with a byte of its header changed, never passes as another", () => {
  const whole = encodeSafetensors(example());
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeSafetensors(whole.subarray(0, length)), /^Error: Cannot read/);
  }
  const random = createRandom("flips");
  const values = [...example().tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  for (let i = 0; i < 2000; i++) {
    const bytes = whole.slice();
    bytes[random.integer(0, whole.length - 4 * values - 1)] = random.integer(0, 255);
    try {
      for (const { shape, data } of decodeSafetensors(bytes).tensors.values()) {
        assert.equal(data.length, shape.reduce((product, n) => product * n, 1));
      }
    } catch (error) {
      assert.match((error as Error).message, /^Cannot read safetensors: /);
    }
  }
});

Deno.test("what cannot be written is refused", async () => {
  const write = (name: string, shape: number[], data: Float32Array) => () =>
    encodeSafetensors({ tensors: new Map([[name, { shape, data }]]), metadata: {} });
  assert.throws(
    write("x", [3], new Float32Array(2)),
    /Cannot write array x: 2 values of shape \[3\]/,
  );
  assert.throws(write("__metadata__", [1], new Float32Array(1)), /Cannot write array __metadata__/);
  const folder = await Deno.makeTempDir();
  await assert.rejects(
    readSafetensors(join(folder, "none")),
    /^Error: Cannot read .*none: No such/,
  );
  await writeSafetensors(join(folder, "a"), example());
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["a"]); // no temporary file
  assert.deepEqual((await readSafetensors(join(folder, "a"))).metadata, { note: "ä\n" });
  await Deno.remove(folder, { recursive: true });
});
