import assert from "node:assert/strict";
import { join } from "node:path";
import { configure, coverName } from "detailclip";
import {
  checkCovers,
  checkNames,
  checkWhole,
  checkWholes,
  configWith,
  datasetToLearnFrom,
  type Knobs,
  ownDataset,
  wordsOn,
} from "./knobs.ts";
import { mainResult, mainResultOn } from "./main_result.ts";
import { onFew } from "./objects_and_classes.ts";
import { patchCount } from "./patch_count.ts";

Deno.test("numbers outside of the range, and what is no number, are refused", () => {
  assert.equal(checkWhole("k", 15, [2, 15]), 15);
  for (const bad of [1, 16, 2.5, NaN, "5" as unknown as number]) {
    assert.throws(() => checkWhole("k", bad, [2, 15]), /Cannot set k: .* from 2 to 15, got /);
  }
});

Deno.test("lists are sorted; empty ones and doubles are refused", () => {
  assert.deepEqual(checkWholes("ks", [10, 5], [2, 15]), [5, 10]);
  assert.throws(() => checkWholes("ks", [], [2, 15]), /Cannot set ks: .* at least one, got \[\]/);
  assert.throws(() => checkWholes("ks", [5, 5], [2, 15]), /it has a value twice, got \[5,5\]/);
  assert.throws(() => checkWholes("ks", [5, 99], [2, 15]), /each of ks: .*, got 99/);
  assert.throws(() => checkWholes("ks", 5 as unknown as number[], [2, 15]), /at least one, got 5/);
});

Deno.test("unknown names are refused with the known ones", () => {
  assert.deepEqual(checkNames("sets", ["b"], ["a", "b"]), ["b"]);
  assert.throws(() => checkNames("sets", ["c"], ["a", "b"]), /must be one of a, b, got "c"/);
  assert.throws(
    () => checkNames("query", ["bearr"], ["bear", "key"]),
    /"bearr"; did you mean bear\?/,
  );
});

Deno.test("common knobs change what they name, and nothing else", () => {
  const own = configure(mainResult, "quick");
  assert.deepEqual(configWith(own, {}), own);
  const turned = configWith(own, { seed: 3, encoder: "/e", images: 50, epochs: 2 });
  assert.deepEqual([turned.seed, turned.encoder.id], [3, "/e"]);
  const encoderOf = (encoder: Knobs["encoder"]) => configWith(own, { encoder }).encoder;
  assert.deepEqual(encoderOf({ dtype: "q8" }), { ...own.encoder, dtype: "q8" });
  assert.deepEqual(encoderOf({ id: "a/b", dtype: "fp16", device: "webgpu" }), {
    ...{ id: "a/b", dtype: "fp16", device: "webgpu" },
  });
  assert.throws(() => encoderOf(7 as unknown as string), /encoder/);
  assert.deepEqual(turned.dataset, { ...own.dataset, images: 50 });
  const epochs = turned.fusion!.map(({ fuser }) => fuser.kind === "trained" && fuser.train.epochs);
  assert.deepEqual(epochs, [2, 2, 2, false, false]); // closed form and ceiling have none
  const other = configWith(own, { dataset: "CLEVR-DS-S" }).dataset;
  assert.deepEqual(other, { ...own.dataset, variant: "S" });
  const limited = configure(onFew, "quick"); // searches and learns from few of its images
  assert.deepEqual(configWith(limited, { seed: 3 }).learn, limited.learn);
  const { learn, dataset } = configWith(limited, { images: 100 });
  assert.deepEqual([learn, dataset.limit], [undefined, undefined]);
});

