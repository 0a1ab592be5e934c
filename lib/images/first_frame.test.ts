import assert from "node:assert/strict";
import { decodeImage } from "./decode.ts";
import { firstFrame } from "./first_frame.ts";
import { sharp } from "./sharp.ts";
import { scene, SCENE_SIZE } from "./testdata/hostile.ts";

/** An animation of so many frames. */
async function animated(frames: number, format: "gif" | "webp"): Promise<Uint8Array> {
  const still = await scene().png().toBuffer(), other = await scene().negate().png().toBuffer();
  const join = Array.from({ length: frames }, (_, i) => i % 2 === 0 ? still : other);
  const image = sharp(join, { join: { animated: true } }).withMetadata({ orientation: 6 });
  return new Uint8Array(
    await image.toFormat(format, format === "webp" ? { lossless: true } : {}).toBuffer(),
  );
}

for (const format of ["gif", "webp"] as const) {
  Deno.test(`the first frame of an animation is all that the decoder sees of it: ${format}`, async () => {
    const bytes = await animated(5, format),
      before = bytes.slice(),
      first = firstFrame(bytes, format);
    assert.ok(first.length < bytes.length);
    assert.equal((await sharp(bytes).metadata()).pages, 5);
    const { pages = 1, orientation } = await sharp(first).metadata();
    assert.equal(pages, 1);
    const { data, info } = await sharp(bytes, { pages: 1 }).autoOrient().removeAlpha().raw()
      .toBuffer({ resolveWithObject: true });
    const image = await decodeImage(bytes);
    assert.deepEqual([image.width, image.height], [info.width, info.height]);
    assert.deepEqual(image.data, new Uint8Array(data));
    assert.deepEqual(bytes, before, "the bytes given stay as they are");
    if (format !== "webp") return;
    assert.equal(orientation, 6); // EXIF stands behind the frames
    assert.deepEqual([image.height, image.width], SCENE_SIZE);
  });

  Deno.test(`an image of one frame, or a part of one, is left as it is: ${format}`, async () => {
    const single = new Uint8Array(await scene().toFormat(format).toBuffer());
    assert.equal(firstFrame(single, format), single);
    for (let length = 6; length < single.length; length += 7) {
      const part = single.subarray(0, length);
      assert.equal(firstFrame(part, format), part);
    }
  });
}

Deno.test("a GIF damaged behind its first frame shows it", async () => {
  const bytes = await animated(3, "gif"), image = await decodeImage(bytes);
  bytes.fill(0x77, firstFrame(bytes, "gif").length + 5);
  assert.deepEqual(await decodeImage(bytes), image);
});
