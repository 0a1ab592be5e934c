import assert from "node:assert/strict";
import { type Claim, claimsFrame, judgeClaims, recallOf, storedRows } from "./claims.ts";
import type { ResultRow } from "./results.ts";

function row(method: string, value: number, subset = "all"): ResultRow {
  const interval = { low: value - 0.01, high: value + 0.01 };
  const labels = { method, cover: "full", metric: "recall@1", subset };
  return { ...labels, value, ...interval, vectors: 1, images: 10, classes: 3 };
}

const claim: Claim = {
  notebook: "05_main_result",
  where: "Table 2",
  claim: "Patches find more than the full image",
  measure: "Recall@1 of cc@10 minus full image, points",
  paper: "11.95",
  needs: ["main"],
  judge(rowsOf) {
    const rows = rowsOf("main");
    const gain = recallOf(rows, "cc@10").value - recallOf(rows, "full image").value;
    return { ours: (100 * gain).toFixed(1), holds: gain > 0 ? "yes" : "no" };
  },
};

Deno.test("a claim is judged by the rows, whichever way they go", () => {
  const judge = (value: number) =>
    judgeClaims([claim], { main: [row("full image", 0.3), row("cc@10", value)] })[0];
  assert.deepEqual(judge(0.9), {
    notebook: "05_main_result",
    where: "Table 2",
    claim: "Patches find more than the full image",
    measure: "Recall@1 of cc@10 minus full image, points",
    paper: "11.95",
    ours: "60.0",
    holds: "yes",
  });
  assert.equal(judge(0.2).holds, "no");
});

Deno.test("rows that are missing, or there twice, are named", async () => {
  assert.throws(() => judgeClaims([claim], {}), /no rows of main/);
  assert.throws(
    () => recallOf([row("a", 0.1), row("a", 0.2), row("a", 0.3, "small")], "a"),
    /Cannot read recall@1 of a \(all\): 2 rows have it/,
  );
  assert.equal(
    recallOf([row("a", 0.1), row("a", 0.3, "small")], "a", { subset: "small" }).value,
    0.3,
  );
  const nowhere = await Deno.makeTempDir();
  await assert.rejects(storedRows([claim], "quick", nowhere), /main\.quick\.jsonl/);
  await Deno.remove(nowhere);
});

Deno.test("a notebook shows our number beside the paper's", () => {
  const judged = judgeClaims([claim], { main: [row("full image", 0.3), row("cc@10", 0.9)] });
  assert.deepEqual(claimsFrame(judged).toRecords(), [{
    where: "Table 2",
    claim: "Patches find more than the full image",
    "what is measured": "Recall@1 of cc@10 minus full image, points",
    here: "60.0",
    "the paper": "11.95",
    "holds here": "yes",
  }]);
});