Deno.test("a data set of one's own is found by a folder or a file, with images to learn from or without", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = (name: string) => join(folder, name);
    await assert.rejects(
      async () => await ownDataset("dataset", folder),
      /holds neither annotations .* nor images/,
    );
    await Deno.writeTextFile(file("instances.json"), "{}");
    const first = { source: "coco", annotations: file("instances.json"), root: folder };
    assert.deepEqual(ownDataset("dataset", folder), first);
    await Deno.mkdir(file("images"));
    await Deno.writeTextFile(file("test.json"), "{}");
    const searched = { source: "coco", annotations: file("test.json"), root: file("images") };
    assert.deepEqual(ownDataset("dataset", folder), searched);
    const own = configure(mainResult, "quick");
    const without = configWith(own, { dataset: folder, images: 9 });
    assert.deepEqual(without.dataset, { ...searched, limit: 9 });
    assert.deepEqual(without.fusion!.map(({ method }) => method), [
      ...["closed form", "ceiling of the loss"],
    ]);
    const [halves] = patchCount("quick", { dataset: folder }); // which is nothing without training
    assert.deepEqual(halves.config.dataset, ownDataset("dataset", `half:${folder}`));
    assert.equal(halves.config.fusion!.length, patchCount("quick")[0].config.fusion!.length);
    for (const split of ["train.json", "val.json"]) await Deno.writeTextFile(file(split), "{}");
    assert.equal(ownDataset("dataset", folder).train?.annotations, file("train.json"));
    assert.equal(configWith(own, { dataset: folder }).fusion!.length, own.fusion!.length);
    await Deno.writeTextFile(file("more.json"), "{}");
    assert.equal(ownDataset("dataset", file("more.json")).annotations, file("more.json"));
    await Deno.remove(file("test.json"));
    assert.throws(
      () => ownDataset("dataset", folder),
      /holds instances\.json, more\.json, .*call it test\.json/,
    );
    await Deno.mkdir(file("annotations")); // COCO's own layout
    await Deno.mkdir(file("val2017"));
    await Deno.writeTextFile(file("annotations/instances_val2017.json"), "{}");
    assert.equal(
      ownDataset("dataset", file("annotations/instances_val2017.json")).root,
      file("val2017"),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a series is searched on one of its data sets, or on another in their place", () => {
  const labels = (dataset?: string) => mainResultOn("quick", { dataset }).map(({ label }) => label);
  assert.deepEqual(labels(), ["CLEVR-DS", "CLEVR-DS-S", "CLEVR-DS-L"]);
  assert.deepEqual(labels("CLEVR-DS-L"), ["CLEVR-DS-L"]);
  assert.deepEqual(labels("CLEVR-DS, reduced"), ["CLEVR-DS, reduced"]);
  assert.throws(() => labels("photos"), /or the absolute path of a data set/);
});

Deno.test("covers are named, with the full image first", () => {
  const names = checkCovers("covers", ["cc@3", "vc@4:0.05", "full"]).map(coverName);
  assert.deepEqual(names, ["full", "cc@3", "vc@4"]);
  assert.throws(
    () => checkCovers("covers", ["grid@99"]),
    /k of grid@99 in covers: .* to 15, got 99/,
  );
});

Deno.test("what is nothing without training learns from half of a data set that has nothing to learn from", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "own.json"), "{}");
    assert.equal(datasetToLearnFrom(folder), `half:${folder}`);
    assert.equal(datasetToLearnFrom(`half:${folder}`), `half:${folder}`);
    for (const name of [undefined, "CLEVR-DS", "clevr-ds-S:400"]) {
      assert.equal(datasetToLearnFrom(name), name);
    }
    for (const split of ["test", "train", "val"]) {
      await Deno.writeTextFile(join(folder, `${split}.json`), "{}");
    }
    assert.equal(datasetToLearnFrom(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("words of the experiment's own data set give way to the commonest of another", () => {
  const box = { left: 0, top: 0, width: 1, height: 1 };
  const image = (id: string, ...shown: number[]) => ({
    ...{ id, path: id },
    objects: shown.map((category) => ({ category, box })),
  });
  const dataset = {
    categories: ["person", "bear", "dog", "yak"],
    images: [image("a", 2, 2), image("b", 2, 0), image("c", 1)],
  };
  const own = ["bear", "key", "yak"]; // of a yak there is no image
  assert.deepEqual(wordsOn("queries", own, own, dataset), ["bear", "dog", "person"]);
  assert.deepEqual(wordsOn("queries", ["yak"], own, dataset), ["yak"]); // as told
  assert.throws(() => wordsOn("queries", ["key"], own, dataset), /Cannot set queries: .*got "key"/);
  assert.deepEqual(wordsOn("query", ["bear"], ["bear"], dataset), ["bear"]);
});
