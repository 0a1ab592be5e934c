import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Box } from "../covers/cover.ts";
import { sha256 } from "../runtime/files.ts";
import { createRandom } from "../numeric/random.ts";
import { cutPatches } from "./cut.ts";
import { decodeImage, type RgbImage } from "./decode.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { createResampler } from "./resample.ts";

const parity: {
  pillow: string;
  cases: (Preprocessing & { image: string; box: Box; sha256: string })[];
} = JSON.parse(await Deno.readTextFile(new URL("testdata/pillow_parity.json", import.meta.url)));

// Tolerance: none. Every byte equals Pillow's, for windows shrunk, enlarged, squeezed and of one
// pixel.
Deno.test(`patches equal Pillow ${parity.pillow}'s byte for byte`, async () => {
  assert.equal(parity.cases.length, 54);
  const images: Record<string, RgbImage> = {};
  for (const name of ["landscape.png", "portrait.png"]) {
    images[name] = await decodeImage(fileURLToPath(new URL(`testdata/${name}`, import.meta.url)));
  }
  for (const { image, box, mode, size, sha256: golden } of parity.cases) {
    const { width, height } = images[image];
    const whole = { left: 0, top: 0, width, height };
    const cover = { width, height, fit: "pad" as const, levels: [[whole], [box]] };
    const { data } = await cutPatches(images[image], cover, { mode, size });
    const label = `${image} ${JSON.stringify(box)} ${mode} ${size}`;
    assert.equal(sha256(data.subarray(size * size * 3)), golden, label);
  }
});

/** A picture whose red is its column and whose green its row, times `step`. */
function ramp(width: number, height: number, step: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[i * 3] = (i % width) * step;
    data[i * 3 + 1] = Math.floor(i / width) * step;
  }
  return { width, height, data };
}

Deno.test("enlarging keeps everything in its place", () => {
  for (const filter of ["bilinear", "bicubic"] as const) {
    const image = ramp(16, 16, 16), size = 56;
    const square = { left: 0, top: 0, width: size, height: size };
    const out = new Uint8ClampedArray(size * size * 3);
    createResampler(filter)(
      image,
      { left: 0, top: 0, width: 16, height: 16 },
      { width: size, height: size, keep: square },
      out,
    );
    for (let x = 8; x < size - 8; x++) {
      const exact = ((x + 0.5) * 16 / size - 0.5) * 16; // a shift of half a pixel would be 8 off
      assert.ok(Math.abs(out[(20 * size + x) * 3] - exact) <= 1, `${filter}, column ${x}`);
      assert.ok(Math.abs(out[(x * size + 20) * 3 + 1] - exact) <= 1, `${filter}, row ${x}`);
    }
  }
});

Deno.test("what is kept of a result is the same as cropping the whole result", () => {
  const image = ramp(40, 30, 5), window = { left: 3, top: 2, width: 35, height: 27 };
  const resample = createResampler("bicubic");
  const whole = new Uint8ClampedArray(90 * 70 * 3), part = new Uint8ClampedArray(20 * 10 * 3);
  const full = { left: 0, top: 0, width: 90, height: 70 };
  resample(image, window, { width: 90, height: 70, keep: full }, whole);
  const keep = { left: 31, top: 44, width: 20, height: 10 };
  resample(image, window, { width: 90, height: 70, keep }, part);
  for (let y = 0; y < 10; y++) {
    const from = ((44 + y) * 90 + 31) * 3;
    assert.deepEqual(part.slice(y * 60, y * 60 + 60), whole.slice(from, from + 60), `row ${y}`);
  }
});

Deno.test("the passes in WebAssembly give the bytes of the plain ones", () => {
  const random = createRandom("resample");
  // Black and white noise overshoots both ends of the range at every edge.
  const noise = (width: number, height: number): RgbImage => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, () => 255 * random.integer(0, 1)),
  });
  const images = [noise(1, 1), noise(37, 23), noise(64, 91), noise(23, 37)];
  for (const filter of ["bilinear", "bicubic"] as const) {
    const fast = images.map(() => createResampler(filter));
    const plain = createResampler(filter, { fast: false });
    for (let round = 0; round < 60; round++) { // the images take turns in one memory
      const image = images[round % images.length];
      const left = random.integer(0, image.width - 1), top = random.integer(0, image.height - 1);
      const window = {
        left,
        top,
        width: random.integer(1, image.width - left),
        height: random.integer(1, image.height - top),
      };
      const width = random.integer(1, 70), height = random.integer(1, 70);
      const keep = { left: width >> 2, top: height >> 2, width: 0, height: 0 };
      keep.width = random.integer(1, width - keep.left);
      keep.height = random.integer(1, height - keep.top);
      const expected = new Uint8ClampedArray(keep.width * keep.height * 3);
      const actual = new Uint8ClampedArray(expected.length);
      plain(image, window, { width, height, keep }, expected);
      fast[round % images.length](image, window, { width, height, keep }, actual);
      assert.deepEqual(actual, expected, JSON.stringify({ filter, window, width, height, keep }));
    }
  }
});

Deno.test("a picture too large for the memory of WebAssembly is resized all the same", () => {
  const image = ramp(4000, 3000, 1), keep = { left: 0, top: 0, width: 8, height: 8 };
  const window = { left: 100, top: 50, width: 24, height: 24 };
  const near = ramp(200, 100, 1);
  const [large, small] = [image, near].map((picture) => {
    const out = new Uint8ClampedArray(8 * 8 * 3);
    createResampler("bicubic")(picture, window, { width: 8, height: 8, keep }, out);
    return out;
  });
  assert.deepEqual(large, small);
});
