import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { completeCover } from "./complete.ts";
import { coverBoxes } from "./cover.ts";
import { clipBox, toImageBox } from "./geometry.ts";

Deno.test("toImageBox: padding is clipped off", () => {
  const cover = completeCover(224, 222, 10); // 230x230, cells of 23 px
  const back = coverBoxes(cover).map((box) => toImageBox(cover, box, 224, 222));
  assert.deepEqual(back[0], { left: 0, top: 0, width: 224, height: 222 });
  assert.deepEqual(back.at(-1), { left: 207, top: 207, width: 17, height: 15 });
});

Deno.test("toImageBox: a patch of nothing but padding is empty at the edge", () => {
  const cover = completeCover(1, 1, 3); // 3x3, cells of 1 px
  const last = toImageBox(cover, coverBoxes(cover).at(-1)!, 1, 1);
  assert.deepEqual(last, { left: 1, top: 1, width: 0, height: 0 });
});

Deno.test("toImageBox: stretched boxes scale back, rounded outwards, inside the image", () => {
  const random = createRandom("geometry");
  for (let i = 0; i < 50; i++) {
    const width = random.integer(1, 400), height = random.integer(1, 400);
    const cover = completeCover(width, height, random.integer(1, 12), { fit: "stretch" });
    const [whole, ...rest] = coverBoxes(cover);
    assert.deepEqual(toImageBox(cover, whole, width, height), { left: 0, top: 0, width, height });
    for (const box of rest) {
      const back = toImageBox(cover, box, width, height);
      const right = (box.left + box.width) * width / cover.width;
      assert.ok(back.width >= 1 && back.height >= 1);
      assert.ok(back.left <= box.left * width / cover.width && back.left + back.width >= right);
      assert.ok(back.left + back.width < right + 1 && back.top + back.height <= height);
    }
  }
});

Deno.test("clipBox: the part inside, also of boxes that are wholly outside", () => {
  const clip = (left: number, top: number, width: number, height: number) =>
    Object.values(clipBox({ left, top, width, height }, 10, 8));
  assert.deepEqual(clip(-2, 3, 5, 9), [0, 3, 3, 5]);
  assert.deepEqual(clip(2, 3, 4, 4), [2, 3, 4, 4]);
  assert.deepEqual(clip(12, -9, 4, 4), [10, 0, 0, 0]);
});
