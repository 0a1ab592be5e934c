import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import {
  bootstrapDifference,
  bootstrapRecall,
  recallIntervals,
  resampleRecall,
  unpairedDifference,
} from "./bootstrap.ts";
import { recallAtK } from "./recall.ts";
import { pairRows, recallRows } from "./rows.ts";

/** Scores of which `skill` is signal and the rest noise. */
function draw(seed: string, queries: number, images: number, skill: number) {
  const random = createRandom(seed);
  const relevant = Uint8Array.from(
    { length: queries * images },
    () => random.next() < 0.15 ? 1 : 0,
  );
  const scores = Float32Array.from(relevant, (r) => skill * r + random.normal());
  return {
    scores: { queries, images, scores },
    relevance: { queries, images, relevant },
  };
}

Deno.test("intervals hold the value, repeat with the seed, and change with it", () => {
  const { scores, relevance } = draw("a", 20, 120, 1);
  for (const resample of ["images", "classes"] as const) {
    const run = (seed: number) =>
      bootstrapRecall(scores, relevance, { resample, seed, rounds: 200 });
    const intervals = run(1);
    assert.deepEqual(intervals.map((i) => i.value), recallAtK(scores, relevance).recall);
    for (const { value, low, high } of intervals) assert.ok(low <= value && value <= high);
    assert.deepEqual(run(1), intervals);
    assert.notDeepEqual(run(2), intervals);
  }
});

Deno.test("drawing every image once gives the recall itself", () => {
  // with one image every resample is the data set: the interval has no width
  const scores = { queries: 1, images: 1, scores: Float32Array.of(0.3) };
  const relevance = { queries: 1, images: 1, relevant: Uint8Array.of(1) };
  const [interval] = bootstrapRecall(scores, relevance, { ks: [1], rounds: 20 });
  assert.deepEqual(interval, { value: 1, low: 1, high: 1 });
});

Deno.test("the bounds of a small case equal those of rankings written out in full", () => {
  // three images, the relevant one second: a resample's recall@1 is the share of its draws of image
  // 1 that fit into the first n places after the copies of image 0
  const scores = { queries: 1, images: 3, scores: Float32Array.of(0.9, 0.5, 0.1) };
  const relevance = { queries: 1, images: 3, relevant: Uint8Array.of(0, 1, 0) };
  const rounds = 3000, level = 0.5;
  const values: number[] = [];
  for (let draw = 0; draw < 27; draw++) {
    const drawn = [draw % 3, Math.floor(draw / 3) % 3, Math.floor(draw / 9)].sort();
    const n = drawn.filter((image) => image === 1).length;
    if (n > 0) values.push(drawn.slice(0, n).filter((image) => image === 1).length / n);
  }
  values.sort((a, b) => a - b); // 19 equally likely outcomes
  const bias = values.reduce((sum, value) => sum + value) / 19; // the recall itself is 0
  const close = (found: number, expected: number) =>
    assert.ok(Math.abs(found - Math.max(0, expected)) < 0.03, `${found} for ${expected}`);
  const [interval] = bootstrapRecall(scores, relevance, { ks: [1], rounds, level });
  close(interval.low, values[Math.floor(0.25 * 19)] - bias);
  close(interval.high, values[Math.floor(0.75 * 19)] - bias);
  // the share of resamples with recall 1 is right to 0.04: the bound jumps there
  const ones = values.filter((value) => value === 1).length / 19;
  const highAt = (tail: number) =>
    bootstrapRecall(scores, relevance, { ks: [1], rounds, level: 1 - 2 * tail })[0].high;
  close(highAt(ones - 0.04), 1 - bias);
  assert.ok(highAt(ones + 0.04) < 0.9 - bias);
});

/** The matrices of a resample, written out: image i is a column as often as it was drawn. */
function drawnOf({ scores, relevance }: ReturnType<typeof draw>, columns: readonly number[]) {
  const { queries, images } = scores, drawn = columns.length;
  const at = Array.from({ length: queries }, (_, q) => columns.map((n) => q * images + n)).flat();
  return {
    scores: { queries, images: drawn, scores: Float32Array.from(at, (i) => scores.scores[i]) },
    relevance: {
      ...{ queries, images: drawn },
      relevant: Uint8Array.from(at, (i) => relevance.relevant[i]),
    },
  };
}

Deno.test("resamples of equal scores have the recall of their images written out", () => {
  const images = 30, rounds = 20, seed = 5, ks = [1, 2, 3];
  const { scores: exact, relevance } = draw("ties", 6, images, 1);
  const scores = { ...exact, scores: exact.scores.map(Math.round) }; // few values
  const { samples } = resampleRecall(scores, relevance, { ks, rounds, seed });
  const seeds = createRandom(seed).fork("bootstrap");
  for (const sample of samples) {
    const random = createRandom(seeds.next());
    const columns = Array.from({ length: images }, () => random.integer(0, images - 1));
    const written = drawnOf({ scores, relevance }, columns);
    const { recall } = recallAtK(written.scores, written.relevance, ks);
    recall.forEach((value, i) => assert.ok(Math.abs(value - sample[i]) < 1e-12));
    // not a test of untied scores
    const unround = drawnOf({ scores: exact, relevance }, columns);
    assert.notDeepEqual(recallAtK(unround.scores, unround.relevance, ks).recall, recall);
  }
});

