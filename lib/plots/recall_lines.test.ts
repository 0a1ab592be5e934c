import assert from "node:assert/strict";
import { type LineRow, recallLines } from "./recall_lines.ts";
import { assertSnapshot, parsed, textsOf, withoutFont } from "./testing.ts";
import { methodStyle } from "./theme.ts";

const recall = (method: string, value: number) => ({
  method,
  cover: method,
  metric: "recall@1",
  value,
  low: value - 0.04,
  high: value + 0.03,
});
type Row = LineRow & { patches: number };
const rows: Row[] = ["CLEVR-DS-S", "CLEVR-DS"].flatMap((panel, p) =>
  [2, 3, 5].flatMap((k, i): Row[] => {
    const patches = [5, 14, 39][i], value = 0.4 + 0.15 * i - 0.1 * p;
    return [
      { ...recall(`cc@${k}`, value), patches, series: "cc@k", panel, point: `k${k}` },
      { ...recall("DetailCLIP", value - 0.05), patches, series: "DetailCLIP", panel },
      ...(i === 2 ? [{ ...recall("grid@5", 0.6), patches: 26, series: "grid@5", panel }] : []),
    ];
  })
);
const full = { ...recall("full image", 0.2), panel: "CLEVR-DS" };
const axis = { label: "patches an image", type: "log" } as const;
const draw = (width = 760) =>
  recallLines(rows, ({ patches }) => patches, axis, { references: [full], width });

Deno.test("recall_lines looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  await assertSnapshot("recall_lines", draw());
});

Deno.test("each row has a marker, each line and reference its name, each axis its numbers", () => {
  const figure = draw();
  const dots = parsed(figure).querySelectorAll(
    'svg > g:not([font-size="12"]) [aria-label="dot"] path',
  );
  assert.ok(dots.length >= rows.length, `${dots.length}`);
  const texts = textsOf(figure);
  for (const text of ["cc@k", "DetailCLIP", "grid@5", "full image", "5", "10", "20", "k2", "k5"]) {
    assert.ok(texts.includes(text), text);
  }
  assert.ok(texts.includes("↑ Recall@1, %") && texts.includes("patches an image →"));
  assert.ok(texts.indexOf("CLEVR-DS-S") < texts.indexOf("CLEVR-DS")); // as rows have them
  assert.ok(figure.svg.includes(methodStyle("DetailCLIP").color));
  assert.match(figure.alt, /CLEVR-DS-S; cc@k: 40.0 % at 5 to 70.0 % at 39/);
  assert.equal(draw().svg, figure.svg); // a pure function of its rows
});

Deno.test("on a narrow card panels stand below each other", () => {
  assert.ok(draw(390).height > draw().height + 150);
});

Deno.test("axes hold all bands, whatever the values", () => {
  for (const value of [0, 0.004, 0.5, 0.985, 1]) {
    const row = { ...recall("cc@5", value), low: Math.max(0, value - 0.01), high: value };
    const figure = recallLines([{ ...row, series: "cc@k" }], () => 39, axis);
    assert.doesNotMatch(withoutFont(figure), /NaN|Infinity/);
    const ticks = textsOf(figure).map(Number).filter((tick) => !Number.isNaN(tick) && tick !== 39);
    assert.ok(Math.min(...ticks) <= 100 * value && Math.max(...ticks) >= 100 * value, `${value}`);
  }
});

Deno.test("nothing, two rows in one place, two metrics, and numbers that are none are refused", () => {
  const lines = (rows: readonly Row[]) => recallLines(rows, ({ patches }) => patches, axis);
  assert.throws(() => lines([]), /Cannot draw lines of recall: there are no rows/);
  assert.throws(() => lines([...rows, rows[0]]), /two rows are for CLEVR-DS-S cc@k at 5/);
  assert.throws(
    () => lines([...rows, { ...rows[0], metric: "recall@3", patches: 6 }]),
    /rows are of recall@1 and recall@3/,
  );
  for (const patches of [0, -1, NaN, Infinity]) {
    assert.throws(() => lines([{ ...rows[0], patches }]), /Cannot draw lines of recall: cc@2 has/);
  }
});
