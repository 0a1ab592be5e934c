import assert from "node:assert/strict";
import { compositeRgba, decodeRgba, resizeRgba, type RgbaImage } from "./rgba.ts";

const svg = (body: string, width = 8, height = 4) =>
  new TextEncoder().encode(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`,
  );

/** A picture whose pixels are given by a function of their place. */
function paint(
  width: number,
  height: number,
  at: (x: number, y: number) => number[],
): RgbaImage {
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    data.set(at(i % width, Math.floor(i / width)), i * 4);
  }
  return { width, height, data };
}

Deno.test("decodeRgba renders an SVG sharply at the size asked for", async () => {
  const half = svg('<rect width="4" height="4" fill="#f00"/>');
  const wide = await decodeRgba(half, { width: 800 });
  assert.deepEqual([wide.width, wide.height, wide.data.length], [800, 400, 800 * 400 * 4]);
  const row = (x: number) => [...wide.data.subarray((200 * 800 + x) * 4, (200 * 800 + x) * 4 + 4)];
  assert.deepEqual(row(396), [255, 0, 0, 255]); // an enlarged 8 px picture would be soft here
  assert.equal(row(403)[3], 0);
  assert.deepEqual(
    await decodeRgba(half).then((image) => [image.width, image.height]),
    [8, 4],
  );
  const stretched = await decodeRgba(half, { width: 10, height: 30 });
  assert.deepEqual([stretched.width, stretched.height], [10, 30]);
  assert.deepEqual([...stretched.data.subarray(0, 4)], [255, 0, 0, 255]);
});

Deno.test("resizeRgba takes no colour from invisible pixels", async () => {
  // White, visible, left half; invisible green right half.
  const image = paint(32, 32, (x) => x < 16 ? [255, 255, 255, 255] : [0, 255, 0, 0]);
  for (const size of [5, 7, 48]) {
    const { data } = await resizeRgba(image, size, size);
    assert.equal(data.length, size * size * 4);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 16) {
        assert.ok(data[i] >= 250 && data[i + 2] >= 250, `${data.slice(i, i + 4)}`);
      }
    }
    assert.equal(data[3], 255);
    assert.equal(data[(size - 1) * 4 + 3], 0);
  }
});

Deno.test("compositeRgba draws over, clips at the border and works on opaque bases", () => {
  const base = { width: 3, height: 2, data: new Uint8Array(18).fill(100) };
  const layer = paint(2, 2, () => [200, 0, 100, 128]);
  compositeRgba(base, layer, 2, -1);
  const mixed = (over: number) => Math.round(over * 128 / 255 + 100 * 127 / 255);
  assert.deepEqual([...base.data.subarray(6, 9)], [mixed(200), mixed(0), 100]);
  assert.ok(base.data.subarray(0, 6).every((v) => v === 100));
  assert.ok(base.data.subarray(9).every((v) => v === 100));

  const clear = paint(1, 1, () => [9, 9, 9, 0]);
  compositeRgba(clear, paint(1, 1, () => [200, 0, 100, 128]), 0, 0, 0.5);
  assert.deepEqual([...clear.data], [200, 0, 100, 64]);
});

Deno.test("pixels of the wrong length are refused with what was expected", async () => {
  const wrong = { width: 2, height: 2, data: new Uint8Array(12) };
  await assert.rejects(
    () => resizeRgba(wrong, 1, 1),
    /Cannot read pixels: 2x2 px with 4 channel\(s\) need 16 bytes, got 12/,
  );
});
