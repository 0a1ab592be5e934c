import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { Figure } from "./figure.ts";
import { type PatchRecallRow, recallAgainstPatches } from "./recall_against_patches.ts";
import { type KRow, recallByCover } from "./recall_by_cover.ts";
import { methodStyle } from "./theme.ts";

const recall = (method: string, value: number) => ({
  method,
  cover: method,
  metric: "recall@1",
  value,
  low: value - 0.04,
  high: value + 0.03,
});

const patchesRows: PatchRecallRow[] = ["CLEVR-DS", "CLEVR-DS-S"].flatMap((panel, p) =>
  [2, 3, 5].flatMap((k, i): PatchRecallRow[] => {
    const patches = [5, 14, 39][i], value = 0.4 + 0.15 * i - 0.1 * p;
    return [
      {
        ...recall(`cc@${k}`, value),
        patches,
        series: "cc@k",
        panel,
        point: `${k}`,
        line: "dashed",
      },
      { ...recall("DetailCLIP", value - 0.05), patches, series: "DetailCLIP", panel },
    ];
  })
);
const kRows: KRow[] = ["cc@k", "grid@k"].flatMap((series, s) =>
  [1, 2, 5, 9].map((k, i) => ({
    ...recall(series.replace("k", `${k}`), 0.2 + 0.2 * i - 0.05 * s),
    k,
    series,
  }))
);
const full = recall("full image", 0.2);

const figures: Record<string, () => Figure> = {
  recall_against_patches: () =>
    recallAgainstPatches(patchesRows, { references: [{ ...full, panel: "CLEVR-DS" }] }),
  recall_by_cover: () => recallByCover(kRows, { references: [full] }),
};

const parse = ({ svg }: Figure) => parseHTML(`<html><body>${svg}</body></html>`).document;
const textsOf = (figure: Figure) =>
  [...parse(figure).querySelectorAll("text")].map((text) => text.textContent);

/** Whole px: the last digits of a coordinate may differ between versions and machines. */
function normalised(svg: string): string {
  return svg.replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";
}

for (const [name, draw] of Object.entries(figures)) {
  Deno.test(`${name} looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)`, async () => {
    const path = new URL(`./testdata/${name}.svg.txt`, import.meta.url);
    const now = normalised(draw().svg);
    if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
    assert.equal(now, await Deno.readTextFile(path));
  });

  Deno.test(`${name} is whole, with finite numbers and words for it`, () => {
    const { svg, alt } = draw();
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|var\(/);
    assert.ok(alt.length > 20);
    assert.equal(draw().svg, svg); // a pure function of its rows
  });
}

Deno.test("recall against patches has a marker a row, a panel a data set and labels at points", () => {
  const figure = figures.recall_against_patches();
  const dots = parse(figure).querySelectorAll('[aria-label="dot"] path, [aria-label="dot"] circle');
  assert.equal(dots.length, patchesRows.length);
  const texts = textsOf(figure);
  for (const text of ["CLEVR-DS", "CLEVR-DS-S", "cc@k", "DetailCLIP", "full image", "5", "10"]) {
    assert.ok(texts.includes(text), text);
  }
  assert.equal(texts.filter((text) => text === "3").length, 2); // k = 3, in each panel
  assert.equal(texts.filter((text) => text === "cc@k").length, 2);
  assert.ok(figure.svg.includes(methodStyle("DetailCLIP").color));
  assert.ok(figure.svg.includes('stroke-dasharray="7 4"')); // patches are dashed
});

Deno.test("of three panels in a row only the last names its lines", () => {
  const panels = ["CLEVR-DS", "CLEVR-DS-S", "CLEVR-DS-L"];
  const rows = panels.flatMap((panel) =>
    patchesRows.filter((row) => row.panel === "CLEVR-DS").map((row) => ({ ...row, panel }))
  );
  const texts = textsOf(recallAgainstPatches(rows));
  assert.equal(texts.filter((text) => text === "DetailCLIP").length, 1);
  assert.ok(panels.every((panel) => texts.includes(panel)));
});

Deno.test("recall against k has a tick a k and the name of each line", () => {
  const texts = textsOf(figures.recall_by_cover());
  for (const text of ["1", "2", "5", "9", "cc@k", "grid@k", "full image", "Recall@1, %"]) {
    assert.ok(texts.includes(text), text);
  }
});

Deno.test("axes hold all bands, whatever the values", () => {
  for (const value of [0, 0.004, 0.5, 0.985, 1]) {
    const row = { ...recall("cc@5", value), low: Math.max(0, value - 0.01), high: value };
    const figure = recallAgainstPatches([{ ...row, patches: 39, series: "cc@k" }]);
    assert.doesNotMatch(figure.svg, /NaN|Infinity/);
    const y = Number(parse(figure).querySelector('[aria-label="dot"] circle')!.getAttribute("cy"));
    assert.ok(y >= 34 && y <= 320 - 42, `${value}: ${y}`); // inside the margins
  }
});

Deno.test("figures of recall refuse nothing, rows in one place, and numbers that are none", () => {
  assert.throws(() => recallAgainstPatches([]), /Cannot draw recall against patches: .*no rows/);
  assert.throws(() => recallByCover([]), /Cannot draw recall against k: there are no rows/);
  assert.throws(
    () => recallAgainstPatches([...patchesRows, patchesRows[0]]),
    /two rows are for CLEVR-DS cc@k at 5 patches/,
  );
  assert.throws(() => recallByCover([...kRows, kRows[0]]), /two rows are for {2}cc@k at k = 1/);
  for (const patches of [0, -1, NaN, Infinity]) {
    assert.throws(
      () => recallAgainstPatches([{ ...patchesRows[0], patches }]),
      /Cannot draw recall against patches: cc@2 has/,
    );
  }
});
