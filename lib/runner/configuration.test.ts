import assert from "node:assert/strict";
import { jupyterDisplay } from "../runtime/display.ts";
import { showConfiguration } from "./configuration.ts";

const own = {
  ...{ name: "mine", scale: "quick", seed: 7 },
  dataset: { source: "clevr-ds", images: 1500 },
  covers: [{ scheme: "full" }, { scheme: "complete", k: 5 }],
  fusion: [
    { method: "DetailCLIP", cover: { scheme: "complete", k: 5 }, fuser: { train: { epochs: 4 } } },
  ],
};

Deno.test("differences name the setting, the value, and the committed one", () => {
  const changed = {
    ...own,
    dataset: { ...own.dataset, images: 60 },
    covers: [{ scheme: "full" }, { scheme: "grid", n: 3 }],
    fusion: [{ ...own.fusion[0], fuser: { train: { epochs: 9 } } }],
  };
  assert.deepEqual(showConfiguration([changed], [own]).differences, [
    "dataset.images: 60 (committed: 1500)",
    "covers: full, grid@3 (committed: full, cc@5)",
    "fusion.DetailCLIP.fuser.train.epochs: 9 (committed: 4)",
  ]);
});

Deno.test("a method that is there or not is one difference", () => {
  const without = { ...own, fusion: [] };
  assert.deepEqual(showConfiguration([own], [without]).differences, [
    "fusion.DetailCLIP: added (committed: none)",
  ]);
  assert.deepEqual(showConfiguration([without], [own]).differences, [
    "fusion.DetailCLIP: none (committed: there)",
  ]);
});

Deno.test("covers tell all that they promise, and methods their order", () => {
  const at = (minSide: number) => ({ ...own, covers: [{ scheme: "verified", k: 5, minSide }] });
  assert.deepEqual(showConfiguration([at(0.1)], [at(0.05)]).differences, [
    "covers: vc@5 (minSide 0.1) (committed: vc@5 (minSide 0.05))",
  ]);
  const two = [own.fusion[0], { ...own.fusion[0], method: "closed form" }];
  const [both, reversed] = [two, two.toReversed()].map((fusion) => ({ ...own, fusion }));
  assert.deepEqual(showConfiguration([reversed], [both]).differences, [
    "order of fusions: closed form, DetailCLIP (committed: DetailCLIP, closed form)",
  ]);
});

Deno.test("what a series has in common is said once, and who is missing or new", () => {
  const other = { ...own, name: "other" };
  const both = showConfiguration([own, other].map((c) => ({ ...c, seed: 8 })), [own, other]);
  assert.deepEqual(both.differences, ["seed: 8 (committed: 7)"]);
  const fewer = showConfiguration([{ ...own, name: "new" }], [own]);
  assert.deepEqual(fewer.differences, ["new: is none of the committed ones", "mine: is not run"]);
});

Deno.test("a notebook sees the differences and all settings, escaped", () => {
  const odd = { ...own, dataset: { source: "coco", annotations: "/a/<b>&c.json" } };
  const shown = showConfiguration([{ config: odd }], [own])[jupyterDisplay]();
  assert.match(shown["text/html"], /Differs from the committed run/);
  assert.ok(!shown["text/html"].includes("<b>"));
  assert.match(shown["text/plain"], /dataset\.annotations: \/a\/<b>&c\.json/);
  assert.match(showConfiguration([own], [own])[jupyterDisplay]()["text/html"], /As the committed/);
});
