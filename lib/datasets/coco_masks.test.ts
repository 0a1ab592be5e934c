import assert from "node:assert/strict";
import { segmentationBox } from "./coco_masks.ts";

const mask = (height: unknown, width: unknown, counts: unknown) => ({
  size: [height, width],
  counts,
});

// Texts and boxes are from pycocotools 2.0: `encode` and `toBbox`. The first is rows 10 to 29 of columns 40 to 74 and
// columns 5 to 8 of row 50, the second an ellipse.
const PACKED = [
  [96, 128, `b\`01o200000hk2c0eSM${"0".repeat(67)}fn4`, [5, 10, 70, 41]],
  [
    96,
    128,
    "Un27g24M3L3N2O1N1O2O1N101N100O2O001N1000001N100000000000001O0000000000O10000000001O0O1000001N10001N101N101N101" +
    "N2N2N2N2N3M3Km]3",
    [31, 24, 60, 34],
  ],
  [5, 4, "839", [1, 0, 2, 5]], // one run, from the foot of a column to the head of the next
  [3, 2, "06", [0, 0, 2, 3]],
] as const;

Deno.test("masks have the box that pycocotools gives them, packed or not", () => {
  for (const [height, width, text, box] of PACKED) {
    assert.deepEqual(segmentationBox(mask(height, width, text), {}), box);
    assert.deepEqual(segmentationBox(mask(height, width, text), { height, width }), box);
  }
  assert.deepEqual(segmentationBox(mask(5, 4, [8, 3, 9]), {}), [1, 0, 2, 5]);
  assert.deepEqual(segmentationBox(mask(5, 4, [1, 0, 7, 3, 0, 0, 9]), {}), [1, 0, 2, 5]);
});

Deno.test("polygons have the box of all their corners", () => {
  const two = [[1.5, 2, 4, 2, 4, 6], [-3, 8, 0, 8, 0, 9.25]];
  assert.deepEqual(segmentationBox(two, {}), [-3, 2, 7, 7.25]);
  assert.deepEqual(segmentationBox(two[0], {}), [1.5, 2, 2.5, 4]); // a polygon that is not in a list
});

Deno.test("a segmentation that is none, or is broken, has no box, and says why", () => {
  for (const none of [undefined, null, [], "mask", 7]) {
    assert.equal(segmentationBox(none, {}), undefined);
  }
  for (
    const [broken, why] of [
      [[[1, 2, 3, 4]], /three or more pairs/],
      [[[1, 2, 3, 4, 5, 6, 7]], /three or more pairs/],
      [[[1, 2, 3, 4, 5, 6], null], /three or more pairs/],
      [[[1, 2, 3, 4, 5, Infinity]], /not a finite number/],
      [[[1, 2, 3, 4, 5, "6"]], /not a finite number/],
      [{}, /no size/],
      [mask(0, 4, [0]), /no size/],
      [mask(2.5, 4, [10]), /no size/],
      [mask("5", 4, [20]), /no size/],
      [mask(5, 4, undefined), /no runs/],
      [mask(5, 4, [8, 3]), /not 4 x 5 pixels/],
      [mask(5, 4, [8, 300]), /not 4 x 5 pixels/],
      [mask(5, 4, [8, -3, 15]), /not a number of pixels/],
      [mask(5, 4, [8, null, 12]), /not a number of pixels/],
      [mask(5, 4, [20]), /empty/],
      [mask(5, 4, "8 9"), /not a number of pixels/],
      [mask(5, 4, "83\u00e9"), /not a number of pixels/],
      [mask(5, 4, "83o"), /not a number of pixels/], // goes on where it ends
      [mask(5, 4, "o".repeat(1e6)), /not a number of pixels/],
      [mask(5, 4, ""), /not 4 x 5 pixels/],
    ] as const
  ) {
    assert.match(String(segmentationBox(broken, {})), why, JSON.stringify(broken).slice(0, 80));
  }
  assert.match(
    String(segmentationBox(mask(5, 4, [8, 3, 9]), { width: 5, height: 4 })),
    /its image of 5 x 4/,
  );
});
