import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { sha256 } from "../runtime/files.ts";
import { noticesOf } from "../runtime/testing.ts";
import type { Encoder } from "./encoder.ts";
import { loadEncoder } from "./load.ts";
import { classPrompts, promptTemplates } from "./prompts.ts";

const RANDOM_CLIP = fileURLToPath(new URL("./testdata/random-clip", import.meta.url));

async function withEncoder(test: (encoder: Encoder) => Promise<void>) {
  const encoder = await loadEncoder(RANDOM_CLIP);
  try {
    await test(encoder);
  } finally {
    await encoder.dispose();
  }
}

Deno.test("the word lists make CLIP's 80 templates", () => {
  const templates = promptTemplates("imagenet");
  assert.equal(templates.length, 80);
  assert.equal(new Set(templates).size, 80);
  for (
    const known of [
      "a bad photo of a {}.",
      "itap of my {}.",
      "a tattoo of the {}.",
      "the {} in a video game.",
      "a photo of many {}.",
      "a photo of the hard to see {}.",
      "a origami {}.",
    ]
  ) assert.ok(templates.includes(known), known);
  // Of the sorted list in CLIP's notebook Prompt_Engineering_for_ImageNet.
  assert.equal(
    sha256([...templates].sort().join("\n")),
    "a8a4822f2921936e2ef07cf2e7a5df69be9532aab2f3f4880156bb03563e2467",
  );
});

Deno.test("a class's vector is the mean direction of its sentences' vectors", async () => {
  await withEncoder(async (encoder) => {
    const templates = ["a photo of a {}.", "the {}, {} again", "{}"];
    const sentences = ["a photo of a boat.", "the boat, boat again", "boat"];
    const vectors = await encoder.encodeTexts(sentences);
    const sum = Array.from(
      { length: encoder.dim },
      (_, i) => vectors[i] + vectors[encoder.dim + i] + vectors[2 * encoder.dim + i],
    );
    const [, boat] = rowsOf(await classPrompts(encoder, ["dog", "boat"], { templates }), encoder);
    boat.forEach((value, i) => assert.ok(Math.abs(value - sum[i] / Math.hypot(...sum)) < 1e-6));
  });
});

function rowsOf(matrix: Float32Array, { dim }: Encoder): Float32Array[] {
  return Array.from(
    { length: matrix.length / dim },
    (_, i) => matrix.slice(i * dim, (i + 1) * dim),
  );
}

Deno.test("vectors are encoded once an encoder, and follow the order of names", async () => {
  await withEncoder(async (encoder) => {
    let texts = 0;
    const counting: Encoder = {
      ...encoder,
      dim: encoder.dim,
      encodeTexts: (some, options) => {
        texts += some.length;
        return encoder.encodeTexts(some, options);
      },
    };
    const seen: number[] = [];
    const [dog, boat] = rowsOf(
      await classPrompts(counting, ["dog", "boat"], { onProgress: (done) => seen.push(done) }),
      encoder,
    );
    assert.equal(texts, 160);
    assert.deepEqual(seen, [0, 2]);
    const again = rowsOf(await classPrompts(counting, ["boat", "dog", "boat"]), encoder);
    assert.equal(texts, 160);
    assert.deepEqual(again, [boat, dog, boat]);
    await classPrompts(counting, ["boat"], { templates: "single" });
    assert.equal(texts, 161);
  });
});

Deno.test("names that look like replacement patterns are taken literally", async () => {
  await withEncoder(async (encoder) => {
    const [odd] = rowsOf(await classPrompts(encoder, ["$& {}"], { templates: ["a {}"] }), encoder);
    const expected = await encoder.encodeTexts(["a $& {}"]);
    odd.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-6));
  });
});

Deno.test("templates without a place for the name are refused; abort is heeded", async () => {
  assert.throws(() => promptTemplates(["a photo"]), /"a photo" has no \{\}/);
  assert.throws(() => promptTemplates([]), /must be "imagenet", "single" or a list/);
  await withEncoder(async (encoder) => {
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(classPrompts(encoder, ["boat"], { signal }), /enough/);
    assert.equal((await classPrompts(encoder, ["boat"])).length, encoder.dim);
  });
});

