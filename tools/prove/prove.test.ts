import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../../lib/features/testing.ts";
import { createRandom } from "../../lib/numeric/random.ts";
import { damage, damageJson } from "./mutations.ts";
import { proveKills } from "./kill.ts";
import { proveLargeScene } from "./large_scene.ts";
import { PROOFS } from "./proofs.ts";
import { SAMPLE_ANNOTATIONS } from "./samples.ts";
import { runTrials, type TrialInput } from "./trials.ts";

Deno.test("crashes, hangs, errors and memory are seen from outside, and the trial goes on", () =>
  withFolder(async (folder) => {
    const words = ["accepted", "end", "refused", "hang", "wrong", "large", "accepted"];
    async function* inputs(): AsyncGenerator<TrialInput> {
      for (const [i, word] of words.entries()) {
        yield { name: `${i} ${word}`, kind: "all", bytes: new TextEncoder().encode(word) };
      }
      yield { name: "whole", kind: "all", bytes: new TextEncoder().encode("refused"), whole: true };
      await Promise.resolve();
    }
    const bad = join(import.meta.dirname!, "testdata", "bad_child.ts");
    const result = await runTrials(inputs(), { child: ["run", "-A", bad], folder, deadline: 3 });
    assert.deepEqual(result.kinds, { all: { accepted: 2, refused: 1, wrong: 4 } });
    assert.equal(result.peakMiB, 5000);
    assert.deepEqual(result.faults.map(({ input, what }) => `${input}: ${what}`), [
      "1 end: the process ended: status 7",
      "3 hang: no answer after 3 s",
      "4 wrong: bad",
      "5 large: 5000 MiB, more than 1024",
      "whole: nothing is wrong with it, and it was refused",
    ]);
  }));

Deno.test("damage is the same for the same random numbers, and another for others", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i), whole = SAMPLE_ANNOTATIONS.coco();
  const both = (seed: number) => {
    const random = createRandom(seed);
    return [damage(bytes, bytes, random), damageJson(whole, random)];
  };
  assert.deepEqual(both(1), both(1));
  assert.notDeepEqual(both(1), both(2));
  assert.deepEqual(whole, SAMPLE_ANNOTATIONS.coco());
});

/** How many of each kind are tried here; `deno task prove` tries all. */
const SAMPLE: Record<string, number> = { images: 12, annotations: 10, polyglots: 25 };

for (const [name, { kinds, run }] of Object.entries(PROOFS)) {
  Deno.test(`a sample of the proof of ${name} finds no crash, no hang and nothing wrong`, () =>
    withFolder(async (folder) => {
      const count = SAMPLE[name];
      const { faults, kinds: counts } = await run({ count, seed: 1, folder });
      assert.deepEqual(faults, []);
      const sums = Object.entries(counts).map(([kind, { accepted, refused, wrong }]) =>
        [kind, accepted + refused + wrong] as const
      );
      assert.deepEqual(sums, kinds.map((kind) => [kind, count]));
    }));
}

Deno.test("a sample of the proof of kills: what is finished is equal to an undisturbed run", () =>
  withFolder(async (folder) => {
    // two trainings at once are left to the whole proof
    const { faults, kills, compared } = await proveKills({
      count: 3,
      seed: 1,
      folder,
      images: 8,
      epochs: 8,
    });
    assert.deepEqual(faults, []);
    assert.equal(kills.extraction.alone, 1);
    assert.equal(kills.training.alone, 1);
    assert.equal(kills.extraction.ofTwo, 1);
    assert.ok(compared.extraction >= 1 && compared.training >= 1);
  }));

for (const [bits, bands] of [[8, 3], [16, 4]] as const) {
  Deno.test(`a sample of the proof of a large scene of ${bits} bits and ${bands} bands: memory, windows, features, hits`, () =>
    withFolder(async (folder) => {
      const result = await proveLargeScene({ count: 700, seed: 1, folder, bits, bands });
      assert.deepEqual(result.faults, []);
      assert.deepEqual([result.bits, result.bands], [bits, bands]);
      assert.ok(result.peakMiB > 50 && result.patchesPerMegapixel > 50);
      assert.ok(result.patchesCompared > 50, `${result.patchesCompared} compared`);
      assert.ok(result.tiledPercent > 20 && result.untiledPercent > 20);
    }));
}
