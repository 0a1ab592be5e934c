import assert from "node:assert/strict";
import type { ResultRow } from "detailclip";
import { configure } from "detailclip";
import { MEAN_OBJECTS } from "detailclip/datasets";
import {
  claims,
  membersOf,
  METHOD,
  onFew,
  onFull,
  onNumbers,
  onReduced,
} from "./objects_and_classes.ts";
import { judgedBy } from "./testing.ts";

const rowsOf = (recall: number): ResultRow[] =>
  [METHOD, "full image"].map((method) => ({
    ...{ method, cover: "cc@5", metric: "recall@1", subset: "all", vectors: 1, images: 9 },
    ...{ value: recall, low: recall - 0.1, high: recall + 0.1, classes: 5 },
  }));

Deno.test("the sets that are compared learn from, and are searched among, equally many images", () => {
  const [few, reduced] = [onFew, onReduced].map((definition) => configure(definition, "quick"));
  assert.deepEqual(few.learn, reduced.learn);
  assert.deepEqual(few.fusion, reduced.fusion);
  assert.ok(few.dataset.limit === 50 && reduced.dataset.limit === 50);
  assert.equal(configure(onFull, "quick").learn, undefined);
  const members = membersOf();
  assert.equal(new Set(members.map(({ definition }) => definition.name)).size, 6);
  for (const { definition } of members.slice(1)) {
    const { learn, dataset } = configure(definition, "quick");
    assert.deepEqual([learn, dataset.limit], [few.learn, 50], definition.name);
  }
});

Deno.test("the claims on Table 5 follow the numbers, and show both readings of the paper", () => {
  const judge = (full: number, reduced: number) =>
    judgedBy(claims.slice(0, 2), {
      ...{ [onFew.name]: rowsOf(full), [onReduced.name]: rowsOf(reduced) },
    });
  assert.deepEqual(judge(0.2, 0.7).map(({ holds }) => holds), ["yes", "yes"]);
  assert.deepEqual(judge(0.4, 0.5).map(({ holds }) => holds), ["undecided", "undecided"]);
  assert.deepEqual(judge(0.7, 0.2).map(({ holds }) => holds), ["no", "no"]);
  const [{ paper, ours }] = judge(0.2, 0.7);
  assert.equal(paper, "−25.8 as printed, +25.8 if its rows are swapped");
  assert.equal(ours, "+50.0 [35.9, 64.1] (70.0 [60.0, 80.0] against 20.0 [10.0, 30.0])");
});

Deno.test("objects and classes are judged one by one", () => {
  const [objects, classes] = [onNumbers(138, 3), onNumbers(51, MEAN_OBJECTS)];
  const rows = {
    [onFew.name]: rowsOf(0.2),
    [objects.name]: rowsOf(0.7),
    [classes.name]: rowsOf(0.2),
  };
  const judged = judgedBy(claims.slice(2), rows).map(({ holds }) => holds);
  assert.deepEqual(judged, ["yes", "undecided"]);
  assert.equal(onNumbers(138, MEAN_OBJECTS), onFew);
  const { dataset } = configure(classes, "quick");
  assert.ok(dataset.source === "clevr-ds" && dataset.classes === 51 && !("objects" in dataset));
});
