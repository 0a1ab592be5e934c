import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import type { RelevanceMatrix, ScoreMatrix } from "./matrices.ts";
import { averagePrecision, recallAtK } from "./recall.ts";

/** A score matrix from rows written by hand. */
function scoresOf(...rows: number[][]): ScoreMatrix {
  return {
    queries: rows.length,
    images: rows[0].length,
    scores: Float32Array.from(rows.flat()),
  };
}

function relevanceFrom(rows: number[][], ignored?: number[][]): RelevanceMatrix {
  return {
    queries: rows.length,
    images: rows[0].length,
    relevant: Uint8Array.from(rows.flat()),
    ...(ignored && { ignored: Uint8Array.from(ignored.flat()) }),
  };
}

function randomMatrices(seed: number, queries: number, images: number, levels = 1e9) {
  const random = createRandom(seed);
  const size = queries * images;
  // few levels make many ties
  const scores = Float32Array.from({ length: size }, () => random.integer(0, levels) / levels);
  const relevant = Uint8Array.from({ length: size }, () => random.next() < 0.1 ? 1 : 0);
  const ignored = Uint8Array.from({ length: size }, () => random.next() < 0.2 ? 1 : 0);
  return {
    scores: { queries, images, scores },
    relevance: { queries, images, relevant, ignored },
  };
}

/** Eq. 8 in the most literal way: pick the best remaining image n*k times, the first listed of equal ones. */
function slowRecall(scores: ScoreMatrix, relevance: RelevanceMatrix, k: number): number {
  const values: number[] = [];
  for (let q = 0; q < scores.queries; q++) {
    const at = (i: number) => q * scores.images + i;
    const remaining = new Set<number>();
    for (let i = 0; i < scores.images; i++) if (!relevance.ignored?.[at(i)]) remaining.add(i);
    const n = [...remaining].filter((i) => relevance.relevant[at(i)]).length;
    if (n === 0) continue;
    let found = 0;
    for (let pick = 0; pick < n * k && remaining.size > 0; pick++) {
      let best = -1;
      for (const i of remaining) {
        if (best < 0 || scores.scores[at(i)] > scores.scores[at(best)]) best = i;
      }
      remaining.delete(best);
      found += relevance.relevant[at(best)];
    }
    values.push(found / n);
  }
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Average precision in the most literal way, of equal scores the first listed first. */
function slowPrecision({ images, scores }: ScoreMatrix, { relevant, ignored }: RelevanceMatrix) {
  const order = Array.from({ length: images }, (_, i) => i).filter((i) => !ignored?.[i])
    .sort((a, b) => scores[b] - scores[a] || a - b);
  const places = order.flatMap((image, place) => relevant[image] ? [place + 1] : []);
  return places.reduce((sum, place, i) => sum + (i + 1) / place, 0) / places.length;
}

/** All orders of the numbers below `count`. */
function ordersOf(count: number): number[][] {
  if (count === 0) return [[]];
  return ordersOf(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => order.toSpliced(at, 0, count - 1))
  );
}

/** The same images, listed in another order. */
function listed(
  { scores, relevance }: { scores: ScoreMatrix; relevance: RelevanceMatrix },
  order: readonly number[],
) {
  const { queries, images } = scores;
  const move = <T extends Float32Array | Uint8Array>(values: T) => {
    const moved = values.slice() as T;
    for (let q = 0; q < queries; q++) {
      order.forEach((from, to) => moved[q * images + to] = values[q * images + from]);
    }
    return moved;
  };
  const { relevant, ignored } = relevance;
  return {
    scores: { queries, images, scores: move(scores.scores) },
    relevance: {
      ...{ queries, images, relevant: move(relevant) },
      ...(ignored && { ignored: move(ignored) }),
    },
  };
}

