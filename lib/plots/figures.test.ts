import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { completeCover } from "../covers/mod.ts";
import { decodeImage } from "../images/mod.ts";
import type { RecallRow, SizeRow } from "../retrieval/mod.ts";
import { coverFigure } from "./cover_figure.ts";
import { coverageFigure } from "./coverage_figure.ts";
import { type Figure, PADDING, type Picture, pictureOf, saveFigure } from "./figure.ts";
import { galleryFigure } from "./gallery.ts";
import { patchCountFigure } from "./patch_counts.ts";
import { recallBars } from "./recall_bars.ts";
import { recallBySize } from "./recall_by_size.ts";
import { methodStyle } from "./theme.ts";
import { lossCurve, recallAgainstVectors } from "./training.ts";

/** A white pixel. */
const picture: Picture = {
  href: "data:image/gif;base64,R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=",
  width: 200,
  height: 100,
};

function recallRow(method: string, metric: string, value: number, k?: number): RecallRow {
  return { method, cover: method, k, metric, value, low: value - 0.05, high: value + 0.03 };
}

const bars = ["full image", "cc@10", "Patch-obj"].flatMap((method, m) =>
  [1, 3].map((k, i) => recallRow(method, `recall@${k}`, 0.2 + 0.3 * m + 0.1 * i))
);
const bySize: SizeRow[] = ["full image", "cc@5", "cc@10"].flatMap((method, m) =>
  ["< 5 %", "≥ 5 %"].map((bin, b) => ({
    ...recallRow(method, "recall@1", 0.1 + 0.25 * m + 0.2 * b),
    bin,
  }))
);
const figures: Record<string, () => Figure> = {
  recall_bars: () => recallBars(bars.map((row) => ({ ...row, chance: 0.1, paper: 0.3 }))),
  recall_by_size: () => recallBySize(bySize),
  patch_count: () =>
    patchCountFigure([1, 2, 3, 4].map((k, i) => ({ cover: "cc", k, patches: [1, 5, 14, 30][i] }))),
  coverage: () =>
    coverageFigure([0.01, 0.02, 0.5, 1].flatMap((side, i) => [
      { cover: "cc@10", side, coverage: [0, 0.6, 1, 1][i], patches: 166 },
      { cover: "verified", side, coverage: [0, 1, 1, 1][i], patches: 46 },
    ])),
  loss_curve: () =>
    lossCurve(
      ["DetailCLIP", "DetailCLIP+"].flatMap((method, m) =>
        [1, 2, 3].map((epoch) => ({ method, epoch, loss: (m + 1) / epoch, recall: 0.2 * epoch }))
      ),
    ),
  recall_against_vectors: () =>
    recallAgainstVectors(["seen words", "unseen words"].flatMap((subset, s) => [
      ...[1, 4, 8].flatMap((vectors, i) =>
        [
          { ...recallRow(`k-means ${vectors}`, "recall@1", 0.3 + 0.1 * i), family: "k-means" },
          {
            ...recallRow(`DetailCLIP+ ${vectors}`, "recall@1", 0.4 + 0.1 * i),
            family: "DetailCLIP+",
          },
        ].map((row) => ({ ...row, vectors, subset }))
      ),
      { ...recallRow("cc@10", "recall@1", 0.8 + 0.1 * s), vectors: 166, subset },
    ])),
  cover: () => coverFigure(picture, completeCover(200, 100, 3), { name: "cc@3" }),
  gallery: () =>
    galleryFigure(["full image", "cc@10"].map((method, m) => ({
      query: "fork & knife",
      method,
      results: [0, 1, 2].map((i) => ({
        picture,
        relevant: i <= m,
        ...(m && { box: { left: 20 + 60 * i, top: 10, width: 20, height: 20 } }),
      })),
    }))),
};

