import assert from "node:assert/strict";
import { join } from "node:path";
import listed from "../../data/photos/coco-128.json" with { type: "json" };
import { RUNS_DIR } from "../../lib/runtime/cache_dir.ts";
import { withFolder } from "../../lib/features/testing.ts";
import { describePicked, pick, readCall } from "./photos.ts";
import { photographs } from "./photos_run.ts";

Deno.test("the list has 128 names of COCO's files, each once, in their order", () => {
  assert.equal(new Set(listed.images).size, 128);
  assert.ok(listed.images.every((name) => /^\d{12}\.jpg$/.test(name)));
  assert.deepEqual(listed.images, listed.images.toSorted());
});

Deno.test("photos: what is asked for is understood, or refused by name", () => {
  assert.deepEqual(readCall(["pick", "/coco", "--out", "o"]), {
    ...{ action: "pick", copy: ["/coco"], out: "o" },
  });
  assert.deepEqual(readCall(["measure", "/photos", "--keep"]), {
    ...{ action: "measure", dataset: "/photos", encoder: {}, keep: true },
  });
  assert.deepEqual(readCall(["measure"]), {
    ...{
      action: "measure",
      dataset: join(RUNS_DIR, "picked", "coco-128"),
      encoder: {},
      keep: false,
    },
  });
  assert.deepEqual(readCall(["measure", "/photos", "--encoder", "me/clip", "--dtype", "q8"]), {
    ...{ action: "measure", dataset: "/photos", keep: false },
    encoder: { id: "me/clip", dtype: "q8" },
  });
  const wrong: [string[], RegExp][] = [
    [[], /expected pick or measure, got nothing/],
    [["choose", "/coco"], /got choose/],
    [["pick"], /pick wants a folder, or .*; got 0 paths/],
    [["pick", "a", "b", "c"], /got 3 paths/],
    [["pick", "a", "--keep"], /--keep and the encoder are for measure/],
    [["pick", "a", "--encoder", "b"], /the encoder are for measure/],
    [["measure", "a", "--encoder", "b", "--keep"], /--keep is for photo-clip/],
    [["measure", "a", "--out", "b"], /--out and --list are for pick/],
    [["measure", "a", "b"], /one data set, got 2/],
  ];
  for (const [args, message] of wrong) assert.throws(() => readCall(args), message);
});

Deno.test("photos pick: one file of annotations and a folder of images, by a list of one's own", () =>
  withFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    const lists = {
      images: [{ id: 5, file_name: "5.jpg" }, { id: 6, file_name: "6.jpg" }],
      annotations: [{ id: 1, image_id: 5, category_id: 2, bbox: [0, 0, 3, 3], iscrowd: 0 }],
      categories: [{ id: 2, name: "dog" }],
    };
    await Deno.writeTextFile(path("own.json"), JSON.stringify(lists));
    await Deno.mkdir(path("val2017"));
    await Deno.copyFile(
      new URL("../../data/photos/cat.jpg", import.meta.url),
      path("val2017/5.jpg"),
    );
    const call = { action: "pick", copy: [path("own.json"), folder], out: path("out") } as const;
    const write = (list: unknown) => Deno.writeTextFile(path("list.json"), JSON.stringify(list));
    await write({ name: "mine", images: ["5.jpg", "6.jpg", "5.jpg"] });
    const { text, whole } = await pick({ ...call, list: path("list.json") });
    assert.deepEqual(text.split("\n"), [
      "1 of 2 photographs of mine: 1 objects of 1 classes",
      "not picked: 1 that annotations list and no folder has (6.jpg)",
      `as a data set: coco:${path("out/instances.json")}:${path("out/images")}`,
    ]);
    assert.equal(whole, false);
    for (const list of [{}, [], { name: "a", images: ["../5.jpg"] }, { name: "a", images: [] }]) {
      await write(list);
      await assert.rejects(
        pick({ ...call, list: path("list.json") }),
        /Cannot read list .*must be/,
      );
    }
    await assert.rejects(pick({ ...call, list: path("none.json") }), /Cannot read list/);
    await assert.rejects(
      pick({ ...call, out: path("other") }),
      /128 that no annotations list \(000000000009\.jpg, .* 123 more/,
    );
  }));

Deno.test("photos pick: other annotations than those that were measured are told", () => {
  const picked = {
    ...{ annotations: "/o/instances.json", images: "/o/images", photos: 128, crowds: 3 },
    ...{ objects: 929, classes: 71, unlisted: [], missing: [], unreadable: [] },
  };
  assert.equal(describePicked(listed, picked).split("\n").length, 2);
  assert.match(
    describePicked(listed, picked),
    /929 objects of 71 classes; 3 crowds, which are not judged/,
  );
  assert.match(
    describePicked(listed, { ...picked, objects: 930 }),
    /PHOTOS\.md was measured with 929 objects/,
  );
});

Deno.test("photos measure: a data set in COCO's format is measured whole, or refused", () =>
  withFolder(async (folder) => {
    const annotations = join(folder, "own.json");
    await Deno.writeTextFile(annotations, '{"images": [], "annotations": [], "categories": []}');
    assert.equal(photographs(annotations).annotations, annotations);
    assert.throws(() => photographs(`half:${annotations}`), /half:.* is measured anyhow/);
    assert.throws(() => photographs(`val2017:${annotations}`), /cannot be by itself/);
    assert.throws(() => photographs("retail"), /no data set in COCO's format, but retail/);
  }));
