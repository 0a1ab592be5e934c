import assert from "node:assert/strict";
import { createQuantizer, LEVELS, type QuantizedType } from "./quantization.ts";
import { GROUP, quantizedKernels } from "./quantized_products_wasm.ts";
import { createRandom } from "./random.ts";
import { createRotation } from "./rotation.ts";
import { randomUnit, toUnit } from "./testing.ts";

const TYPES: QuantizedType[] = ["int8", "int4"];
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Twice the greatest level of 4 bits. */
const MOST = 121;

/** The numbers that codes stand for, of 4 bits twice the level, read in plain TypeScript. */
function readCodes(type: QuantizedType, bytes: Uint8Array, columns: number): Int8Array {
  if (type === "int8") return Int8Array.from(bytes);
  return Int8Array.from({ length: columns }, (_, i) => {
    const byte = bytes[(i >> 5) * 16 + i % 16];
    return 2 * LEVELS[i % 32 < 16 ? byte & 15 : byte >> 4] - MOST;
  });
}

Deno.test("a rotation keeps lengths and products, of any number of dimensions", () => {
  for (const dim of [1, 2, 3, 7, 64, 100, 511]) {
    const random = createRandom(dim), rotate = createRotation(dim, random);
    const [a, b] = [0, 1].map(() => Float64Array.from({ length: dim }, () => random.normal()));
    const before = [dot(a, a), dot(a, b)];
    rotate(a), rotate(b);
    [dot(a, a), dot(a, b)].forEach((after, i) =>
      assert.ok(Math.abs(after - before[i]) < 1e-12 * dim)
    );
  }
});

Deno.test("a rotation spreads a single number over all", () => {
  for (const dim of [64, 384, 511]) {
    const rotate = createRotation(dim, createRandom("spread"));
    for (let at = 0; at < dim; at += 13) {
      const vector = new Float64Array(dim);
      vector[at] = 1;
      rotate(vector);
      const most = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(most < 8 / Math.sqrt(dim), `${dim}: ${most * Math.sqrt(dim)}`);
    }
  }
});

Deno.test("the kernels' products are those of plain integers, at every length", () => {
  for (const type of TYPES) {
    for (const dim of [1, 5, 31, 32, 33, 300, 1500]) {
      const random = createRandom(`${type} ${dim}`);
      const quantizer = createQuantizer(type, dim), { bytes, columns } = quantizer;
      const rows = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
      const scratch = new WebAssembly.Memory({ initial: 2 });
      const data = new Uint8Array(rows.buffer), groups = 3;
      for (let row = 0; row < groups * GROUP; row++) {
        quantizer.encode(randomUnit(random, dim), data, row * bytes);
      }
      const { codes, data: asked, offset } = quantizer.encodeQuery(randomUnit(random, dim));
      new Int16Array(scratch.buffer, 0, columns).set(asked);
      new Uint8Array(scratch.buffer, columns * 2, 16).set(LEVELS);
      const kernels = quantizedKernels(rows, scratch), out = columns * 2 + 16;
      if (type === "int8") kernels.int8(0, groups, bytes, 0, out);
      else kernels.int4(0, groups, bytes, 0, columns * 2, out);
      const products = new Int32Array(scratch.buffer, out, groups * GROUP);
      products.forEach((product, row) => {
        const stored = data.subarray(row * bytes, (row + 1) * bytes);
        const expected = dot(readCodes(type, stored, columns), codes);
        const found = type === "int8" ? product : 2 * (product + offset);
        assert.equal(found, expected, `${type} ${dim}`);
      });
    }
  }
});

Deno.test("the greatest sum of all fits", () => {
  for (const dim of [512, 544, 4096]) {
    const quantizer = createQuantizer("int8", dim), { columns } = quantizer;
    const rows = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const scratch = new WebAssembly.Memory({ initial: 2 });
    const { codes } = quantizer.encodeQuery(randomUnit(createRandom(dim), dim));
    const most = codes.reduce((most, code) => Math.max(most, Math.abs(code)), 0);
    new Int8Array(rows.buffer, 0, columns).fill(127);
    new Int16Array(scratch.buffer, 0, columns).fill(-most);
    const kernels = quantizedKernels(rows, scratch),
      product = () => new Int32Array(scratch.buffer, columns * 2, 1)[0];
    kernels.int8(0, 1, columns, 0, columns * 2);
    assert.equal(product(), -most * 127 * columns);
    for (const sign of [-1, 1]) {
      const one = new Float32Array(dim).fill(sign), asked = createQuantizer("int4", dim);
      new Uint8Array(rows.buffer, 0, columns / 2).fill(0xff); // the greatest level
      new Uint8Array(scratch.buffer, columns * 2 + 16, 16).set(LEVELS);
      const { data, codes } = asked.encodeQuery(one);
      new Int16Array(scratch.buffer, 0, columns).set(data);
      kernels.int4(0, 1, columns / 2, 0, columns * 2 + 16, columns * 2);
      assert.equal(product(), MOST * codes.reduce((sum, code) => sum + code, 0));
    }
  }
});