function parse(figure: Figure) {
  return parseHTML(`<html><body>${figure.svg}</body></html>`).document;
}

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

  Deno.test(`${name} is a whole document with finite numbers, a size and words for it`, () => {
    const figure = draw();
    assert.match(
      figure.svg,
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+"/,
    );
    assert.doesNotMatch(figure.svg, /NaN|undefined|Infinity|var\(/);
    assert.doesNotMatch(figure.svg, /<style|class=/); // nothing leaks into the page around it
    const svg = parse(figure).querySelector("svg")!;
    assert.equal(svg.getAttribute("aria-label"), figure.alt);
    assert.ok(figure.alt.length > 20);
    assert.equal(Number(svg.getAttribute("width")), figure.width);
    assert.equal(draw().svg, figure.svg); // a pure function of its rows
  });
}

Deno.test("a figure shows itself in a notebook", () => {
  const figure = figures.patch_count();
  const display = (figure as unknown as Record<symbol, () => Record<string, string>>)[
    Symbol.for("Jupyter.display")
  ].call(figure);
  assert.deepEqual(display, { "image/svg+xml": figure.svg, "text/plain": figure.alt });
});

Deno.test("methods keep their colour in every figure", () => {
  for (const name of ["recall_bars", "recall_by_size"]) {
    const { svg } = figures[name]();
    for (const method of ["full image", "cc@10"]) {
      assert.ok(svg.includes(methodStyle(method).color), `${method} in ${name}`);
      assert.ok(svg.includes(methodStyle(method).ink), `label of ${method} in ${name}`);
    }
  }
});

Deno.test("bars are as long as their values, with whiskers from low to high", () => {
  const bar = (value: number) => {
    const { svg } = recallBars([{ ...recallRow("cc@10", "recall@1", value), low: 0, high: 1 }]);
    return Number(svg.match(/aria-label="bar".*?H(\d+\.?\d*)/)?.[1]);
  };
  const [zero, half, full] = [0.001, 0.5, 1].map(bar);
  assert.ok(Math.abs((full - zero) / (half - zero) - 2) < 0.05, `${zero} ${half} ${full}`);
});

Deno.test("the coverage figure tells from which size on nothing is missed", () => {
  const { alt } = figures.coverage();
  assert.match(alt, /cc@10 from 50 % on; verified from 2 % on/);
  const never = coverageFigure([{ cover: "grid@10", side: 0.1, coverage: 0.5 }, {
    cover: "grid@10",
    side: 0.2,
    coverage: 0.99,
  }]);
  assert.match(never.alt, /grid@10 at no side/);
});

Deno.test("the cover figure has one panel a level and every window in it", () => {
  const cover = completeCover(200, 100, 3);
  const document = parse(coverFigure(picture, cover, { name: "cc@3" }));
  assert.equal(document.querySelectorAll("use").length, cover.levels.length);
  assert.equal(document.querySelectorAll("image").length, 1); // embedded once
  const outlines = [...document.querySelectorAll('path[stroke="#ffffff"]')]
    .map((path) => path.getAttribute("d")!.split("M").length - 1);
  assert.deepEqual(outlines, cover.levels.map((boxes) => boxes.length));
});

Deno.test("padding leaves the image its size, stretching fills the cover", () => {
  const width = (fit: "pad" | "stretch") => {
    const cover = {
      width: 400,
      height: 100,
      fit,
      levels: [[{ left: 0, top: 0, width: 400, height: 100 }]],
    };
    const image = parse(coverFigure(picture, cover)).querySelector("image")!;
    return Number(image.getAttribute("width"));
  };
  assert.equal(width("pad"), (760 - 2 * PADDING) / 2); // 200 of 400 px
  assert.equal(width("stretch"), 760 - 2 * PADDING);
});

Deno.test("annotated objects are dashed and explained, only where they are drawn", () => {
  const picture = { href: "data:,", width: 100, height: 100 };
  const box = { left: 40, top: 40, width: 2, height: 2 };
  const draw = (results: object) =>
    galleryFigure([{
      query: "cat",
      method: "full image",
      results: [{ picture, relevant: true, ...results }],
    }]).svg;
  assert.match(draw({ objects: [box] }), /stroke-dasharray="4 2.5"/);
  assert.match(draw({ objects: [box] }), /Dashed white/);
  assert.doesNotMatch(draw({ objects: [] }), /dasharray|Dashed|Yellow/);
  assert.match(draw({ box }), /Yellow/);
});

