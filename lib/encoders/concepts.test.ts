import assert from "node:assert/strict";
import {
  commonNouns,
  conceptEncoder,
  distantQueries,
  readConcepts,
  vocabularyNotice,
} from "./concepts.ts";
import { VectorError } from "./encoder.ts";
import { loadEncoder } from "./load.ts";

/** An encoder that knows three words, and compares texts by what is written here. */
const SMALL = {
  id: "small",
  concepts: { image: ["cat"], text: ["cat", "dog", "car"], prompt: "a {} or so", far: 0.5 },
  textConcepts: (texts: readonly string[]) =>
    Promise.resolve(Float32Array.from(texts.flatMap((text) => {
      if (text === "a kitten or so") return [0.9, 0.6, 0];
      if (text === "a $& or so") return [0.1, 0.2, 0.49];
      assert.equal(text, "a red or so");
      return [0.1, 0.3, 0.2];
    }))),
};

Deno.test("queries far from every word are found, with the nearest words in order", async () => {
  assert.deepEqual(await distantQueries(SMALL, ["kitten", "red", "$&"], { words: 2 }), [
    { query: "red", nearest: ["dog", "car"] },
    { query: "$&", nearest: ["car", "dog"] }, // no pattern of a replacement
  ]);
  assert.deepEqual(await distantQueries(SMALL, []), []);
});

Deno.test("they are said in one line: some by name, the others counted; nothing where there are none", async () => {
  assert.equal(await vocabularyNotice(SMALL, ["kitten"]), undefined);
  assert.equal(
    await vocabularyNotice(SMALL, ["kitten", "red"]),
    'small knows the names of common things, and no word near "red" (nearest: dog, car, cat): what it finds for it ' +
      "may mean little",
  );
  const said = await vocabularyNotice(SMALL, Array(7).fill("red"));
  assert.match(said!, / and 2 more: what it finds for them may mean little$/);
  assert.equal(said!.match(/nearest/g)!.length, 5);
});

Deno.test("an image whose shares are not finite is named, and has no features", async () => {
  const encoder = Object.assign(await loadEncoder("./lib/encoders/testdata/random-clip"), {
    concepts: { ...SMALL.concepts, image: ["cat", "dog"] },
    imageConcepts: () => Promise.resolve(Float32Array.of(0.25, 0.75, 1, 0, NaN, 1)),
  });
  try {
    const patches = { count: 3, size: 8, data: new Uint8Array(3 * 8 * 8 * 3) };
    await assert.rejects(
      conceptEncoder(encoder).encodeImages(patches),
      (error: VectorError) => error instanceof VectorError && error.row === 2,
    );
  } finally {
    await encoder.dispose();
  }
});

Deno.test("an encoder without concepts says nothing of queries and scores no concepts", async () => {
  const encoder = await loadEncoder("./lib/encoders/testdata/random-clip");
  try {
    assert.equal(encoder.concepts, undefined);
    assert.equal(await vocabularyNotice(encoder, ["red"]), undefined);
    const patches = { count: 0, size: encoder.inputSize, data: new Uint8Array() };
    await assert.rejects(
      encoder.imageConcepts!(patches),
      /Cannot score images: .*random-clip has no concepts/,
    );
    assert.throws(
      () => conceptEncoder(encoder),
      /Cannot score images by concepts: .*random-clip has none/,
    );
    await assert.rejects(encoder.textConcepts!(["red"]), /Cannot compare texts with words: /);
  } finally {
    await encoder.dispose();
  }
});

Deno.test("concepts.json is read where it is, and refused where it is malformed", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.equal(await readConcepts(folder), undefined);
    const write = (content: unknown) =>
      Deno.writeTextFile(`${folder}/concepts.json`, JSON.stringify(content));
    await write(SMALL.concepts);
    assert.deepEqual(await readConcepts(folder), SMALL.concepts);
    await write({ ...SMALL.concepts, far: 2 });
    await assert.rejects(
      readConcepts(folder),
      /Cannot load encoder: concepts\.json\.far must be a cosine, got 2/,
    );
    await write({ ...SMALL.concepts, near: 1 });
    await assert.rejects(readConcepts(folder), /near is not a setting/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the nouns that serve any encoder are words, thousands of them, each once", async () => {
  const nouns = await commonNouns();
  assert.ok(nouns.length > 3000 && new Set(nouns).size === nouns.length);
  for (const word of ["dog", "vehicle", "cup", "fruit"]) assert.ok(nouns.includes(word), word);
});