const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("recallAtK follows eq. 8 on matrices written by hand", () => {
  const scores = scoresOf(
    [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], // ranking 0 1 2 3 4 5 6 7
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], // ranking 7 6 5 4 3 2 1 0
    [0.5, 0.4, 0.3, 0.2, 0.1, 0.0, -0.1, -0.2],
  );
  const relevance = relevanceFrom([
    [0, 1, 0, 1, 0, 0, 0, 1], // n = 3: first 3 hold {1}, first 6 {1, 3}, first 9 all
    [1, 0, 0, 0, 0, 0, 0, 0], // n = 1: first 1 and 2 and 3 hold none
    [0, 0, 0, 0, 0, 0, 0, 0], // not shown anywhere
  ]);
  const result = recallAtK(scores, relevance, [1, 2, 3]);
  assert.deepEqual(result.perQuery, [
    { query: 0, relevant: 3, ranked: 8, recall: [1 / 3, 2 / 3, 1] },
    { query: 1, relevant: 1, ranked: 8, recall: [0, 0, 0] },
  ]);
  assert.deepEqual(result.recall, [1 / 6, 1 / 3, 1 / 2]);
  assert.deepEqual(result.withoutImages, [2]);
  assert.deepEqual(result.chance, [(3 / 8 + 1 / 8) / 2, (6 / 8 + 2 / 8) / 2, (1 + 3 / 8) / 2]);
});

