import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { Figure } from "./figure.ts";
import { searchStrips, type Strip } from "./search_strips.ts";

interface Trial {
  trial: number;
  rate: number;
  clip: number;
  recall?: number;
}

const trials = (count: number): Trial[] =>
  Array.from({ length: count }, (_, i) => ({
    trial: i + 1,
    rate: [0.001, 0.005, 0.01][i % 3],
    clip: [1e-5, 1e-4][i % 2],
    recall: 0.2 + 0.1 * Math.sin(7 * i) + 0.03 * (i % 3),
  }));
const strips: Strip<Trial>[] = [
  { label: "learning rate", values: [0.001, 0.005, 0.01], of: ({ rate }) => rate },
  { label: "largest norm of the gradients", values: [1e-5, 1e-4], of: ({ clip }) => clip },
];

const parse = ({ svg }: Figure) => parseHTML(`<html><body>${svg}</body></html>`).document;
const normalised = (svg: string) =>
  svg.replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";

Deno.test("search strips look as they did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  const path = new URL("./testdata/search_strips.svg.txt", import.meta.url);
  const now = normalised(searchStrips(trials(10), strips).svg);
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
  assert.equal(now, await Deno.readTextFile(path));
});

Deno.test("search strips draw each trial in each panel, inside of it, and mark the best", () => {
  for (const count of [1, 10, 360]) {
    const figure = searchStrips(trials(count), strips);
    assert.doesNotMatch(figure.svg, /NaN|undefined|Infinity/);
    const circles = [...parse(figure).querySelectorAll("circle")];
    assert.equal(circles.length, 2 * (count - 1)); // the best is a star
    for (const circle of circles) {
      const [x, y] = ["cx", "cy"].map((name) => Number(circle.getAttribute(name)));
      assert.ok(x >= 40 && x <= 360 && y >= 30 && y <= 184, `${x}, ${y}`);
    }
  }
});

Deno.test("search strips name every candidate, small ones as powers of ten", () => {
  const texts = [...parse(searchStrips(trials(1), strips)).querySelectorAll("text")]
    .map((text) => text.textContent);
  for (const text of ["0.001", "0.01", "1e-5", "1e-4", "learning rate"]) {
    assert.ok(texts.includes(text), text);
  }
});

Deno.test("search strips count trials that failed, and draw equal recalls", () => {
  const [first, ...rest] = trials(4);
  const figure = searchStrips([{ ...first, recall: undefined }, ...rest], strips);
  assert.match(figure.alt, /4 trials, of which 1 failed/);
  for (const recall of [0, 0.155, 1]) {
    const { svg } = searchStrips(trials(12).map((row) => ({ ...row, recall })), strips);
    assert.doesNotMatch(svg, /NaN|Infinity/);
  }
});

Deno.test("search strips refuse nothing, doubles, other values and recalls that are none", () => {
  const draw = (rows: Trial[], of = strips) => () => searchStrips(rows, of);
  assert.throws(draw([]), /Cannot draw search strips: there are no rows/);
  assert.throws(draw(trials(2), []), /there are no hyper-parameters/);
  assert.throws(draw([trials(1)[0], trials(1)[0]]), /two rows are for trial 1/);
  assert.throws(draw([{ ...trials(1)[0], rate: 2 }]), /learning rate of trial 1 is 2/);
  assert.throws(draw([{ ...trials(1)[0], recall: undefined }]), /all trials failed/);
  for (const recall of [NaN, -0.1, 1.2]) {
    assert.throws(draw([{ ...trials(1)[0], recall }]), /the recall of trial 1 is/);
  }
});
