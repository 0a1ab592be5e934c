import assert from "node:assert/strict";
import { didYouMean, nearestName } from "./nearest.ts";

const NAMES = ["seed", "images", "annotations", "recallAt", "size", "k"];

for (
  const [written, meant] of [
    ["imags", "images"],
    ["annotatons", "annotations"],
    ["saed", "seed"], // two letters swapped are one slip
    ["Seed", "seed"],
    ["recall_at", "recallAt"],
    ["sizes", "size"],
    ["seed ", "seed"],
    ["", undefined],
    ["x", undefined], // everything is one letter away from a name of one letter
    ["learningRate", undefined],
    ["__proto__", undefined],
    ["a".repeat(100_000), undefined],
  ] as const
) {
  Deno.test(`the nearest name of "${written.slice(0, 20)}" is ${meant}`, () => {
    assert.equal(nearestName(written, NAMES), meant);
  });
}

Deno.test("of equally near names the first is meant; without a near one all are told", () => {
  assert.equal(nearestName("ab", ["ac", "ad"]), "ac");
  assert.equal(didYouMean("imags", NAMES), "; did you mean images?");
  assert.equal(didYouMean("nothing", ["a", "b"]), " (there are: a, b)");
  assert.equal(didYouMean("nothing", []), " (there are: none)");
});
