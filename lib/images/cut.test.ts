import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Box, Cover } from "../covers/cover.ts";
import { completeCover } from "../covers/mod.ts";
import { cutPatches, padImage } from "./cut.ts";
import { decodeImage, type RgbImage } from "./decode.ts";
import { createResampler } from "./resample.ts";

const landscape = await decodeImage(
  fileURLToPath(new URL("testdata/landscape.png", import.meta.url)),
);

/** Mean absolute difference of two byte arrays. */
function difference(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

/** A cover of one level of boxes below the whole image. */
function coverOf({ width, height }: RgbImage, boxes: Box[], fit: "pad" | "stretch" = "pad"): Cover {
  return { width, height, fit, levels: [[{ left: 0, top: 0, width, height }], boxes] };
}

Deno.test("a window of the input's own size is copied unchanged", async () => {
  const box = { left: 21, top: 33, width: 32, height: 32 };
  for (const mode of ["clip", "squash"] as const) {
    const { data, count } = await cutPatches(landscape, coverOf(landscape, [box]), {
      mode,
      size: 32,
    });
    assert.equal(count, 2);
    for (let y = 0; y < 32; y++) {
      const from = ((33 + y) * landscape.width + 21) * 3, to = (32 * 32 + y * 32) * 3;
      assert.deepEqual(data.slice(to, to + 96), landscape.data.slice(from, from + 96));
    }
  }
});

Deno.test("clip keeps the aspect ratio and crops the centre, squash does neither", async () => {
  // Black, with a white middle third: 60 of 180 columns.
  const image = { width: 180, height: 60, data: new Uint8Array(180 * 60 * 3) };
  for (let i = 0; i < 180 * 60; i++) {
    if (Math.floor((i % 180) / 60) === 1) image.data.fill(255, i * 3, i * 3 + 3);
  }
  const whole = coverOf(image, []);
  const white = (data: Uint8Array) => data.reduce((n, v) => n + v, 0) / 255 / data.length;
  const clip = await cutPatches(image, whole, { mode: "clip", size: 30 });
  const squash = await cutPatches(image, whole, { mode: "squash", size: 30 });
  assert.ok(white(clip.data) > 0.98, `${white(clip.data)}`); // the crop is the white third
  assert.ok(Math.abs(white(squash.data) - 1 / 3) < 0.01, `${white(squash.data)}`);
});

Deno.test("the pyramid gives nearly the same patches, the same order, the same count", async () => {
  for (const fit of ["pad", "stretch"] as const) {
    for (const mode of ["clip", "squash"] as const) {
      const cover = completeCover(landscape.width - 3, landscape.height - 1, 5, { fit });
      const image = crop(landscape, landscape.width - 3, landscape.height - 1);
      const exact = await cutPatches(image, cover, { mode, size: 64 });
      const pyramid = await cutPatches(image, cover, { mode, size: 64 }, { method: "pyramid" });
      assert.equal(pyramid.count, exact.count);
      const bytes = 64 * 64 * 3;
      for (let p = 0; p < exact.count; p++) {
        const own = exact.data.subarray(p * bytes, (p + 1) * bytes);
        const near = difference(own, pyramid.data.subarray(p * bytes, (p + 1) * bytes));
        assert.ok(near < 9, `${fit} ${mode} patch ${p}: ${near}`);
      }
      const mean = difference(exact.data, pyramid.data);
      assert.ok(mean > 0 && mean < 4, `${fit} ${mode}: ${mean}`);
    }
  }
});

/** The top left part of an image. */
function crop(image: RgbImage, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = y * image.width * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

Deno.test("boxes of unequal size are cut exactly by both methods", async () => {
  const boxes = [
    { left: 0, top: 0, width: 20, height: 50 },
    { left: 100, top: 70, width: 3, height: 2 },
    { left: 239, top: 159, width: 1, height: 1 },
  ];
  for (const mode of ["clip", "squash"] as const) {
    const cut = (method: "exact" | "pyramid") =>
      cutPatches(landscape, coverOf(landscape, boxes), { mode, size: 48 }, { method });
    assert.deepEqual(await cut("exact"), await cut("pyramid"));
  }
});

Deno.test("padding repeats the last column and row", async () => {
  const image = { width: 2, height: 1, data: new Uint8Array([1, 2, 3, 4, 5, 6]) };
  const row = [1, 2, 3, 4, 5, 6, 4, 5, 6];
  assert.deepEqual([...padImage(image, 3, 2).data], [...row, ...row]);
  const corner = [{ left: 2, top: 1, width: 1, height: 1 }];
  const cover = coverOf({ ...image, width: 3, height: 2 }, corner);
  const { data } = await cutPatches(image, cover, { mode: "squash", size: 1 });
  assert.deepEqual([...data.subarray(3)], [4, 5, 6]);
});

Deno.test("a stretched image is stretched bilinearly before it is cropped", async () => {
  const stretched = { width: 250, height: 170, data: new Uint8ClampedArray(250 * 170 * 3) };
  const whole = { left: 0, top: 0, width: landscape.width, height: landscape.height };
  const keep = { left: 0, top: 0, width: 250, height: 170 };
  createResampler("bilinear")(landscape, whole, { ...stretched, keep }, stretched.data);
  const reference = { ...stretched, data: new Uint8Array(stretched.data) };
  const boxes = [{ left: 30, top: 20, width: 50, height: 34 }];
  const preprocessing = { mode: "clip", size: 24 } as const;
  const direct = await cutPatches(landscape, coverOf(reference, boxes, "stretch"), preprocessing);
  assert.deepEqual(direct, await cutPatches(reference, coverOf(reference, boxes), preprocessing));
});

Deno.test("covers of another image are refused, and so are boxes outside", async () => {
  const small = coverOf({ width: 100, height: 100, data: new Uint8Array() }, []);
  const preprocessing = { mode: "clip", size: 8 } as const;
  await assert.rejects(
    () => cutPatches(landscape, small, preprocessing),
    /Cannot cut 1 patches out of 240x160 px: its cover is smaller, 100x100 px/,
  );
  const outside = coverOf(landscape, [{ left: 230, top: 0, width: 11, height: 5 }]);
  await assert.rejects(
    () => cutPatches(landscape, outside, preprocessing),
    /Cannot cut 2 patches .* the box 11x5 at 230,0 leaves its cover, 240x160 px/,
  );
  await assert.rejects(
    () => cutPatches(landscape, coverOf(landscape, []), { mode: "clip", size: 0 }),
    /size must be a positive integer, got 0/,
  );
});

Deno.test("cutting stops when it is aborted", async () => {
  const reason = new Error("stopped by hand"), controller = new AbortController();
  const cover = completeCover(landscape.width, landscape.height, 10);
  const preprocessing = { mode: "clip", size: 224 } as const;
  const running = cutPatches(landscape, cover, preprocessing, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(running, reason);
});
