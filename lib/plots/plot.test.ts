import assert from "node:assert/strict";
import * as Plot from "@observablehq/plot";
import { plot, plots } from "./plot.ts";
import { parsed, textsOf, withoutFont } from "./testing.ts";
import { methodScales, methodStyle, THEME } from "./theme.ts";

const rows = ["CLEVR-DS", "a data set with a name that is too long for its panel"].flatMap((
  panel,
) =>
  ["full image", "cc@10"].flatMap((method, m) =>
    [1, 5, 50].map((x, i) => ({ panel, method, x, y: 0.2 + 0.1 * i + 0.2 * m }))
  )
);
const marks = (facet: object = {}) => ({
  ...methodScales(rows.map(({ method }) => method)),
  y: { percent: true, grid: true, label: "Recall@1, %" },
  marks: [Plot.dot(rows, { x: "x", y: "y", fill: "method", symbol: "method", ...facet })],
});

Deno.test("a plot stands on a card with its title, its key and words for it", () => {
  const figure = plot({
    title: "A plot",
    note: "a note",
    key: ["full image", "cc@10"],
    ...marks(),
  });
  const { alt, width } = figure, svg = withoutFont(figure);
  assert.equal(width, 760);
  assert.equal(alt, "A plot. Recall@1, %");
  for (const text of ["A plot", "a note", "full image", "cc@10"]) {
    assert.ok(svg.includes(`>${text}</text>`), text);
  }
  assert.ok(svg.includes(methodStyle("cc@10").color) && svg.includes(methodStyle("cc@10").ink));
  const grid = parsed(figure).querySelector('[aria-label="y-grid"]')!;
  assert.equal(grid.getAttribute("stroke"), THEME.line);
});

Deno.test("facets are named, each name broken to the width of its panel", () => {
  const drawn = plot({ title: "Facets", ...marks({ fx: "panel" }), width: 390 });
  assert.ok(textsOf(drawn).includes("CLEVR-DS"));
  assert.ok(withoutFont(drawn).includes("a data set with a"), "broken");
  assert.ok(!withoutFont(drawn).includes("a data set with a name that is too long"));
  assert.ok(textsOf(plot({ title: "Facets", ...marks({ fy: "panel" }) })).includes("CLEVR-DS"));
});

Deno.test("a log axis has all the numbers that it is told, 5 and 50 too", () => {
  const how = marks();
  const texts = textsOf(plot({
    title: "Log",
    ...how,
    x: { type: "log", ticks: [1, 2, 5, 10, 50], tickFormat: String, label: "patches" },
  }));
  for (const text of ["1", "2", "5", "10", "50", "patches →"]) {
    assert.ok(texts.includes(text), text);
  }
});

Deno.test("several plots stand side by side, on a narrow card below each other", () => {
  const [wide, narrow] = [760, 390].map((width) =>
    plots({ title: "Two", columns: 2, width }, [marks(), marks()])
  );
  assert.ok(narrow.height > wide.height + 200);
});
