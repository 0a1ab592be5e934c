import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadDataset } from "../datasets/mod.ts";
import { annotatedBox, cornerOutline, widened } from "./annotated_box.ts";
import { contactSheet, sheetRowOf } from "./contact_sheet.ts";
import { galleryFigure } from "./gallery.ts";

const corners = [[20, 10], [40, 20], [35, 30], [15, 20]] as const;
const box = { left: 15, top: 10, width: 25, height: 20 };
const picture = { href: "data:image/jpeg;base64,AA==", width: 100, height: 100 };

Deno.test("an outline goes through the corners in their order", () => {
  assert.match(cornerOutline(corners, { stroke: "red" }), /points="20,10 40,20 35,30 15,20"/);
  assert.deepEqual(annotatedBox({ category: 0, box, corners }), { ...box, corners });
  assert.deepEqual(annotatedBox({ category: 0, box }), box);
});

Deno.test("widened corners keep their directions from the centre, and one point stays one", () => {
  const [[x, y]] = widened([[3, 4], [-3, -4]], 5);
  assert.deepEqual([x, y], [6, 8]);
  assert.deepEqual(widened([[1, 1], [1, 1]], 9), [[1, 1], [1, 1]]);
});

Deno.test("contact sheets and galleries draw oriented boxes by their corners, upright ones as boxes", () => {
  const sheet = (boxes: (typeof box & { corners?: typeof corners })[]) =>
    contactSheet([{ dataset: "own", samples: [{ picture, boxes }] }]).svg;
  assert.equal(sheet([{ ...box, corners }]).match(/<polygon/g)?.length, 2); // a dark edge and the line
  assert.doesNotMatch(sheet([box]), /<polygon/);
  const gallery = (object: typeof box & { corners?: typeof corners }) =>
    galleryFigure([{
      ...{ query: "ship", method: "full image" },
      results: [{ picture, relevant: true, objects: [object] }],
    }]).svg;
  assert.match(gallery({ ...box, corners }), /<polygon[^>]*stroke-dasharray="4 2.5"/);
  assert.doesNotMatch(gallery(box), /<polygon/);
});

Deno.test("a sheet of a data set with oriented boxes has the corners of the file", async () => {
  const root = fileURLToPath(new URL("../datasets/readers/testdata/dota", import.meta.url));
  const dataset = await loadDataset({ source: "dota", annotations: root, root, part: "train" });
  const { samples } = await sheetRowOf(dataset, { count: 2 });
  assert.deepEqual(samples.map(({ boxes }) => boxes[0].corners), [corners, [
    [1, 1],
    [9, 1],
    [9, 9],
    [1, 9],
  ]]);
});
