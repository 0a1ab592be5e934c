import assert from "node:assert/strict";
import { decodeImage, ImageError, type RgbImage } from "./decode.ts";
import { readImageFrame } from "./frame.ts";
import { sharp } from "./sharp.ts";
import { bombPng, makeHostileFolder, scene, SCENE_SIZE } from "./testdata/hostile.ts";

const [WIDTH, HEIGHT] = SCENE_SIZE;
const pixel = (image: RgbImage, x: number, y: number) => [
  ...image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3),
];

/** Fails unless every channel is within `tolerance` of what is expected. */
function near(actual: number[], expected: number[], tolerance: number, label: string): void {
  const worst = Math.max(...actual.map((value, c) => Math.abs(value - expected[c])));
  assert.ok(worst <= tolerance, `${label}: got ${actual}, expected ${expected} ± ${tolerance}`);
}

async function refusal(promise: Promise<unknown>): Promise<ImageError> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof ImageError, `expected an ImageError, got ${error}`);
  return error;
}

Deno.test("a hostile folder: every file decodes, or is refused for the right reason", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const files = await makeHostileFolder(directory);
    assert.ok(files.filter((file) => file.reason).length >= 11);
    for (const { name, path, size, reason } of files) {
      if (size) {
        const image = await decodeImage(path);
        assert.deepEqual([image.width, image.height], size, name);
        assert.equal(image.data.length, size[0] * size[1] * 3, name);
        assert.deepEqual(Object.values((await readImageFrame(path)).upright), size, name);
      } else {
        const error = await refusal(decodeImage(path));
        assert.equal(error.reason, reason, error.message);
        if (!/truncated|pixel/.test(error.reason)) { // what stands after the header
          assert.equal((await refusal(readImageFrame(path))).reason, reason);
        }
        assert.equal(error.source, path);
        assert.ok(
          error.message.startsWith(`Cannot decode image "${path}": ${reason}`),
          error.message,
        );
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("every encoding of a picture gives the same colours", async () => {
  const directory = await Deno.makeTempDir();
  const orange = [230, 120, 20], blue = [20, 60, 200], white = [255, 255, 255];
  // JPEG and AVIF lose a little, CMYK cannot print this blue, 4:2:0 chroma bleeds only near edges.
  const tolerance: Record<string, number> = { "cmyk.jpg": 60, "small.avif": 8 };
  try {
    for (const { name, path, size } of await makeHostileFolder(directory)) {
      if (size?.[0] !== WIDTH) continue;
      const image = await decodeImage(path);
      const exact = /png$|webp$|tif$/.test(path);
      const allowed = tolerance[name] ?? (exact ? 1 : 5);
      let expected = [orange, blue, white];
      if (name.includes("alpha")) { // half transparent, on white
        expected = expected.map((colour) => colour.map((v) => (v + 255) / 2));
      }
      if (name.includes("grey")) {
        const grey = pixel(image, 20, 40);
        assert.ok(grey[0] === grey[1] && grey[1] === grey[2], name);
        assert.ok(grey[0] > pixel(image, 50, 20)[0], `${name}: orange is lighter than blue`);
        near(pixel(image, 4, 4), [255, 255, 255], 3, name);
        continue;
      }
      near(pixel(image, 20, 40), expected[0], allowed, name);
      near(pixel(image, 50, 20), expected[1], allowed, name);
      near(pixel(image, 4, 4), expected[2], allowed, name);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** The scene with rows and columns exchanged; in two steps, whose order sharp cannot change. */
async function transposed(): Promise<ReturnType<typeof sharp>> {
  return sharp(await scene().rotate(90).png().toBuffer()).flop();
}

Deno.test("the eight EXIF orientations all come upright", async () => {
  const upright = await decodeImage(await scene().png().toBuffer());
  // What was done to the stored pixels, for each orientation, so that its tag undoes it.
  const stored = [
    () => scene(),
    () => scene().flop(),
    () => scene().rotate(180),
    () => scene().flip(),
    () => transposed(),
    () => scene().rotate(270),
    async () => sharp(await (await transposed()).png().toBuffer()).rotate(180), // transversed
    () => scene().rotate(90),
  ];
  for (let orientation = 1; orientation <= 8; orientation++) {
    // Pixels first and the tag after: sharp would apply both in an order of its own.
    const pixels = await (await stored[orientation - 1]()).png().toBuffer();
    const bytes = await sharp(pixels).withMetadata({ orientation }).jpeg({ quality: 100 })
      .toBuffer();
    const image = await decodeImage(bytes);
    assert.deepEqual([image.width, image.height], [WIDTH, HEIGHT], `orientation ${orientation}`);
    for (const [x, y] of [[4, 4], [60, 4], [4, 44], [60, 44]]) {
      near(pixel(image, x, y), pixel(upright, x, y), 4, `orientation ${orientation} at ${x},${y}`);
    }
  }
});

Deno.test("the limit on pixels can be moved but not switched off", async () => {
  const bytes = await scene().png().toBuffer();
  const error = await refusal(decodeImage(bytes, { maxPixels: WIDTH * HEIGHT - 1 }));
  assert.equal(error.reason, "too many pixels");
  assert.match(
    error.message,
    /^Cannot decode image from bytes: too many pixels \(the limit is 3071\)/,
  );
  assert.equal((await decodeImage(bytes, { maxPixels: WIDTH * HEIGHT })).width, WIDTH);
  for (const maxPixels of [0, -1, NaN, Infinity, 1.5]) {
    await assert.rejects(() => decodeImage(bytes, { maxPixels }), /maxPixels must be a positive/);
  }
});

Deno.test("bytes are told by their content too", async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (
    const [content, reason] of [
      [svg, "format svg is not allowed"],
      [`<?xml version="1.0"?><!-- drawn by hand -->${svg}`, "format svg is not allowed"],
      ["BM, a bitmap", "format bmp is not allowed"],
      ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "format heif is not allowed"],
      ["\0\0\0\x18ftypmp42\0\0\0\0isommp42", "not an image"],
      ["", "empty file"],
    ]
  ) {
    assert.equal((await refusal(decodeImage(bytes(content)))).reason, reason);
  }
});

Deno.test("devices are not read, damage inside a file is noticed, floats are refused", async () => {
  assert.equal((await refusal(decodeImage("/dev/zero"))).reason, "is not a regular file");

  const png = new Uint8Array(await scene().png().toBuffer());
  png[png.length - 40] ^= 0x55; // inside the compressed pixels
  assert.equal((await refusal(decodeImage(png))).reason, "truncated or corrupt");

  assert.equal(
    (await refusal(decodeImage(floatTiff()))).reason,
    "pixel type float32 is not supported",
  );
});

/** A 1x1 px grey TIFF whose one sample is a 32-bit float. */
function floatTiff(): Uint8Array {
  const tags = [
    [256, 1], // width
    [257, 1], // height
    [258, 32], // bits a sample
    [259, 1], // not compressed
    [262, 1], // black is zero
    [273, 122], // where the sample lies
    [277, 1], // samples a pixel
    [278, 1], // rows a strip
    [279, 4], // bytes of the strip
    [339, 3], // floating point
  ];
  const view = new DataView(new ArrayBuffer(140));
  [0x49, 0x49, 42, 0, 8, 0, 0, 0].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint16(8, tags.length, true);
  tags.forEach(([tag, value], i) => {
    view.setUint16(10 + 12 * i, tag, true);
    view.setUint16(12 + 12 * i, 4, true);
    view.setUint32(14 + 12 * i, 1, true);
    view.setUint32(18 + 12 * i, value, true);
  });
  view.setFloat32(134, 0.5, true);
  view.setUint32(18 + 12 * 5, 134, true);
  return new Uint8Array(view.buffer);
}

Deno.test("an aborted decode throws the signal's reason", async () => {
  const bytes = await scene().png().toBuffer();
  const reason = new Error("stopped by hand");
  await assert.rejects(() => decodeImage(bytes, { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const running = decodeImage(bytes, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(running, reason);
});

Deno.test("a 40,000 x 40,000 px bomb is refused without unpacking it", async () => {
  const bomb = await bombPng(40_000);
  assert.ok(bomb.length < 2_000_000, `${bomb.length} bytes`);
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 10; i++) {
    assert.equal((await refusal(decodeImage(bomb))).reason, "too many pixels");
  }
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 100e6, `grew by ${grown} bytes; unpacked it takes 1.6e9`);
});
