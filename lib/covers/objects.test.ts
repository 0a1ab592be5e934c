import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { objectCover } from "./objects.ts";
import { assertInside } from "./testing.ts";

const cut = (left: number, top: number, width: number, height: number) =>
  objectCover(100, 80, [{ left, top, width, height }]).levels[1][0];

Deno.test("objectCover: keeps the order of the boxes and has no empty second level", () => {
  const boxes = [{ left: 50, top: 40, width: 10, height: 10 }, {
    left: 0,
    top: 0,
    width: 5,
    height: 6,
  }];
  const cover = objectCover(100, 80, boxes);
  assert.deepEqual(cover.levels, [[{ left: 0, top: 0, width: 100, height: 80 }], boxes]);
  assert.equal(objectCover(100, 80, []).levels.length, 1);
});

Deno.test("objectCover: rounds outwards, clips, and enlarges degenerate boxes to 1 px", () => {
  assert.deepEqual(cut(10.4, 20.6, 5.2, 5.2), { left: 10, top: 20, width: 6, height: 6 });
  assert.deepEqual(cut(-5, 70, 20, 20), { left: 0, top: 70, width: 15, height: 10 });
  assert.deepEqual(cut(30, 30, 0, 0), { left: 30, top: 30, width: 1, height: 1 });
  assert.deepEqual(cut(100, 80, 0, 0), { left: 99, top: 79, width: 1, height: 1 });
  assert.deepEqual(cut(-7, 3, 7, 4), { left: 0, top: 3, width: 1, height: 4 });
});

Deno.test("objectCover: random boxes that meet the image give sound patches that hold them", () => {
  const random = createRandom("objects");
  for (let i = 0; i < 300; i++) {
    const left = random.uniform(-50, 100), top = random.uniform(-50, 80);
    const width = random.uniform(Math.max(0, -left), 200);
    const height = random.uniform(Math.max(0, -top), 200);
    const cover = objectCover(100, 80, [{ left, top, width, height }]);
    assertInside(cover, `${left}, ${top}, ${width}, ${height}`);
    const box = cover.levels[1][0];
    assert.ok(box.left <= Math.max(left, 0) && box.top <= Math.max(top, 0));
    assert.ok(box.left + box.width >= Math.min(left + width, 100));
    assert.ok(box.top + box.height >= Math.min(top + height, 80));
  }
});

Deno.test("objectCover: refuses boxes outside the image, negative or not finite, by index", () => {
  const good = { left: 0, top: 0, width: 5, height: 5 };
  const refused = (left: number, top: number, width: number, height: number) => () =>
    objectCover(100, 80, [good, { left, top, width, height }]);
  assert.throws(refused(101, 0, 5, 5), /object 1 of image 100x80: its box .* outside the image/);
  assert.throws(refused(0, -9, 5, 5), /outside the image/);
  assert.throws(refused(0, 0, -1, 5), /negative side/);
  assert.throws(refused(NaN, 0, 5, 5), /not made of finite numbers/);
  assert.throws(refused(0, 0, Infinity, 5), /not made of finite numbers/);
  assert.throws(() => objectCover(0, 80, []), /width must be a positive integer/);
});