Deno.test("an interrupt loses one batch of classes, and a full disk none", async () => {
  await withEncoder(async (real) => {
    const { encoder, texts } = counting(real);
    const names = Array.from({ length: 40 }, (_, i) => `thing ${i}`);
    const stop = new AbortController();
    const onProgress = (done: number) => done === 32 && stop.abort(new Error("enough"));
    const options = { templates: ["a {}"] };
    const signal = stop.signal;
    await assert.rejects(
      classPrompts(encoder, names, { ...options, signal, onProgress }),
      /enough/,
    );
    const before = texts();
    const folder = await Deno.makeTempDir();
    const resumed = await classPrompts(encoder, names, { ...options, cacheDir: folder });
    assert.equal(texts() - before, 8);
    const next = counting(real); // another process: it finds all of them
    const read = await classPrompts(next.encoder, names, { ...options, cacheDir: folder });
    assert.deepEqual([next.texts(), read], [0, resumed]);
    assert.deepEqual(resumed, await classPrompts(counting(real).encoder, names, options));
    await Deno.remove(folder, { recursive: true });

    const cacheDir = await Deno.makeTempFile(); // a file: nothing can be written into it
    try {
      const other = counting(real);
      const cached = () =>
        classPrompts(other.encoder, names, { ...options, cacheDir: `${cacheDir}/x` });
      await assert.rejects(cached());
      assert.deepEqual(await classPrompts(other.encoder, names, options), resumed);
    } finally {
      await Deno.remove(cacheDir);
    }
  });
});

Deno.test("names that are blank, or no text, are refused by their place", async () => {
  await withEncoder(async (encoder) => {
    for (const name of ["", "  ", null, 7, undefined, ["boat"]]) {
      const names = ["boat", name] as string[];
      await assert.rejects(classPrompts(encoder, names), /^TypeError: .*class name 1 must be text/);
    }
    const texts = ["boat", null] as unknown as string[];
    await assert.rejects(
      encoder.encodeTexts(texts),
      /^TypeError: .*text 1 must be a string, got null/,
    );
  });
});

Deno.test("what is longer than the context is said once, also when its vector was kept on disk", async () => {
  await withEncoder(async (real) => {
    const cacheDir = await Deno.makeTempDir();
    const work = async (said: string[]) => {
      const long = "ship ".repeat(100), names = ["boat", long, "apple"];
      const options = { templates: ["a {}", "the {}"], cacheDir };
      const first = await classPrompts(counting(real).encoder, names, options);
      assert.equal(said.length, 1);
      assert.match(said[0], /sentences of 1 of 3 class names are longer than .*: "ship ship/);
      const next = counting(real);
      assert.deepEqual(await classPrompts(next.encoder, names, options), first);
      assert.deepEqual([next.texts(), said.length, said[1]], [0, 2, said[0]]);
      await classPrompts(next.encoder, [long], options);
      assert.equal(said.length, 2, "once a process");
      await real.encodeTexts(["a boat", long]);
      assert.match(said[2], /1 of 2 texts are longer than the \d+ tokens that .* reads/);
      await real.encodeTexts(["a boat"]);
      assert.equal(said.length, 3, "and nothing is said of what fits");
    };
    await noticesOf(work).finally(() => Deno.remove(cacheDir, { recursive: true }));
  });
});

/** An encoder that counts the sentences it is asked for. */
function counting(encoder: Encoder): { encoder: Encoder; texts: () => number } {
  let texts = 0;
  return {
    encoder: new Proxy(encoder, {
      get(target, key) {
        if (key !== "encodeTexts") {
          const value = Reflect.get(target, key);
          return typeof value === "function" ? value.bind(target) : value;
        }
        return (all: readonly string[], options?: Parameters<Encoder["encodeTexts"]>[1]) => {
          texts += all.length;
          return target.encodeTexts(all, options);
        };
      },
    }),
    texts: () => texts,
  };
}

Deno.test("vectors kept on disk are those that were encoded; damaged and other ones are encoded", async () => {
  await withEncoder(async (real) => {
    const cacheDir = await Deno.makeTempDir();
    try {
      const ask = async (names: string[], templates = ["a {}"]) => {
        const { encoder, texts } = counting(real); // a new one: memory holds nothing of the last
        const vectors = await classPrompts(encoder, names, { templates, cacheDir });
        return { vectors, texts: texts() };
      };
      const names = Array.from({ length: 20 }, (_, i) => `thing ${i}`);
      const first = await ask(names);
      assert.equal(first.texts, 20);
      assert.deepEqual(await ask(names), { ...first, texts: 0 });
      assert.equal((await ask(names, ["the {}"])).texts, 20);
      assert.equal((await ask(names.slice(1))).texts, 19);
      assert.equal((await ask([])).vectors.length, 0);

      for (const { name } of Deno.readDirSync(cacheDir)) {
        const path = `${cacheDir}/${name}`, bytes = await Deno.readFile(path);
        bytes[bytes.length - 1] ^= 1;
        await Deno.writeFile(path, bytes);
      }
      assert.deepEqual(await ask(names), first);
      assert.deepEqual(await ask(names), { ...first, texts: 0 });
    } finally {
      await Deno.remove(cacheDir, { recursive: true });
    }
  });
});
