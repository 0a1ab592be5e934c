import assert from "node:assert/strict";
import { generateClevrDs, loadCoco } from "../datasets/mod.ts";
import { contactSheet, type SheetRow, sheetRowOf } from "./contact_sheet.ts";
import { clipText } from "./svg.ts";
import { assertSnapshot } from "./testing.ts";

const picture = { href: "data:image/jpeg;base64,AA==", width: 200, height: 100 };
const rows: SheetRow[] = [
  {
    dataset: "CLEVR-DS",
    caption: "14 objects an image",
    samples: [
      { picture, boxes: [{ left: 10, top: 10, width: 10, height: 12 }] },
      { picture, boxes: [{ left: 50, top: 0, width: 100, height: 80 }] },
    ],
  },
  { dataset: "COCO <2017>", samples: [{ picture, boxes: [] }] },
];

Deno.test("contact_sheet looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  await assertSnapshot("contact_sheet", contactSheet(rows));
});

Deno.test("every object has a box; large ones are dashed", () => {
  const { svg } = contactSheet(rows);
  assert.equal(svg.match(/stroke="#ffd21f"/g)?.length, 2);
  assert.equal(svg.match(/stroke-dasharray="6 4"/g)?.length, 1);
  assert.match(svg, />1 annotated</);
  assert.match(svg, /0 annotated/);
});

Deno.test("no rows, doubles and data sets without samples are refused", () => {
  assert.throws(() => contactSheet([]), /Cannot draw contact sheet: there are no rows/);
  assert.throws(() => contactSheet([rows[0], rows[0]]), /two rows are for CLEVR-DS/);
  const none = { ...rows[0], samples: [] };
  assert.throws(() => contactSheet([none]), /Cannot draw contact sheet: CLEVR-DS has no samples/);
});

Deno.test("samples go from few objects to many, each image once", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const { annotations, images } = await generateClevrDs(directory, {
      ...{ seed: 7, images: 10, size: 160 },
      splits: ["train"],
    });
    const dataset = await loadCoco(annotations.train, images);
    const { samples, dataset: label } = await sheetRowOf(dataset, { label: "seven", count: 3 });
    const counts = samples.map(({ boxes }) => boxes.length);
    assert.equal(label, "seven");
    assert.equal(counts.length, 3);
    assert.deepEqual(counts, counts.toSorted((a, b) => a - b));
    assert.equal((await sheetRowOf(dataset, { count: 50 })).samples.length, 7);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a long name is cut, a short one is not", () => {
  assert.equal(clipText("CLEVR-DS", 200, 13), "CLEVR-DS");
  assert.match(clipText("a name that nobody would read to its end", 100, 13), /^a name that.*…$/);
  assert.equal(clipText("name", 1, 13), "n…");
});