Deno.test("the gallery tells right from wrong without colour, and escapes names", () => {
  const figure = figures.gallery();
  const texts = [...parse(figure).querySelectorAll("text")].map((text) => text.textContent);
  assert.ok(texts.includes("1 of 3 right") && texts.includes("2 of 3 right"));
  assert.ok(figure.svg.includes("fork &amp; knife"));
  const ticks = figure.svg.split('d="M5,9.5L8,12.5L13,6"').length - 1;
  const crosses = figure.svg.split('d="M6,6L12,12M12,6L6,12"').length - 1;
  assert.deepEqual([ticks, crosses], [3, 3]);
  assert.equal(figure.svg.split("#ffd21f").length - 1, 3); // boxes of cc@10 only
});

Deno.test("figures refuse to be drawn from nothing", () => {
  assert.throws(() => recallBars([]), /Cannot draw recall bars: there are no rows/);
  assert.throws(() => recallBySize([]), /no rows/);
  assert.throws(() => patchCountFigure([]), /no rows/);
  assert.throws(() => coverageFigure([]), /no rows/);
  assert.throws(() => galleryFigure([]), /no results/);
});

Deno.test("figures refuse two rows for one place: rows of several runs are not one figure", () => {
  assert.throws(
    () => recallBars([...bars, bars[0]]),
    /Cannot draw recall bars: two rows are for full image, recall@1/,
  );
  assert.throws(() => recallBySize([...bySize, bySize[0]]), /full image, recall@1, < 5 %/);
  const row = { cover: "cc@2", k: 2, side: 0.5, coverage: 1, patches: 5 };
  assert.throws(() => patchCountFigure([row, row]), /two rows are for cc@2 at k = 2/);
  assert.throws(() => coverageFigure([row, row]), /two rows are for cc@2 at 0.5/);
});

Deno.test("pictureOf shrinks, keeps the image's size for its boxes, and keeps its colours", async () => {
  const data = new Uint8Array(60 * 30 * 3).map((_, i) => [200, 100, 40][i % 3]);
  const made = await pictureOf({ width: 60, height: 30, data }, { maxSide: 20 });
  assert.deepEqual([made.width, made.height], [60, 30]);
  const bytes = Uint8Array.fromBase64(made.href.replace("data:image/jpeg;base64,", ""));
  const small = await decodeImage(bytes);
  assert.deepEqual([small.width, small.height], [20, 10]);
  [200, 100, 40].forEach((value, c) => assert.ok(Math.abs(small.data[300 + c] - value) < 6));
});

Deno.test("saveFigure writes the SVG and a PNG of twice its size in which text shows", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const figure = figures.recall_bars();
    const paths = await saveFigure(figure, `${directory}/deep/bars.png`);
    assert.equal(await Deno.readTextFile(paths.svg), figure.svg);
    const image = await decodeImage(paths.png);
    assert.deepEqual([image.width, image.height], [2 * figure.width, 2 * figure.height]);
    let dark = 0; // pixels of the title's letters
    for (let y = 2 * PADDING; y < 2 * PADDING + 36; y++) {
      for (let x = 2 * PADDING; x < 2 * PADDING + 260; x++) {
        if (image.data[(y * image.width + x) * 3] < 90) dark++;
      }
    }
    assert.ok(dark > 800 && dark < 6000, `${dark} dark pixels`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("saveFigure leaves the PNG of a figure that has not changed alone: fonts differ by machine", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const { svg, png } = await saveFigure(figures.recall_bars(), `${directory}/bars`);
    await Deno.writeTextFile(png, "with other fonts");
    await saveFigure(figures.recall_bars(), svg);
    assert.equal(await Deno.readTextFile(png), "with other fonts");
    await Deno.writeTextFile(svg, "another figure");
    await saveFigure(figures.recall_bars(), svg);
    assert.notEqual(await Deno.readTextFile(png), "with other fonts");
    await Deno.remove(png);
    await saveFigure(figures.recall_bars(), svg);
    assert.ok((await Deno.stat(png)).size > 1000);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
