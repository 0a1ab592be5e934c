import assert from "node:assert/strict";
import { explainRatio, fitSearchLaw, fixedShare } from "./search_ratio.ts";

Deno.test("search law: a fixed part and one a vector are found again", () => {
  const times = [1, 2, 4, 8, 166].map((vectors) => ({ vectors, ms: 0.5 + 2 * vectors }));
  const { fixed, perVector } = fitSearchLaw(times);
  assert.ok(Math.abs(fixed - 0.5) < 1e-9 && Math.abs(perVector - 2) < 1e-9);
  const below = [1, 10, 100].map((vectors) => ({ vectors, ms: 2 * vectors - 0.1 }));
  assert.equal(fitSearchLaw(below).fixed, 0);
});

Deno.test("search law: the share that is fixed gives the ratio back", () => {
  for (const ratio of [2, 3.8, 100]) {
    const share = fixedShare(ratio, 166), part = 1 - share;
    assert.ok(Math.abs(share + 166 * part - ratio) < 1e-9);
  }
});

Deno.test("search ratio: says ours, what it is made of, and what the paper's would be", () => {
  const times = [1, 8, 166].map((vectors) => ({ vectors, ms: 1 + vectors }));
  const [ours, paper] = explainRatio(times);
  assert.match(ours, /^166 vectors an image take 84 times as long as 1 \(167 against 2 ms\)/);
  assert.match(ours, /takes 1 ms whatever .* 1 ms a vector .* 50\.0 % of its time is fixed/);
  assert.match(paper, /^The paper's ratio, 3\.8, .* of which 98\.3 % is fixed/);
});
