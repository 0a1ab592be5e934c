import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { decodeImage } from "./decode.ts";
import { encodeJpeg, encodePng, rasterizeSvg } from "./encode.ts";
import { decodeRgba } from "./rgba.ts";

const gradient = { width: 40, height: 30, data: new Uint8Array(40 * 30 * 3) };
for (let i = 0; i < 40 * 30; i++) {
  gradient.data.set([i % 40 * 6, Math.floor(i / 40) * 8, 90], i * 3);
}

Deno.test("PNG gives back every byte, with and without transparency", async () => {
  assert.deepEqual(await decodeImage(await encodePng(gradient)), gradient);
  const rgba = { width: 2, height: 1, data: new Uint8Array([1, 2, 3, 4, 250, 251, 252, 255]) };
  assert.deepEqual(await decodeRgba(await encodePng(rgba)), rgba);
  const short = { ...gradient, data: gradient.data.subarray(1) };
  await assert.rejects(() => encodePng(short), /40x30 px with 4 channel\(s\) need 4800 bytes/);
});

Deno.test("JPEG comes close, the closer the higher the quality", async () => {
  const error = async (quality: number) => {
    const { data } = await decodeImage(await encodeJpeg(gradient, quality));
    return data.reduce((sum, v, i) => sum + Math.abs(v - gradient.data[i]), 0) / data.length;
  };
  const fine = await error(98), coarse = await error(30);
  assert.ok(fine < 1.5 && coarse > fine && coarse < 12, `${fine}, ${coarse}`);
});

Deno.test("an SVG is drawn at the width or scale asked for, on the background asked for", async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><circle cx="20" cy="10" r="9"/></svg>';
  const wide = await decodeRgba(await rasterizeSvg(svg, { width: 100 }));
  assert.deepEqual([wide.width, wide.height], [100, 50]);
  assert.equal(wide.data[3], 0);
  assert.equal(wide.data[(25 * 100 + 50) * 4 + 3], 255);
  const scaled = await decodeRgba(await rasterizeSvg(svg, { scale: 1.5, background: "#ff8000" }));
  assert.deepEqual([scaled.width, scaled.height], [60, 30]);
  assert.deepEqual([...scaled.data.subarray(0, 4)], [255, 128, 0, 255]);
});

Deno.test("an SVG may embed pictures, and large ones", async () => {
  const pixels = new Uint8Array(2000 * 2000 * 3);
  const random = createRandom(1);
  for (let i = 0; i < pixels.length; i++) pixels[i] = random.integer(0, 255);
  const png = await encodePng({ width: 2000, height: 2000, data: pixels });
  const uri = `data:image/png;base64,${png.toBase64()}`;
  assert.ok(uri.length > 10_000_000); // XML parsers stop at 10 MB unless told otherwise
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><image href="${uri}" width="20" height="20"/></svg>`;
  const image = await decodeImage(await rasterizeSvg(svg));
  assert.ok(image.data.some((value) => value > 60));
});