Deno.test("a query's halves hold all its numbers, the greatest too", () => {
  const dim = 64, quantizer = createQuantizer("int4", dim);
  for (let turn = 0; turn < 20; turn++) {
    const { codes, data } = quantizer.encodeQuery(randomUnit(createRandom(turn), dim));
    const bytes = new Int8Array(data.buffer);
    assert.equal(Math.max(...codes.map(Math.abs)), 127 * 256 + 127);
    codes.forEach((code, i) => {
      const at = Math.floor(i / 32) * 64 + i % 32;
      assert.equal(256 * bytes[at] + bytes[at + 32], code);
    });
  }
});

/** Products as a search has them, and a bound of their error: of the rounding of the vector, and of the query. */
function createProduct(type: QuantizedType, dim: number) {
  const quantizer = createQuantizer(type, dim), bytes = new Uint8Array(quantizer.bytes);
  const rotate = createRotation(dim, createRandom("rotation of quantised vectors"));
  const length = (values: ArrayLike<number>) => Math.sqrt(dot(values, values));
  return (vector: Float32Array, query: Float32Array) => {
    const scale = quantizer.encode(vector, bytes, 0), asked = quantizer.encodeQuery(query);
    const codes = readCodes(type, bytes, quantizer.columns).subarray(0, dim);
    const rotated = Float64Array.from(vector);
    rotate(rotated);
    const rest = rotated.map((value, i) => value - scale * codes[i]);
    const unit = type === "int8" ? asked.scale : asked.scale / 2; // of twice the levels
    const ofQuery = unit / 2 * Math.sqrt(dim) * scale * length(codes);
    return {
      product: scale * unit * dot(codes, asked.codes.subarray(0, dim)),
      exact: dot(vector, query),
      bound: length(query) * length(rest) + ofQuery,
    };
  };
}

Deno.test("no error is above its bound, and of unit vectors they are as small as the module says", () => {
  for (const [type, most] of [["int8", 0.01], ["int4", 0.1]] as const) {
    for (const dim of [3, 64, 200, 512]) {
      const random = createRandom(`${type} ${dim}`), errors: number[] = [];
      const multiply = createProduct(type, dim);
      for (let i = 0; i < 300; i++) {
        // one number far greater than the others, as real encoders have
        const vector = toUnit(randomUnit(random, dim).map((x, d) => d === 1 ? 30 * x : x));
        const { product, exact, bound } = multiply(vector, randomUnit(random, dim));
        assert.ok(Math.abs(product - exact) <= bound + 1e-12);
        errors.push(product - exact);
      }
      const rms = Math.sqrt(dot(errors, errors) / errors.length) * Math.sqrt(dim);
      if (dim >= 64) assert.ok(rms < 1.2 * most, `${type}, D ${dim}: ${rms}`);
    }
  }
});

Deno.test("a vector's product with itself is exact to the rounding of the query, and that of nothing 0", () => {
  for (const type of TYPES) {
    for (const dim of [1, 40, 512]) {
      const vector = randomUnit(createRandom(dim), dim).map((x) => 1000 * x);
      const multiply = createProduct(type, dim);
      const { product, exact } = multiply(vector, vector);
      assert.ok(Math.abs(product / exact - 1) < 1e-4, `${type} ${dim}: ${product} for ${exact}`);
      const nothing = new Float32Array(dim);
      assert.ok(multiply(nothing, vector).product === 0);
      assert.ok(multiply(vector, nothing).product === 0);
    }
  }
});

Deno.test("4-bit numbers go to the nearest level", () => {
  const dim = 2048, quantizer = createQuantizer("int4", dim);
  const vector = randomUnit(createRandom("levels"), dim);
  const bytes = new Uint8Array(quantizer.bytes);
  quantizer.encode(vector, bytes, 0);
  const codes = readCodes("int4", bytes, dim);
  const rotated = Float64Array.from(vector);
  createRotation(dim, createRandom("rotation of quantised vectors"))(rotated);
  const unit = 2 * 22.07 * Math.sqrt(dim); // of a unit vector
  const levels = [...LEVELS].map((level) => 2 * level - MOST);
  codes.forEach((code, i) => {
    const nearest = levels.reduce((best, level) =>
      Math.abs(level - rotated[i] * unit) < Math.abs(best - rotated[i] * unit) ? level : best
    );
    assert.equal(code, nearest);
  });
});
