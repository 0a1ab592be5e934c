import assert from "node:assert/strict";
import { type ResultRow, type RetrievalRun } from "detailclip";
import { claims, firstResults, shownOf } from "./gallery.ts";
import { mainResultOn } from "./main_result.ts";
import { judgedBy } from "./testing.ts";

/** Three classes, four images; nobody shows the last class. */
const run = {
  dataset: { name: "tiny", categories: ["cat", "dog", "fox"] },
  relevance: {
    queries: 3,
    images: 4,
    relevant: Uint8Array.from([1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
  },
  methods: [{
    method: "cc@10",
    scores: {
      ...{ queries: 3, images: 4 },
      scores: Float32Array.from([4, 1, 3, 2, 4, 3, 2, 1, 1, 2, 3, 4]),
    },
  }],
} as unknown as RetrievalRun;

Deno.test("right answers among the first are counted by method", () => {
  const found = firstResults(run, { methods: ["cc@10"], queries: ["cat", "fox"], count: 2 });
  assert.deepEqual(found, [
    { query: "cat", images: 2, right: { "cc@10": 1 } },
    { query: "fox", images: 0, right: { "cc@10": 0 } },
    { query: "all classes", images: 1.5, right: { "cc@10": 0.5 } }, // cat and dog
  ]);
});

Deno.test("of equal scores as many right answers are counted as are to be expected", () => {
  const scores = { queries: 3, images: 4, scores: Float32Array.from(Array(12).fill(0.5)) };
  const tied = { ...run, methods: [{ ...run.methods[0], scores }] };
  const [cat] = firstResults(tied, { methods: ["cc@10"], queries: ["cat"], count: 1 });
  assert.deepEqual(cat.right, { "cc@10": 0.5 }); // 2 of 4 show a cat
});

Deno.test("methods and classes that are not there are named", () => {
  const count = 1;
  assert.throws(
    () => firstResults(run, { methods: ["full image"], queries: ["cat"], count }),
    /there is no method full image/,
  );
  assert.throws(
    () => firstResults(run, { methods: [], queries: ["cow"], count }),
    /Cannot count right answers: tiny has no "cow"/,
  );
});

Deno.test("galleries of other words are kept apart; unknown words are refused", async () => {
  const [{ config }] = mainResultOn("smoke");
  const own = { queries: ["airplane", "laptop", "kiwi fruit", "bear", "key"], count: 7 };
  assert.equal(await shownOf(config, own), config);
  assert.deepEqual((await shownOf(config, { ...own, count: 3 })).gallery, { ...own, count: 3 });
  await assert.rejects(shownOf(config, { queries: ["bär"], count: 3 }), /Cannot set queries/);
});

Deno.test("the claim follows the paired interval", () => {
  const verdict = (fused: number) =>
    judgedBy(claims, {
      main_result: [["full image", 0.5], ["DetailCLIP, our training", fused]]
        .map(([method, value]) => ({
          ...{ method, value, low: 0.4, high: 0.8, metric: "recall@1", subset: "all" },
        })) as ResultRow[],
    })[0];
  assert.deepEqual([0.65, 0.515, 0.4].map((fused) => verdict(fused).holds), ["yes", "yes", "no"]);
  assert.equal(
    verdict(0.65).ours,
    "+15.0 [14.0, 16.0] (65.0 [40.0, 80.0] against 50.0 [40.0, 80.0])",
  );
});
