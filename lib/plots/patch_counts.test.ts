import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { patchGrowthFigure } from "./patch_counts.ts";

const rows = [30, 3, 60, 90].map((side) => ({ side, patches: Math.round(0.2 * side * side) }));
const laws = [{ label: "0.25 x²", coefficient: 0.25 }, { label: "0.18 x²", coefficient: 0.18 }];
const draw = () => patchGrowthFigure(rows, { name: "cc@k", laws });

Deno.test("patch_growth looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  const path = new URL("./testdata/patch_growth.svg.txt", import.meta.url);
  const now = draw().svg
    .replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
  assert.equal(now, await Deno.readTextFile(path));
});

Deno.test("a parabola of the right coefficient runs through the points", () => {
  const ends = (coefficient: number) => {
    const { svg } = patchGrowthFigure(rows, { laws: [{ label: "law", coefficient }] });
    const { document } = parseHTML(`<html><body>${svg}</body></html>`);
    return [...document.querySelectorAll('[aria-label="line"] path')]
      .map((path) => path.getAttribute("d")!.split(",").at(-1));
  };
  const [law, measured] = ends(0.2);
  assert.equal(law, measured);
  const [high, below] = ends(0.3);
  assert.ok(Number(high) < Number(below));
});

Deno.test("no rows and two for one side are refused; one row and no law are drawn", () => {
  assert.throws(
    () => patchGrowthFigure([]),
    /Cannot draw growth of patch counts: there are no rows/,
  );
  assert.throws(() => patchGrowthFigure([rows[0], rows[0]]), /two rows are for a side of 30 px/);
  const { svg, alt } = patchGrowthFigure([{ side: 3, patches: 1 }]);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  assert.match(alt, /up to 3 px: 1 patches/);
});
