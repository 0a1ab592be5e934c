import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadEncoder } from "./load.ts";

const RANDOM_CLIP = fileURLToPath(new URL("./testdata/random-clip", import.meta.url));

/** The random encoder, its tokenizer splitting words at a pattern. */
async function withPattern(pattern: string, test: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
  try {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    const path = join(folder, "tokenizer.json"),
      tokenizer = JSON.parse(await Deno.readTextFile(path));
    const split = { type: "Split", pattern: { Regex: pattern }, behavior: "Removed", invert: true };
    tokenizer.pre_tokenizer = {
      type: "Sequence",
      pretokenizers: [split, { type: "ByteLevel", add_prefix_space: false, trim_offsets: true }],
    };
    await Deno.writeTextFile(path, JSON.stringify(tokenizer));
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("a pattern that never ends is an error for its text, and the process goes on", () =>
  withPattern("(?:[a-z]+)+(?=!)", async (folder) => {
    const encoder = await loadEncoder(folder);
    try {
      assert.equal((await encoder.encodeTexts(["boat!", "a red apple!"])).length, 2 * encoder.dim);
      const texts = ["boat!", `${"a".repeat(40)}?`];
      await assert.rejects(
        encoder.encodeTexts(texts),
        /Cannot encode text 1: .*tokenizer took more than 1\.5 s for "aaaa.*pattern in tokenizer\.json/,
      );
      assert.equal((await encoder.encodeTexts(["boat!"])).length, encoder.dim);
    } finally {
      await encoder.dispose();
    }
  }));

Deno.test("many texts are tokenised as one by one", async () => {
  const encoder = await loadEncoder(RANDOM_CLIP);
  try {
    const texts = Array.from(
      { length: 70 },
      (_, i) => `a photo of ${i} red apples, ${"so ".repeat(i % 5)}`,
    );
    const all = await encoder.encodeTexts(texts);
    for (const i of [0, 31, 32, 69]) {
      const one = await encoder.encodeTexts([texts[i]]);
      const row = all.subarray(i * encoder.dim, (i + 1) * encoder.dim);
      const most = one.reduce((most, value, d) => Math.max(most, Math.abs(value - row[d])), 0);
      assert.ok(most < 1e-5, `text ${i}: ${most}`);
    }
  } finally {
    await encoder.dispose();
  }
});
