import assert from "node:assert/strict";
import { decodeImage, ImageError } from "./decode.ts";
import { rasterizeSvg } from "./encode.ts";
import { sniffFormat } from "./format.ts";
import { decodeRgba } from "./rgba.ts";
import { sharp } from "./sharp.ts";
import { deepPngHead, scene, SCENE_SIZE } from "./testdata/hostile.ts";
import { makeTiff } from "./testdata/tiff.ts";

const [WIDTH, HEIGHT] = SCENE_SIZE;
const bytesOf = (text: string) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));

async function refusal(bytes: Uint8Array, maxPixels?: number): Promise<ImageError> {
  const error = await decodeImage(bytes, { maxPixels }).then(() => undefined, (error) => error);
  assert.ok(error instanceof ImageError, `expected an ImageError, got ${error}`);
  return error;
}

/** An SVG of 1.7 kB whose drawing takes `10 ** depth` rectangles. */
function nested(depth: number): string {
  const uses = Array.from(
    { length: depth },
    (_, i) => `<g id="a${i + 1}">${`<use href="#a${i}" x="1"/>`.repeat(10)}</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><defs><rect id="a0" ` +
    `width="9" height="9"/>${uses.join("")}</defs><use href="#a${depth}"/></svg>`;
}

Deno.test("no drawing reaches a renderer, whatever its first bytes look like", async () => {
  const pad = " ".repeat(30), svg = nested(7);
  const heads = [
    ...[
      "",
      "<!--",
      "<!--    WEBP",
      "    ftypavif",
      "<!--ftypavif",
      "\0\0\0 ftypavif",
      "RIFF    WEBP",
    ],
    ...["RIFF    WEBPVP8 ", "GIF89a", "GIF87a", "II*\0", "MM\0*", "II+\0", "\xff\xd8\xff", "BM"],
    ...["\x89PNG\r\n\x1a\n", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "    ftypavis", "    ftypmif1avif"],
  ];
  for (const head of heads) {
    for (const close of ["", "-->"]) {
      const { reason } = await refusal(bytesOf(head + pad + close + svg));
      assert.match(
        reason,
        /^(not an image|format (svg|bmp) is not allowed|truncated or corrupt)$/,
        head,
      );
    }
  }
});

Deno.test("the decoder's drawing is off but for drawings of the workspace's own", async () => {
  const svg = new TextEncoder().encode(nested(1));
  const direct = () => sharp(svg).png().toBuffer();
  await assert.rejects(direct);
  const own = await Promise.all([decodeRgba(svg), rasterizeSvg(nested(1)), decodeRgba(svg)]);
  assert.equal(own.length, 3);
  await assert.rejects(() => rasterizeSvg("<svg"));
  await assert.rejects(direct);
});

Deno.test("a container is told by its whole header", async () => {
  for (const format of ["webp", "avif", "png", "gif", "tiff", "jpeg"] as const) {
    const file = await scene().toFormat(format).toBuffer();
    assert.equal(sniffFormat(file), format);
  }
  const heif = (size: string, brands: string) => sniffFormat(bytesOf(`${size}ftyp${brands}`));
  assert.equal(heif("\0\0\0\x14", "mif1\0\0\0\0avif"), "avif");
  assert.equal(heif("\0\0\0\x14", "mif1avif\0\0\0\0"), "heif"); // a version is no brand
  assert.equal(heif("\0\0\0\x10", "mif1\0\0\0\0avif"), "heif"); // behind the box
  assert.equal(heif("\0\0\0\x15", "avif\0\0\0\0avif "), undefined);
  assert.equal(heif("\x01\0\0\x14", "avif\0\0\0\0avif"), undefined);
  assert.equal(sniffFormat(bytesOf("RIFF\0\0\0\0WEBPVP8!")), undefined);
  assert.equal(sniffFormat(bytesOf("    \0\0\0\0WEBPVP8 ")), undefined);
});

Deno.test("work is bounded by the header: depth, interlacing, scans and frames", async () => {
  const [w, h] = [8192, 8192]; // half of the default limit on pixels
  const head = await deepPngHead(w, h, true);
  const { reason, message } = await refusal(head);
  assert.equal(reason, "too many pixels");
  assert.match(
    message,
    /67108864, each of which counts 3.0 times \(6 bytes, interlaced\); the limit is 134217728\)$/,
  );
  // As many pixels that are not interlaced, or a larger limit, get as far as the pixels, which are missing.
  assert.equal((await refusal(await deepPngHead(w, h, false))).reason, "truncated or corrupt");
  assert.equal((await refusal(head, 3 * w * h)).reason, "truncated or corrupt");
});

Deno.test("a JPEG of many scans counts as many times", async () => {
  const plain = await scene().jpeg({ progressive: true }).toBuffer();
  const last = plain.lastIndexOf(Uint8Array.of(0xff, 0xda));
  const scan = plain.subarray(last, -2);
  const many = new Uint8Array(
    await new Blob([plain.subarray(0, -2), ...Array(230).fill(scan), plain.subarray(-2)])
      .arrayBuffer(),
  );
  const { reason, message } = await refusal(many, 9 * WIDTH * HEIGHT);
  assert.equal(reason, "too many pixels");
  assert.match(message, /counts 10.0 times \(.*240 scans\); the limit is/);
  assert.equal((await decodeImage(plain, { maxPixels: 2 * WIDTH * HEIGHT })).width, WIDTH);
});

Deno.test("of a TIFF only the first directory is looked at, and the bytes given stay as they are", async () => {
  const parts = { width: 2, height: 2, photometric: 1, data: Uint8Array.of(1, 2, 3, 4) };
  for (const next of [8, 0xffff_fff0, 3]) { // itself, behind the file, in the header
    const bytes = makeTiff({ ...parts, next }), before = bytes.slice();
    assert.deepEqual([...(await decodeImage(bytes)).data.filter((_, i) => i % 3 === 0)], [
      1,
      2,
      3,
      4,
    ]);
    assert.deepEqual(bytes, before);
  }
});

Deno.test("the tile of a TIFF counts, and its channels do", async () => {
  const grey = { width: 2, height: 2, photometric: 1, data: Uint8Array.of(1, 2, 3, 4) };
  const tiled = makeTiff({ ...grey, more: [[322, 65536], [323, 65536]] });
  assert.match((await refusal(tiled)).reason, /^(too many pixels|truncated or corrupt)$/);
  const deep = makeTiff({ ...grey, data: new Uint16Array(4 * 64) });
  const { reason, message } = await refusal(deep, 32);
  assert.equal(reason, "too many pixels");
  assert.match(message, /counts 16.0 times \(128 bytes\)/);
});

Deno.test("threads that draw and decode at once do not disturb each other", async () => {
  const failures = await Promise.all(Array.from({ length: 4 }, () => {
    const url = new URL("./testdata/svg_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    return promise.finally(() => worker.terminate());
  }));
  assert.deepEqual(failures.flat(), []);
});
