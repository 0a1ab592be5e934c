import assert from "node:assert/strict";
import { completeCover } from "../covers/mod.ts";
import { decodeImage } from "../images/mod.ts";
import type { RecallRow } from "../retrieval/mod.ts";
import { coverFigure } from "./cover_figure.ts";
import { type Figure, PADDING, type Picture, pictureOf, saveFigure } from "./figure.ts";
import { galleryFigure } from "./gallery.ts";
import { recallBars } from "./recall_bars.ts";
import { textWidth } from "./svg.ts";
import { methodStyle } from "./theme.ts";
import { assertSnapshot, parsed, withoutFont } from "./testing.ts";
import { lossCurve } from "./training.ts";

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
const figures: Record<string, () => Figure> = {
  recall_bars: () => recallBars(bars.map((row) => ({ ...row, chance: 0.1, paper: 0.3 }))),
  loss_curve: () =>
    lossCurve(
      ["DetailCLIP", "DetailCLIP+"].flatMap((method, m) =>
        [1, 2, 3].map((epoch) => ({ method, epoch, loss: (m + 1) / epoch, recall: 0.2 * epoch }))
      ),
    ),
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

for (const [name, draw] of Object.entries(figures)) {
  Deno.test(`${name} looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)`, async () => {
    await assertSnapshot(name, draw());
  });

  Deno.test(`${name} is a whole document with finite numbers, a size and words for it`, () => {
    const figure = draw();
    assert.match(
      figure.svg,
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+"/,
    );
    assert.doesNotMatch(withoutFont(figure), /NaN|undefined|Infinity|var\(/);
    assert.doesNotMatch(withoutFont(figure), /class=/); // nothing leaks into the page around it
    assert.match(figure.svg, /<style>(@font-face\{[^{}]*\}){2}<\/style>/);
    const svg = parsed(figure).querySelector("svg")!;
    assert.equal(svg.getAttribute("aria-label"), figure.alt);
    assert.ok(figure.alt.length > 20);
    assert.equal(Number(svg.getAttribute("width")), figure.width);
    assert.equal(draw().svg, figure.svg); // a pure function of its rows
  });
}

Deno.test("a figure shows itself in a notebook", () => {
  const figure = figures.loss_curve();
  const display = (figure as unknown as Record<symbol, () => Record<string, string>>)[
    Symbol.for("Jupyter.display")
  ].call(figure);
  assert.deepEqual(display, { "image/svg+xml": figure.svg, "text/plain": figure.alt });
});

Deno.test("methods keep their colour in every figure", () => {
  for (const name of ["recall_bars"]) {
    const { svg } = figures[name]();
    for (const method of ["full image", "cc@10"]) {
      assert.ok(svg.includes(methodStyle(method).color), `${method} in ${name}`);
      assert.ok(svg.includes(methodStyle(method).ink), `label of ${method} in ${name}`);
    }
  }
});

Deno.test("bars are as long as their values, with whiskers from low to high", () => {
  const bar = (value: number) => {
    const row = { ...recallRow("cc@10", "recall@1", value), low: 0, high: 1 };
    const drawn = parsed(recallBars([row])).querySelector('[aria-label="bar"] rect')!;
    return Number(drawn.getAttribute("width"));
  };
  const [zero, half, full] = [0.001, 0.5, 1].map(bar);
  assert.ok(Math.abs((full - zero) / (half - zero) - 2) < 0.05, `${zero} ${half} ${full}`);
});

Deno.test("the cover figure has one panel a level and every window in it", () => {
  const cover = completeCover(200, 100, 3);
  const document = parsed(coverFigure(picture, cover, { name: "cc@3" }));
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
    const image = parsed(coverFigure(picture, cover)).querySelector("image")!;
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
  const texts = [...parsed(figure).querySelectorAll("text")].map((text) => text.textContent);
  assert.ok(texts.includes("1 of 3 right") && texts.includes("2 of 3 right"));
  assert.ok(figure.svg.includes("fork &amp; knife"));
  const ticks = figure.svg.split('d="M5,9.5L8,12.5L13,6"').length - 1;
  const crosses = figure.svg.split('d="M6,6L12,12M12,6L6,12"').length - 1;
  assert.deepEqual([ticks, crosses], [3, 3]);
  assert.equal(figure.svg.split("#ffd21f").length - 1, 3); // boxes of cc@10 only
});

Deno.test("figures refuse to be drawn from nothing", () => {
  assert.throws(() => recallBars([]), /Cannot draw recall bars: there are no rows/);
  assert.throws(() => galleryFigure([]), /no results/);
});

Deno.test("figures refuse two rows for one place: rows of several runs are not one figure", () => {
  assert.throws(
    () => recallBars([...bars, bars[0]]),
    /Cannot draw recall bars: two rows are for full image, recall@1/,
  );
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

Deno.test("saveFigure writes the SVG, and a PNG only when it is told to, in the font of figures", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const figure = figures.recall_bars(), path = `${directory}/deep/bars`;
    assert.equal(await saveFigure(figure, `${path}.svg`), figure); // so that a cell ends with it
    assert.equal(await Deno.readTextFile(`${path}.svg`), figure.svg);
    await assert.rejects(Deno.stat(`${path}.png`), Deno.errors.NotFound);
    await saveFigure(figure, path, { png: true });
    const image = await decodeImage(`${path}.png`);
    assert.deepEqual([image.width, image.height], [2 * figure.width, 2 * figure.height]);
    let right = 0, dark = 0; // of the title's letters: how far they reach, in px, and how many
    for (let y = 2 * PADDING; y < 2 * PADDING + 36; y++) {
      for (let x = 2 * PADDING; x < 2 * PADDING + 400; x++) {
        if (image.data[(y * image.width + x) * 3] >= 90) continue;
        right = Math.max(right, x);
        dark++;
      }
    }
    assert.ok(dark > 800 && dark < 6000, `${dark} dark pixels`);
    const width = (right + 1) / 2 - PADDING, told = textWidth("Recall by method", 16, 600);
    assert.ok(Math.abs(width - told) < 4, `${width} px wide, not ${told}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a figure that has not changed is not written anew", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await saveFigure(figures.recall_bars(), `${directory}/bars`);
    const { ino, mtime } = await Deno.stat(`${directory}/bars.svg`);
    await saveFigure(figures.recall_bars(), `${directory}/bars`);
    const again = await Deno.stat(`${directory}/bars.svg`);
    assert.deepEqual([again.ino, again.mtime], [ino, mtime]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
