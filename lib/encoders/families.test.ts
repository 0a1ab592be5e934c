import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { cutPatches } from "../images/cut.ts";
import { decodeImage } from "../images/decode.ts";
import type { Encoder } from "./encoder.ts";
import { operationSignal } from "../runtime/interrupt.ts";
import { loadEncoder } from "./load.ts";
import { textRules } from "./text_rules.ts";
import { loadTokenizer } from "./tokenizer.ts";

/** What PyTorch's own pipeline gives; tools/encoders/family_fixtures.py. */
interface Golden {
  texts: string[];
  ids: number[][];
  text: number[][];
  images: string[];
  image: number[][];
}

const FAMILIES = [
  ...["clip", "siglip", "siglip2", "laion", "mobileclip", "jina-clip"],
  ...["perception", "blip2"],
];

const folderOf = (family: string) =>
  fileURLToPath(new URL(`./testdata/families/${family}`, import.meta.url));

async function readJson(family: string, file: string) {
  return JSON.parse(await Deno.readTextFile(`${folderOf(family)}/${file}`));
}

/** An image file's vector: decoded, resized and normalised as for any image of a data set. */
async function encodeImage(encoder: Encoder, png: string): Promise<Float32Array> {
  const image = await decodeImage(Uint8Array.fromBase64(png));
  const { width, height } = image, whole = { left: 0, top: 0, width, height };
  const cover = { width, height, fit: "pad" as const, levels: [[whole]] };
  return await encoder.encodeImages(await cutPatches(image, cover, encoder.preprocessing));
}

function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
}

for (const family of FAMILIES) {
  Deno.test(`${family}: files and texts give the vectors of PyTorch's own pipeline`, async () => {
    const golden: Golden = await readJson(family, "golden.json");
    const encoder = await loadEncoder(folderOf(family));
    try {
      for (const [i, png] of golden.images.entries()) {
        const difference = maxDifference(await encodeImage(encoder, png), golden.image[i]);
        assert.ok(difference < 1e-4, `image ${i}: ${difference}`);
      }
      const texts = await encoder.encodeTexts(golden.texts);
      const difference = maxDifference(texts, golden.text.flat());
      assert.ok(difference < 1e-4, `texts: ${difference}`);
      // the inputs tell: a mix-up would show
      assert.ok(maxDifference(golden.image[0], golden.image[1]) > 0.01);
      assert.ok(maxDifference(golden.text[0], golden.text[1]) > 0.01);
    } finally {
      await encoder.dispose();
    }
  });

  Deno.test(`${family}: token ids are those of PyTorch's tokenizer`, async () => {
    const golden: Golden = await readJson(family, "golden.json");
    const [config, tokenizer] = [
      await readJson(family, "config.json"),
      await readJson(family, "tokenizer_config.json"),
    ];
    const rules = textRules(config, tokenizer);
    const tokenize = await loadTokenizer(folderOf(family), rules);
    const { ids } = await tokenize(golden.texts, operationSignal());
    ids.forEach((row, i) => assert.deepEqual(row, golden.ids[i].slice(0, row.length)));
    if (rules.padded) assert.ok(ids.every(({ length }) => length === rules.context));
  });
}
