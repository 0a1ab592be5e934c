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
const LEVELS = [[0, 1, 1, 2, 2], [0], [0, 1, 1, 1, 2, 2, 2, 2, 2]];
const images = LEVELS.map((levels, n) => ({ features: vectors(levels.length, 10 + n), levels }));

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
    const features = new Float32Array(DIM).fill(NaN);
    assert.throws(
      () => scorer.add({ imageId: "bad.jpg", features, levels: [0] }),
      /Cannot score patches of bad\.jpg: a value is NaN/,
    );
  }
});

/** The cosine of each patch of each image with a query. // N of (P) */
const cosines = (q: number) =>
  images.map(({ features }) =>
    Array.from({ length: features.length / DIM }, (_, p) =>
      queries.subarray(q * DIM, (q + 1) * DIM)
        .reduce((sum, x, d) => sum + x * features[p * DIM + d], 0))
  );

/** The best cosine of each level, by plain loops; absent where an image has no such level. */
const levelBests = (q: number) =>
  cosines(q).map((own, n) =>
    [0, 1, 2].map((level) => own.filter((_, p) => LEVELS[n][p] === level))
      .filter((some) => some.length > 0).map((some) => Math.max(...some))
  );

const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
const deviation = (values: number[]) =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

/** What each scorer by levels should give for a query, by plain loops. // N */
const SLOW: Partial<Record<ScorerName, (q: number) => number[]>> = {
  levels: (q) => levelBests(q).map(mean),
  "best-5": (q) => cosines(q).map((own) => mean(own.toSorted((a, b) => b - a).slice(0, 5))),
  "z-scores": (q) => {
    const bests = levelBests(q);
    const of = (level: number) => bests.map((own) => own[level]).filter((x) => x !== undefined);
    return bests.map((own) =>
      mean(own.map((best, level) => (best - mean(of(level))) / deviation(of(level))))
    );
  },
  calibrated: (q) => {
    const bests = levelBests(q);
    const of = (level: number) => bests.map((own) => own[level]).filter((x) => x !== undefined);
    return bests.map((own) => Math.max(...own.map((best, level) => best - mean(of(level)) / 2)));
  },
  penalty: (q) =>
    levelBests(q).map((own) => Math.max(...own.map((best, level) => best - 0.05 * level))),
};

Deno.test("scorers by level, and the mean of the best few, are what plain loops say", () => {
  for (const [name, slow] of Object.entries(SLOW)) {
    const { scores } = scoresOf(name as ScorerName);
    [0, 1, 2].forEach((q) =>
      slow(q).forEach((expected, n) =>
        assert.ok(Math.abs(scores[q * images.length + n] - expected) < 1e-5, `${name}, ${q}, ${n}`)
      )
    );
  }
});

Deno.test("the winner of a scorer by level is the patch of the level that counts most", () => {
  assert.deepEqual(scoresOf("levels").winners, scoresOf("maximum").winners);
  const { winners } = scoresOf("penalty");
  const own = cosines(1)[2].map((cosine, p) => cosine - 0.05 * LEVELS[2][p]);
  assert.equal(winners![1 * images.length + 2], own.indexOf(Math.max(...own)));
});

Deno.test("scorers by level need a level for each patch; images of one are never NaN", () => {
  const scorer = createScorer("levels", queries, { dim: DIM });
  const features = vectors(2, 3);
  assert.throws(() => scorer.add({ features }), /0 levels are told of 2 patches/);
  assert.throws(() => scorer.add({ features, levels: [0] }), /1 levels are told of 2 patches/);
  const alone = createScorer("z-scores", queries, { dim: DIM });
  alone.add({ features, levels: [0, 1] });
  assert.deepEqual([...alone.finish().scores], [0, 0, 0]); // an image alone is the mean
});