Deno.test("intervals hold the value where classes have few images, which flatters resamples", () => {
  for (const images of [20, 40]) {
    const { scores, relevance } = draw(`few ${images}`, 60, images, 1);
    for (const { value, low, high } of bootstrapRecall(scores, relevance, { rounds: 200 })) {
      assert.ok(low < value && value < high, `${low} ${value} ${high}`);
    }
  }
});

Deno.test("ordinary intervals are what they were before bounds were kept in place", () => {
  const a = draw("golden", 20, 120, 1), b = draw("golden", 20, 120, 0.5);
  const round = (x: number) => Number(x.toFixed(6));
  const [own] = bootstrapRecall(a.scores, a.relevance, { ks: [1], seed: 7, rounds: 200 });
  const [gain] = bootstrapDifference(a.scores, b.scores, a.relevance, { ks: [1], rounds: 200 });
  assert.deepEqual([own.value, own.low, own.high].map(round), [0.374171, 0.320107, 0.424186]);
  assert.deepEqual([gain.value, gain.low, gain.high].map(round), [0.149236, 0.112538, 0.187041]);
});

Deno.test("bounds hold the value and stay within what is possible, however near the end", () => {
  const cases = [0, 0.3, 3, 6, 9].flatMap((skill) =>
    [3, 8, 20].flatMap((images) => [1, 10].map((rounds) => ({ skill, images, rounds })))
  );
  for (const { skill, images, rounds } of cases) {
    const a = draw(`near ${images}`, 5, images, skill), b = draw(`near ${images}`, 5, images, 2);
    for (const resample of ["images", "classes"] as const) {
      const options = { resample, rounds };
      for (const { value, low, high } of bootstrapRecall(a.scores, a.relevance, options)) {
        if (Number.isNaN(value)) continue; // nothing relevant was drawn
        assert.ok(0 <= low && low <= value && value <= high && high <= 1, `${low} ${high}`);
      }
      const differences = bootstrapDifference(a.scores, b.scores, a.relevance, options);
      for (const { value, low, high } of differences) {
        if (Number.isNaN(value)) continue;
        assert.ok(-1 <= low && low <= value && value <= high && high <= 1, `${low} ${high}`);
      }
    }
  }
});

Deno.test("where no resample has a right answer, all is possible", () => {
  const [interval] = recallIntervals({ recall: [0.5], samples: [[NaN], [NaN]], level: 0.95 });
  assert.deepEqual(interval, { value: 0.5, low: 0, high: 1 });
});

Deno.test("pairs of rows are the bootstrap's own differences, each once, rounded", () => {
  const good = draw("pairs", 20, 100, 2), fair = draw("pairs", 20, 100, 1);
  const methods = [["poor", draw("pairs", 20, 100, 0.2)], ["fair", fair], ["good", good]] as const;
  const options = { seed: 3, rounds: 100 };
  const rows = pairRows(
    methods.map(([method, { scores, relevance }]) => ({
      method,
      resampled: resampleRecall(scores, relevance, options),
    })),
    "all",
  );
  assert.deepEqual(rows.map(({ method, over }) => [method, over]), [
    ["fair", "poor"],
    ["good", "poor"],
    ["good", "fair"],
  ]);
  const [exact] = bootstrapDifference(good.scores, fair.scores, good.relevance, options);
  for (const key of ["value", "low", "high"] as const) {
    assert.equal(rows[2][key], Math.round(1e4 * exact[key]) / 1e4);
  }
  assert.deepEqual(pairRows([], "all", [3, 5]), []);
});

Deno.test("an unpaired difference adds half-widths as the sides of a triangle", () => {
  const { value, low, high } = unpairedDifference(
    { value: 0.7, low: 0.67, high: 0.72 },
    { value: 0.5, low: 0.46, high: 0.54 },
  );
  assert.ok(Math.abs(value - 0.2) < 1e-12);
  assert.ok(
    Math.abs(low - (0.2 - 0.05)) < 1e-12 && Math.abs(high - (0.2 + Math.hypot(0.02, 0.04))) < 1e-12,
  );
});

Deno.test("95 % intervals over images cover the true recall about 95 % of the time", () => {
  const truth = recallAtK(...pair(draw("truth", 8, 40_000, 1)), [1]).recall[0];
  let covered = 0;
  const trials = 100;
  for (let trial = 0; trial < trials; trial++) {
    const sample = draw(`trial ${trial}`, 8, 150, 1);
    const [{ low, high }] = bootstrapRecall(...pair(sample), { ks: [1], rounds: 200 });
    if (low <= truth && truth <= high) covered++;
  }
  assert.ok(covered >= 87 && covered <= 100, `${covered} of ${trials} cover ${truth}`);
});

