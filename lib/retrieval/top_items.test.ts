import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { rankImages } from "./matrices.ts";
import { TopItems } from "./top_items.ts";
import { topResults } from "./topk.ts";

/** Scores of which many are equal, and two are infinite. */
function tiedScores(seed: number, count: number): Float32Array {
  const random = createRandom(seed);
  const scores = Float32Array.from({ length: count }, () => random.integer(-3, 3) / 7);
  if (count > 2) scores[count - 1] = -Infinity, scores[count - 2] = Infinity;
  return scores;
}

/** What sorting all would begin with. */
function sortedAll(scores: Float32Array, count: number): { item: number; score: number }[] {
  return Array.from(scores, (score, item) => ({ item, score }))
    .sort((a, b) => (a.score < b.score ? 1 : a.score > b.score ? -1 : a.item - b.item))
    .slice(0, count);
}

Deno.test("the best are those of a full sort, ties included, in whatever order they are offered", () => {
  for (const [images, count] of [[0, 3], [1, 1], [5, 0], [5, 9], [40, 7], [333, 100], [64, 64]]) {
    for (const seed of [1, 2, 3]) {
      const scores = tiedScores(seed, images);
      const order = createRandom(seed).shuffle(Array.from(scores.keys()));
      for (const offered of [Array.from(scores.keys()), order]) {
        const top = new TopItems(count);
        for (const item of offered) top.offer(item, scores[item]);
        assert.deepEqual(top.sorted(), sortedAll(scores, count), `${count} of ${images}`);
      }
    }
  }
});

Deno.test("the best of two halves' best are the best of all", () => {
  const scores = tiedScores(4, 200), halves = [new TopItems(20), new TopItems(20)];
  scores.forEach((score, item) => halves[item % 2].offer(item, score));
  const top = new TopItems(20);
  for (const { item, score } of halves.flatMap((half) => half.sorted())) top.offer(item, score);
  assert.deepEqual(top.sorted(), sortedAll(scores, 20));
});

Deno.test("floor is the score to beat", () => {
  const top = new TopItems(2);
  top.offer(0, 0.5);
  assert.equal(top.floor, -Infinity);
  top.offer(1, 0.25);
  assert.equal(top.floor, 0.25);
  top.offer(2, 1);
  assert.equal(top.floor, 0.5);
  assert.equal(new TopItems(0).floor, Infinity);
});

Deno.test("topResults is the beginning of rankImages, without the ignored", () => {
  const images = 50, values = tiedScores(5, 2 * images);
  const scores = { queries: 2, images, scores: values };
  const ignored = Uint8Array.from(values, (_, at) => at % 3 === 0 ? 1 : 0);
  const relevance = { queries: 2, images, relevant: new Uint8Array(2 * images), ignored };
  for (const given of [undefined, relevance]) {
    for (const count of [0, 1, 10, 1000]) {
      const found = topResults(scores, 1, { count, relevance: given }).map(({ image }) => image);
      assert.deepEqual(found, [...rankImages(scores, 1, given).subarray(0, count)]);
    }
  }
});
