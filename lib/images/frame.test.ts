import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage, ImageError } from "./decode.ts";
import { readImageFrame, turnUpright } from "./frame.ts";
import { jpegSegments } from "./jpeg.ts";
import { scene, SCENE_SIZE } from "./testdata/hostile.ts";
import { makeTiff } from "./testdata/tiff.ts";

const [WIDTH, HEIGHT] = SCENE_SIZE;

async function withFile(bytes: Uint8Array, work: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(join(folder, "image"), bytes);
    await work(join(folder, "image"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const format of ["jpeg", "png", "webp", "tiff", "gif", "avif"] as const) {
  Deno.test(`the frame of a file has the size to which it is decoded: ${format}`, async () => {
    for (const orientation of [undefined, 3, 6]) {
      const image = orientation ? scene().withMetadata({ orientation }) : scene();
      const bytes = new Uint8Array(await image.toFormat(format).toBuffer());
      await withFile(bytes, async (path) => {
        const { upright, stored } = await readImageFrame(path);
        const { width, height } = await decodeImage(path);
        assert.deepEqual(upright, { width, height });
        // AVIF turns its pixels by itself, without EXIF: nobody sees them as they are stored.
        assert.deepEqual(stored, format === "avif" ? upright : { width: WIDTH, height: HEIGHT });
      });
    }
  });
}

Deno.test("EXIF is found wherever it stands before the first scan of a JPEG", async () => {
  const turned = new Uint8Array(await scene().withMetadata({ orientation: 6 }).jpeg().toBuffer());
  const segments = [...jpegSegments(turned)];
  const exif = segments.find(({ marker }) => marker === 0xe1)!;
  for (const before of [0xdb, 0xc4, 0xda]) { // tables before the frame, those behind it, the scan
    const { at } = segments.find(({ marker, at }) => marker === before && at > exif.at)!;
    const bytes = new Uint8Array([
      ...turned.subarray(0, exif.at),
      ...turned.subarray(exif.end, at),
      ...turned.subarray(exif.at, exif.end),
      ...turned.subarray(at),
    ]);
    await withFile(bytes, async (path) => {
      const { upright, orientation } = await readImageFrame(path);
      const { width, height } = await decodeImage(path);
      assert.deepEqual([upright, orientation], [{ width, height }, 6], before.toString(16));
    });
  }
});

Deno.test("the frame of a TIFF is that of its first directory, wherever that is", async () => {
  const tiff = { width: 3, height: 2, photometric: 1, data: new Uint8Array(3 * 2 * 9) };
  for (const next of [0, 8]) { // 8: a circle of directories
    await withFile(makeTiff({ ...tiff, next, more: [[274, 8]] }), async (path) => {
      const { stored, upright, orientation } = await readImageFrame(path);
      assert.deepEqual([stored.width, stored.height, upright.width, orientation], [3, 2, 2, 8]);
    });
  }
  const outside = makeTiff(tiff);
  outside.set([0xff, 0xff, 0xff, 0x7f], 4);
  for (const bytes of [outside, outside.slice(0, 6)]) {
    await withFile(bytes, (path) =>
      assert.rejects(
        readImageFrame(path),
        (error: unknown) => error instanceof ImageError && error.reason === "truncated or corrupt",
      ));
  }
});

Deno.test("a box turned by an orientation and by its inverse is where it was", () => {
  const stored = { width: 30, height: 40 }, box = { left: 3, top: 5, width: 7, height: 11 };
  for (
    const [orientation, inverse] of [[1, 1], [2, 2], [3, 3], [4, 4], [5, 5], [6, 8], [7, 7], [8, 6]]
  ) {
    const upright = orientation > 4 ? { width: 40, height: 30 } : stored;
    const turned = turnUpright(box, { stored, upright, orientation });
    assert.ok(turned.left + turned.width <= upright.width && turned.left >= 0);
    assert.ok(turned.top + turned.height <= upright.height && turned.top >= 0);
    const back = turnUpright(turned, { stored: upright, upright: stored, orientation: inverse });
    assert.deepEqual(back, box, `${orientation}`);
  }
});
