import assert from "node:assert/strict";
import { join } from "node:path";
import { loadCoco, type LoadCocoOptions } from "./coco.ts";
import { openAnnotations } from "./coco_file.ts";
import type { Dataset } from "./dataset.ts";

/** Loads a text as annotations of two images. */
async function load(text: string | Uint8Array, options?: LoadCocoOptions): Promise<Dataset> {
  const directory = await Deno.makeTempDir();
  try {
    for (const name of ["a.jpg", "b.jpg"]) await Deno.writeTextFile(join(directory, name), "bytes");
    const path = join(directory, "i.json");
    await Deno.writeFile(path, typeof text === "string" ? new TextEncoder().encode(text) : text);
    return await loadCoco(path, directory, options);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const IMAGES = `"images":[{"id":9007199254740992,"file_name":"a.jpg","width":100,"height":50},
  {"id":9007199254740993,"file_name":"b.jpg","width":100,"height":50}]`;
const CATEGORIES = `"categories":[{"id":1,"name":"boat"}]`;
const one = (image: string, more = "") =>
  `{"id":1,"image_id":${image},"category_id":1,"bbox":[1,2,3,4]${more}}`;

Deno.test("a file of several pieces is read whole, whatever comes first, ids and NaN as in a small one", async () => {
  const polygon = `,"segmentation":[[${Array(2000).fill("1.25").join(",")}]],"area":NaN`;
  const annotations = Array.from(
    { length: 400 },
    (_, n) => one(n % 4 ? "9007199254740993" : "9007199254740992", polygon),
  ).join(",\n");
  const text = `{"annotations":[${annotations}],"info":{"recipe":{}},${IMAGES},${CATEGORIES}}`;
  assert.ok(text.length > 3 * 2 ** 20);
  const told: [number, number][] = [];
  const dataset = await load(text, { onProgress: (done, total) => told.push([done, total]) });
  assert.deepEqual(dataset.images.map(({ objects }) => objects.length), [100, 300]);
  assert.equal(dataset.drawn, true);
  assert.ok(told.length >= 8 && told.every(([done], i) => i === 0 || done > told[i - 1][0]));
  assert.deepEqual(told.at(-1), [2 * text.length, 2 * text.length]);
  // what is wrong late in the file is named with its place in the list
  const wrong = text.replace(/\](?=,"info)/, ",7]");
  await assert.rejects(load(wrong), /i\.json: annotations\[400\] is not an object/);
  await assert.rejects(load(text.slice(0, -10)), /i\.json: it is not JSON \(Unexpected end/);
});

Deno.test("an abort while annotations are read ends the reading with its reason", async () => {
  const many = Array(20_000).fill(one("1", `,"segmentation":[[1,2,3,4,5,6,7,8,9,10]]`)).join();
  const controller = new AbortController();
  const onProgress = (done: number, total: number) =>
    done > 0.6 * total && controller.abort(new Error("enough"));
  await assert.rejects(
    load(`{${IMAGES},${CATEGORIES},"annotations":[${many}]}`, {
      signal: controller.signal,
      onProgress,
    }),
    /^Error: enough$/,
  );
});

Deno.test("a file that ends before its annotations when it is read again is an error, not a set without", async () => {
  const directory = await Deno.makeTempDir(), path = join(directory, "i.json");
  try {
    await Deno.writeTextFile(path, `{${IMAGES},${CATEGORIES},"annotations":[${one("1")}]}`);
    const signal = new AbortController().signal;
    const lists = await openAnnotations(path, "Cannot load i.json", { signal });
    assert.equal((await Array.fromAsync(lists.annotations)).length, 1);
    await Deno.writeTextFile(path, "");
    await assert.rejects(
      Array.fromAsync(lists.annotations),
      /^Error: Cannot load i\.json: it is not JSON \(Unexpected end/,
    );
    await assert.rejects(
      openAnnotations(directory, "Cannot load i.json", { signal }),
      /^Error: Cannot load i\.json: /,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("lists that are none, twice there or broken are named", async () => {
  const cases: [text: string, message: RegExp][] = [
    [`{${IMAGES},${CATEGORIES},"annotations":null}`, /it has no list "annotations"/],
    [`{${IMAGES},${CATEGORIES},"annotations":{"0":{}}}`, /it has no list "annotations"/],
    [`{${IMAGES},${IMAGES},${CATEGORIES},"annotations":[]}`, /it has two lists "images"/],
    [`{${IMAGES},${CATEGORIES},"annotations":[{"id":]}`, /it is not JSON \(/],
    [`{${IMAGES},"categories":[{]},"annotations":[]}`, /it is not JSON \(/],
    [`{${IMAGES},${CATEGORIES},"annotations":[[]]}`, /annotations\[0\] is not an object/],
    ["", /it is not JSON \(Unexpected end of JSON input\)/],
    [`["images"]`, /it holds no object with images and annotations/],
  ];
  for (const [text, message] of cases) await assert.rejects(load(text), message, text);
  const utf16 = Uint8Array.from([0xfe, 0xff, 0, 0x7b, 0, 0x7d]);
  await assert.rejects(load(utf16), /i\.json: it is not JSON \(It is UTF-16, not UTF-8\)/);
});
