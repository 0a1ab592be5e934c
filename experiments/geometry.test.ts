import assert from "node:assert/strict";
import { type ResultRow, type SeriesRow } from "detailclip";
import { byCosine, byObjects, claims, geometryOn, IMAGE, OWN } from "./geometry.ts";
import { judgedBy } from "./testing.ts";

/** Rows of patches and ceiling with these recalls. */
const rows = (patches: number, ceiling: number) =>
  ([["cc@5", patches], ["ceiling of the loss", ceiling]] as const).map(([method, value]) => ({
    ...{ method, cover: "cc@5", value, metric: "recall@1", subset: "all", vectors: 1 },
    ...{ low: value - 0.01, high: value + 0.01 },
  })) as ResultRow[];

Deno.test("common parts are turned on CLEVR-DS, objects with the encoder's own and with none", () => {
  const members = geometryOn("quick");
  assert.deepEqual(members.map(({ config: { encoder: { commonDirection: c } } }) => c && c.text), [
    ...[false, 0.1, 0.2, 0.3, 0.5, undefined], // the encoder's own, last
    ...[false, undefined, false, undefined, false, undefined, false, undefined],
  ]);
  const file = new URL("../data/encoders/tiny-clip/config.json", import.meta.url);
  const { common_direction: { text, image } } = JSON.parse(Deno.readTextFileSync(file));
  assert.deepEqual([text, image], [OWN, IMAGE]);
  const own = members[5].config, few = geometryOn("quick", { images: 600 })[5];
  assert.deepEqual(few.config.dataset, { ...own.dataset, images: 600 });
  assert.equal(new Set(members.map(({ config }) => config.name)).size, members.length);
  assert.throws(() => geometryOn("quick", { texts: [1] }), /each of texts: .* from 0 to 0\.99/);
  assert.throws(() => geometryOn("quick", { objects: [2] }), /each of objects: .* from 3 to 25/);
});

Deno.test("points stand at the square of the common part, and at the number of objects", () => {
  const members = geometryOn("quick", { texts: [0, 0.5, 0.7], objects: [3] });
  const recalls = [[0.8, 0.7], [0.8, 0.75], [0.8, 0.8], [0.9, 0.88], [0.9, 0.9]];
  const all = members.flatMap(({ label }, i) =>
    rows(recalls[i][0], recalls[i][1]).map((row) => ({ ...row, member: label }) as SeriesRow)
  );
  const points = (list: ReturnType<typeof byCosine>, series: string, plain = false) =>
    list.filter((p) => p.series === series && p.plain === plain)
      .map(({ x, recall }) => [Number(x.toFixed(4)), Math.round(recall)]);
  const cosine = byCosine(members, all), objects = byObjects(members, all);
  assert.deepEqual(points(cosine, "ceiling of the loss"), [[0, 70], [0.25, 75], [0.49, 80]]);
  assert.deepEqual(points(cosine, "patches"), [[0, 80], [0.25, 80], [0.49, 80]]);
  assert.deepEqual(points(objects, "patches"), [[13.78, 80], [3, 90]]);
  assert.deepEqual(points(objects, "ceiling of the loss", true), [[13.78, 70], [3, 88]]);
  assert.deepEqual(points(objects, "ceiling of the loss"), [[13.78, 80], [3, 90]]);
});

Deno.test("the claim follows the ceiling at the encoder's own common part", () => {
  const name = geometryOn("quick")[5].config.name;
  const verdict = (ceiling: number) => judgedBy(claims, { [name]: rows(0.8, ceiling) })[0].holds;
  assert.deepEqual([verdict(0.8), verdict(0.7)], ["yes", "no"]);
});
