import assert from "node:assert/strict";
import { decodeImage } from "./decode.ts";
import { firstFrame } from "./gif.ts";
import { sharp } from "./sharp.ts";
import { scene } from "./testdata/hostile.ts";

/** A GIF of so many frames. */
async function animated(frames: number): Promise<Uint8Array> {
  const still = await scene().png().toBuffer(), other = await scene().negate().png().toBuffer();
  const join = Array.from({ length: frames }, (_, i) => i % 2 === 0 ? still : other);
  return new Uint8Array(await sharp(join, { join: { animated: true } }).gif().toBuffer());
}

Deno.test("the first frame of a GIF is all that the decoder sees of it", async () => {
  const bytes = await animated(5), first = firstFrame(bytes);
  assert.ok(first.length < bytes.length);
  assert.equal((await sharp(bytes).metadata()).pages, 5);
  assert.equal((await sharp(first).metadata()).pages ?? 1, 1);
  const { data, info } = await sharp(bytes, { pages: 1 }).removeAlpha().raw()
    .toBuffer({ resolveWithObject: true });
  const image = await decodeImage(bytes);
  assert.deepEqual([image.width, image.height], [info.width, info.height]);
  assert.deepEqual(image.data, new Uint8Array(data));
  // What follows the first frame is not looked at, and may be damaged.
  const damaged = bytes.slice();
  damaged.fill(0x77, first.length + 5);
  assert.deepEqual(await decodeImage(damaged), image);
});

Deno.test("a GIF of one frame, or none, is left as it is", async () => {
  const single = new Uint8Array(await scene().gif().toBuffer());
  assert.equal(firstFrame(single), single);
  for (let length = 6; length < single.length; length += 7) {
    const part = single.subarray(0, length);
    assert.equal(firstFrame(part), part);
  }
});
