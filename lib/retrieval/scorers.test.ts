import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { maxOverPatches, meanOverPatches } from "./patch_scores.ts";
import { dotScores } from "./scores.ts";
import { createScorer, SCORER_NAMES, type ScorerName } from "./scorers.ts";

const DIM = 8;

/** Unit rows from a seed. // (count, D) */
function vectors(count: number, seed: number): Float32Array {
  const random = createRandom(seed), rows = new Float32Array(count * DIM);
  for (let i = 0; i < count; i++) {
    const row = Array.from({ length: DIM }, () => random.normal());
    const length = Math.hypot(...row);
    rows.set(row.map((x) => x / length), i * DIM);
  }
  return rows;
}

const queries = vectors(3, 1);
const images = [5, 1, 9].map((patches, n) => ({ features: vectors(patches, 10 + n) }));

function scoresOf(name: ScorerName) {
  const scorer = createScorer(name, queries, { dim: DIM });
  for (const image of images) scorer.add(image);
  return scorer.finish();
}

Deno.test("named scorers are the functions of the same meaning", () => {
  assert.deepEqual(scoresOf("maximum"), maxOverPatches(images, queries, { dim: DIM }));
  assert.deepEqual(scoresOf("mean"), meanOverPatches(images, queries, { dim: DIM }));
  const whole = new Float32Array(images.length * DIM);
  images.forEach(({ features }, n) => whole.set(features.subarray(0, DIM), n * DIM));
  const full = scoresOf("full").scores;
  dotScores(whole, queries, { dim: DIM }).scores.forEach((score, i) =>
    assert.ok(Math.abs(full[i] - score) < 1e-6)
  );
});

Deno.test("full+patches is the mean of full and maximum, and has the best patch as winner", () => {
  const [full, best, both] = [scoresOf("full"), scoresOf("maximum"), scoresOf("full+patches")];
  assert.equal(both.scores.length, 9);
  both.scores.forEach((score, i) =>
    assert.ok(Math.abs(score - (full.scores[i] + best.scores[i]) / 2) < 1e-6)
  );
  assert.deepEqual(both.winners, best.winners);
  assert.ok(both.scores.some((score, i) => score < best.scores[i] - 1e-3)); // not the same ranking by construction
});

Deno.test("an unknown scorer is refused with the names, and NaN is refused by each", () => {
  assert.throws(
    () => createScorer("full+patch" as ScorerName, queries, { dim: DIM }),
    /Cannot score images: scorer must be one of maximum, .*got full\+patch; did you mean full\+patches\?/,
  );
  for (const name of SCORER_NAMES) {
    const scorer = createScorer(name, queries, { dim: DIM });
    assert.throws(
      () => scorer.add({ imageId: "bad.jpg", features: new Float32Array(DIM).fill(NaN) }),
      /Cannot score patches of bad\.jpg: a value is NaN/,
    );
  }
});
