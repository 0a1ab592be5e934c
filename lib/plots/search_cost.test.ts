import assert from "node:assert/strict";
import { searchCostFigure } from "./search_cost.ts";

const rows = [166, 8, 1].flatMap((vectors) =>
  [300, 1000, 3000, 10_000].map((images) => ({ vectors, images, ms: 2.5e-4 * vectors * images }))
);

Deno.test("search_cost looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  const path = new URL("./testdata/search_cost.svg.txt", import.meta.url);
  const now = searchCostFigure(rows, { dim: 256 }).svg
    .replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
  assert.equal(now, await Deno.readTextFile(path));
});

Deno.test("memory follows from vectors and dimensions", () => {
  const { svg, alt } = searchCostFigure(rows, { dim: 512 });
  assert.match(svg, />340 kB</);
  assert.match(svg, />2\.05 kB</);
  assert.match(alt, /at 10,000 images: 166 vectors: 415 ms, 8 vectors: 20 ms, 1 vector: 2\.5 ms/);
});

Deno.test("no rows and two for one point are refused; one row is drawn", () => {
  const dim = 2;
  assert.throws(() => searchCostFigure([], { dim }), /Cannot draw search costs: there are no rows/);
  assert.throws(
    () => searchCostFigure([rows[0], rows[0]], { dim }),
    /two rows are for 166 vectors and 300 images/,
  );
  const { svg } = searchCostFigure([rows[0]], { dim });
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});