Deno.test("recallAtK of equal scores is what is to be expected, wherever the right one is listed", () => {
  for (let place = 0; place < 4; place++) {
    const hit = [0, 0, 0, 0].with(place, 1);
    const found = (...row: number[]) => recallAtK(scoresOf(row), relevanceFrom([hit]), [1, 3]);
    assert.deepEqual(found(0.5, 0.5, 0.5, 0.5).recall, [1 / 4, 3 / 4]);
    assert.deepEqual(found(0.5, 0.5, 0.5, 0.5).chance, [1 / 4, 3 / 4]);
    assert.deepEqual(found(0, -0, 0, -0).recall, [1 / 4, 3 / 4]);
  }
  // first one wrong, then 3 right of 5 equal ones, then a right one: n = 4, first 4 hold 3 of the 5
  const scores = scoresOf([0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1]);
  for (const ones of [[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [0, 0, 1, 1, 1]]) {
    const relevance = relevanceFrom([[0, ...ones, 1]]);
    assert.deepEqual(recallAtK(scores, relevance, [1, 2]).recall, [0.45, 1]);
  }
});

Deno.test("metrics of equal scores are the mean over all of their orders, and the same in every order of the list", () => {
  const orders = ordersOf(6);
  assert.equal(orders.length, 720);
  let tied = 0;
  for (let seed = 0; seed < 8; seed++) {
    const drawn = randomMatrices(seed, 1, 6, 2);
    const { scores } = drawn;
    const relevance = {
      ...drawn.relevance,
      relevant: Uint8Array.from(createRandom(`ties ${seed}`).shuffle([1, 1, 0, 0, 0, seed % 2])),
    };
    const ranked = relevance.relevant.filter((right, i) => right && !relevance.ignored[i]).length;
    if (ranked === 0) continue;
    const recall = (k: number) => recallAtK(scores, relevance, [k]).recall[0];
    const precision = averagePrecision(scores, relevance).mean;
    const all = orders.map((order) => listed({ scores, relevance }, order));
    const close = (found: number, literal: number[]) => {
      assert.ok(Math.abs(found - meanOf(literal)) < 1e-12, `seed ${seed}: ${found}`);
      if (new Set(literal).size > 1) tied++;
    };
    for (const k of [1, 2]) close(recall(k), all.map((m) => slowRecall(m.scores, m.relevance, k)));
    close(precision, all.map((m) => slowPrecision(m.scores, m.relevance)));
    for (const m of all) {
      assert.deepEqual(recallAtK(m.scores, m.relevance, [1]).recall, [recall(1)]);
      assert.equal(averagePrecision(m.scores, m.relevance).mean, precision);
    }
  }
  assert.ok(tied >= 8, `${tied} of these depend on the order of equal scores`);
});

Deno.test("recallAtK takes n*k past the number of images as all of them", () => {
  const result = recallAtK(scoresOf([0.3, 0.2, 0.1]), relevanceFrom([[0, 1, 1]]), [1, 5]);
  assert.deepEqual(result.recall, [0.5, 1]);
  assert.equal(result.chance[1], 1);
});

Deno.test("recallAtK ranks infinities and leaves out ignored images", () => {
  const scores = scoresOf([-Infinity, Infinity, 0.5, Infinity]);
  assert.deepEqual(recallAtK(scores, relevanceFrom([[0, 0, 1, 0]]), [1, 3]).recall, [0, 1]);
  const ignoring = relevanceFrom([[0, 0, 1, 0]], [[0, 1, 0, 1]]);
  assert.deepEqual(recallAtK(scores, ignoring, [1]).recall, [1]);
  // an ignored image is not relevant either, so n counts what is ranked
  const both = relevanceFrom([[0, 1, 1, 0]], [[0, 1, 0, 1]]);
  assert.deepEqual(recallAtK(scores, both, [1]).perQuery, [
    { query: 0, relevant: 1, ranked: 2, recall: [1] },
  ]);
});

Deno.test("recallAtK and a literal reading of eq. 8 agree on random matrices", () => {
  for (let seed = 0; seed < 12; seed++) {
    const { scores, relevance } = randomMatrices(seed, 7, 23 + seed);
    const { recall } = recallAtK(scores, relevance, [1, 2, 3, 5]);
    [1, 2, 3, 5].forEach((k, i) => {
      assert.ok(Math.abs(recall[i] - slowRecall(scores, relevance, k)) < 1e-12, `seed ${seed}`);
    });
  }
});

Deno.test("recallAtK is 1 for perfect scores and n*k/N for random ones", () => {
  const { scores, relevance } = randomMatrices(3, 60, 400);
  const perfect = { ...scores, scores: Float32Array.from(relevance.relevant) };
  assert.deepEqual(recallAtK(perfect, relevance, [1, 3]).recall, [1, 1]);
  const { recall, chance } = recallAtK(scores, relevance, [1, 3, 5]);
  recall.forEach((value, i) => assert.ok(Math.abs(value - chance[i]) < 0.02, `${value}`));
  assert.ok(Math.abs(chance[1] - 0.3) < 0.02);
});

Deno.test("recallAtK never falls as k grows, and does not see a monotone change of scores", () => {
  const { scores, relevance } = randomMatrices(5, 20, 50);
  const { recall } = recallAtK(scores, relevance, [1, 2, 3, 4, 5]);
  for (let i = 1; i < recall.length; i++) assert.ok(recall[i] >= recall[i - 1]);
  const changed = { ...scores, scores: scores.scores.map((s) => 2 * s - 5) };
  assert.deepEqual(recallAtK(changed, relevance, [1, 2, 3, 4, 5]).recall, recall);
});

Deno.test("recallAtK refuses what it cannot judge, and says why", () => {
  const relevance = relevanceFrom([[0, 1], [1, 0]]);
  assert.throws(
    () => recallAtK(scoresOf([0, 1], [NaN, 0]), relevance),
    /Cannot compute recall: the score of query 1 and image 0 is NaN/,
  );
  assert.throws(() => recallAtK(scoresOf([0, 1]), relevance), /scores are 1 x 2 .* is 2 x 2/);
  assert.throws(() => recallAtK(scoresOf([0, 1], [1, 0]), relevance, [0]), /got 0/);
  assert.throws(() => recallAtK(scoresOf([0, 1], [1, 0]), relevance, [1.5]), /got 1.5/);
  assert.throws(() => recallAtK(scoresOf([0, 1], [1, 0]), relevance, []), /no k/);
  const short = { queries: 2, images: 2, scores: new Float32Array(3) };
  assert.throws(() => recallAtK(short, relevance), /scores has 3 values, 2 x 2 needs 4/);
});

Deno.test("averagePrecision equals values worked out by hand", () => {
  const scores = scoresOf([0.9, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4], [1, 2, 3, 4]);
  const relevance = relevanceFrom([[1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]);
  const { mean, perQuery } = averagePrecision(scores, relevance);
  assert.deepEqual(perQuery.map((row) => row.averagePrecision), [(1 + 2 / 3) / 2, 1 / 4]);
  assert.equal(mean, ((1 + 2 / 3) / 2 + 1 / 4) / 2);
});