Deno.test("intervals shrink with the level and with the number of images", () => {
  const width = (images: number, level: number) => {
    const [{ low, high }] = bootstrapRecall(...pair(draw("w", 10, images, 1)), {
      ks: [1],
      level,
      rounds: 200,
    });
    return high - low;
  };
  assert.ok(width(200, 0.5) < width(200, 0.95));
  assert.ok(width(2000, 0.95) < width(100, 0.95));
});

Deno.test("a method does not differ from itself, and a better one differs clearly", () => {
  const good = draw("same", 20, 150, 2), poor = draw("same", 20, 150, 0.3);
  assert.deepEqual(good.relevance, poor.relevance);
  for (const resample of ["images", "classes"] as const) {
    const options = { ks: [1], rounds: 200, resample };
    const [same] = bootstrapDifference(good.scores, good.scores, good.relevance, options);
    assert.deepEqual(same, { value: 0, low: 0, high: 0, notBetter: 1 });
    const [gain] = bootstrapDifference(good.scores, poor.scores, good.relevance, options);
    assert.ok(gain.low > 0.2 && gain.notBetter === 0, JSON.stringify(gain));
    const [loss] = bootstrapDifference(poor.scores, good.scores, good.relevance, options);
    assert.ok(Math.abs(loss.value + gain.value) < 1e-12 && loss.notBetter === 1);
  }
});

Deno.test("paired resamples are narrower than the two intervals together", () => {
  const a = draw("p", 20, 150, 1);
  const random = createRandom("jitter");
  const b = { ...a.scores, scores: a.scores.scores.map((s) => s + 0.1 * random.normal()) };
  const options = { ks: [1], rounds: 200 };
  const [difference] = bootstrapDifference(a.scores, b, a.relevance, options);
  const [alone] = bootstrapRecall(a.scores, a.relevance, options);
  assert.ok(difference.high - difference.low < 0.7 * (alone.high - alone.low));
});

Deno.test("recallRows names each row after its method and k", () => {
  const { scores, relevance } = draw("rows", 4, 30, 1);
  const labels = { method: "cc@10", cover: "cc@10", k: 10 };
  const rows = recallRows(scores, relevance, labels, { ks: [1, 5], rounds: 50 });
  assert.deepEqual(rows.map((row) => row.metric), ["recall@1", "recall@5"]);
  assert.equal(rows[1].value, recallAtK(scores, relevance, [5]).recall[0]);
  for (const row of rows) assert.deepEqual([row.method, row.cover, row.k], ["cc@10", "cc@10", 10]);
});

Deno.test("the bootstrap refuses options out of range", () => {
  const { scores, relevance } = draw("a", 2, 5, 1);
  assert.throws(() => bootstrapRecall(scores, relevance, { rounds: 0 }), /rounds .* got 0/);
  assert.throws(() => bootstrapRecall(scores, relevance, { level: 1 }), /level .* got 1/);
  assert.throws(() => bootstrapRecall(scores, relevance, { ks: [3, 1] }), /ascend, got 3, 1/);
  const none = { queries: 2, images: 0, scores: new Float32Array(0) };
  assert.throws(
    () => bootstrapRecall(none, { queries: 2, images: 0, relevant: new Uint8Array(0) }),
    /no images/,
  );
  const refused: [object, RegExp][] = [
    [
      { resample: "clases" },
      /Cannot bootstrap: resample must be one of images, classes, got "clases"/,
    ],
    [{ resampel: "classes" }, /resampel is not a setting; did you mean resample\?/],
    [{ ks: [0] }, /ks\[0\] must be a positive integer, got 0/],
    [{ seed: NaN }, /seed must be a finite number or text, got NaN/],
    [{ rounds: NaN }, /rounds must be .* got NaN/],
  ];
  for (const [options, message] of refused) {
    assert.throws(() => bootstrapRecall(scores, relevance, options), message);
    assert.throws(() => bootstrapDifference(scores, scores, relevance, options), message);
  }
});

Deno.test("where nothing is relevant there is no recall, and no interval", () => {
  const { scores, relevance } = draw("a", 2, 5, 1);
  const nothing = { ...relevance, relevant: relevance.relevant.map(() => 0) };
  for (const resample of ["images", "classes"] as const) {
    const options = { ks: [1], rounds: 3, resample };
    const none = { value: NaN, low: NaN, high: NaN };
    assert.deepEqual(bootstrapRecall(scores, nothing, options), [none]);
    assert.deepEqual(bootstrapDifference(scores, scores, nothing, options), [
      { ...none, notBetter: NaN },
    ]);
  }
});

function pair({ scores, relevance }: ReturnType<typeof draw>) {
  return [scores, relevance] as const;
}
