import assert from "node:assert/strict";
import { rankImages } from "./matrices.ts";
import { recallAtK } from "./recall.ts";
import {
  imagesInOrder,
  R_MAX_THRESHOLDS,
  relevanceBySize,
  relevanceOf,
  restrictTo,
  rMax,
  SIZE_BINS,
  subsetByRmax,
} from "./relevance.ts";
import { topResults } from "./topk.ts";

const square = (category: number, side: number) => ({
  category,
  box: { left: 0, top: 0, width: side, height: side },
});

const dataset = {
  categories: ["fork", "boat"],
  images: [
    { id: "a", width: 100, height: 100, objects: [square(0, 3), square(0, 30), square(1, 3)] },
    { id: "b", width: 100, height: 100, objects: [square(0, 4)] },
    { id: "c", width: 100, height: 100, objects: [] },
  ],
};

Deno.test("relevanceOf marks the images of each class, in the order asked for", () => {
  assert.deepEqual([...relevanceOf(dataset).relevant], [1, 1, 0, 1, 0, 0]);
  const reordered = relevanceOf(dataset, ["c", "a"]); // b could not be read
  assert.deepEqual([reordered.queries, reordered.images], [2, 2]);
  assert.deepEqual([...reordered.relevant], [0, 1, 0, 1]);
  assert.throws(() => relevanceOf(dataset, ["z"]), /there is no image "z"/);
  const wrong = { categories: ["fork"], images: [{ id: "a", objects: [square(3, 2)] }] };
  assert.throws(() => relevanceOf(wrong), /image "a" has category 3, there are 1/);
});

Deno.test("relevanceBySize goes by the largest object of the class", () => {
  const small = relevanceBySize(dataset, SIZE_BINS[0]);
  assert.deepEqual([...small.relevant], [0, 1, 0, 1, 0, 0]);
  assert.deepEqual([...small.ignored!], [1, 0, 0, 0, 0, 0]); // a shows a large fork
  const medium = relevanceBySize(dataset, { name: "20-40", min: 0.2, max: 0.4 });
  assert.deepEqual([...medium.relevant], [1, 0, 0, 0, 0, 0]);
  assert.deepEqual([...medium.ignored!], [0, 1, 0, 1, 0, 0]);
});

Deno.test("pairs that nobody judged are in no ranking, and relevant ones always are", () => {
  const images = [
    { id: "shown", width: 100, height: 100, objects: [square(0, 30)], absent: [] },
    { id: "unknown", width: 100, height: 100, objects: [], absent: [1] },
    { id: "absent", width: 100, height: 100, objects: [square(1, 30)], absent: [0] },
    { id: "more", width: 100, height: 100, objects: [square(0, 30)], notExhaustive: [0, 1] },
    { id: "plain", width: 100, height: 100, objects: [] },
  ];
  const federated = { categories: dataset.categories, images };
  const found = relevanceOf(federated);
  assert.deepEqual([...found.relevant], [1, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
  assert.deepEqual([...found.ignored!], [0, 1, 0, 0, 0, 1, 0, 0, 1, 0]);
  const reordered = relevanceOf(federated, ["absent", "unknown"]);
  assert.deepEqual([...reordered.ignored!], [0, 1, 0, 0]);
  // by size, "more" may show a larger fork than is annotated
  const medium = relevanceBySize(federated, { name: "20-40", min: 0.2, max: 0.4 });
  assert.deepEqual([...medium.relevant], [1, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
  assert.deepEqual([...medium.ignored!], [0, 1, 0, 1, 0, 1, 0, 0, 1, 0]);
  assert.deepEqual([...restrictTo(found, [0, 1, 4]).ignored!], [0, 1, 1, 1, 0, 1, 0, 1, 1, 0]);
  // forks: the unjudged image comes first, and costs nothing
  const row = [0.8, 0.9, 0.1, 0.7, 0.2];
  const scores = { queries: 2, images: 5, scores: Float32Array.from([...row, ...row]) };
  const { perQuery, chance } = recallAtK(scores, found, [1]);
  assert.deepEqual(perQuery[0], { query: 0, relevant: 2, ranked: 4, recall: [1] });
  assert.deepEqual(perQuery[1], { query: 1, relevant: 1, ranked: 3, recall: [0] });
  assert.deepEqual(chance, [(2 / 4 + 1 / 3) / 2]);
  assert.equal(topResults(scores, 0, { relevance: found })[0].image, 0);
});

Deno.test("the size bins part all images that show a class", () => {
  const total = new Uint8Array(6);
  for (const bin of SIZE_BINS) {
    relevanceBySize(dataset, bin).relevant.forEach((value, at) => total[at] += value);
  }
  assert.deepEqual([...total], [...relevanceOf(dataset).relevant]);
});

Deno.test("a large object retrieved first neither helps nor harms a bin of small ones", () => {
  const scores = { queries: 2, images: 3, scores: Float32Array.of(0.9, 0.8, 0.1, 0.9, 0.8, 0.1) };
  const result = recallAtK(scores, relevanceBySize(dataset, SIZE_BINS[0]), [1]);
  assert.deepEqual(result.perQuery[0], { query: 0, relevant: 1, ranked: 2, recall: [1] });
});

Deno.test("rMax and its subsets follow eq. 1", () => {
  assert.deepEqual(dataset.images.map(rMax), [0.09, 0.0016, 0]);
  assert.deepEqual(R_MAX_THRESHOLDS.map((t) => subsetByRmax(dataset.images, t)), [
    [0, 1],
    [0, 1],
    [0, 1],
    [1],
    [1],
  ]);
  assert.throws(() => rMax({ id: "x", objects: [square(0, 1)] }), /image "x": its size is unknown/);
});

Deno.test("restrictTo ranks only the subset, on top of what was ignored", () => {
  const relevance = relevanceBySize(dataset, SIZE_BINS[0]);
  const restricted = restrictTo(relevance, [0, 1]);
  assert.deepEqual([...restricted.ignored!], [1, 0, 1, 0, 0, 1]);
  const scores = { queries: 2, images: 3, scores: Float32Array.of(1, 2, 3, 1, 2, 3) };
  assert.deepEqual(recallAtK(scores, restricted, [1]).recall, [0.5]);
});

Deno.test("imagesInOrder keeps the order asked for", () => {
  assert.deepEqual(imagesInOrder(dataset.images, ["c", "b"]).map((i) => i.id), ["c", "b"]);
});

Deno.test("topResults lists the best images with the place of the match", () => {
  const scores = {
    queries: 2,
    images: 3,
    scores: Float32Array.of(0, 0, 0, 0.25, 0.75, 0.75),
    winners: Int32Array.of(0, 0, 0, 1, 0, 1),
  };
  const boxes = [square(0, 9).box, square(0, 2).box];
  const options = { count: 2, boxesOf: () => boxes, relevance: relevanceOf(dataset) };
  assert.deepEqual(topResults(scores, 1, options), [
    { rank: 1, image: 1, score: 0.75, relevant: false, patch: 0, box: boxes[0] },
    { rank: 2, image: 2, score: 0.75, relevant: false, patch: 1, box: boxes[1] },
  ]);
  assert.equal(topResults(scores, 0).length, 3);
  assert.throws(() => topResults(scores, 2), /query 2 is not among 2/);
  assert.throws(
    () => topResults(scores, 1, { boxesOf: () => [] }),
    /Cannot locate match: patch 0 of image 1 is not among 0 boxes/,
  );
});

Deno.test("topResults and rankImages refuse what would list wrong images", () => {
  const scores = { queries: 2, images: 3, scores: Float32Array.of(1, 2, 3, NaN, 0.5, 0.75) };
  for (const count of [-1, NaN, 1.5, Infinity]) {
    assert.throws(
      () => topResults(scores, 0, { count }),
      new RangeError(`Cannot list results: count must be an integer from 0 on, got ${count}`),
    );
  }
  assert.deepEqual(topResults(scores, 0, { count: 0 }), []);
  const other = { queries: 3, images: 2, relevant: new Uint8Array(6) };
  const short = { queries: 2, images: 3, relevant: new Uint8Array(5) };
  const winners = { ...scores, winners: new Int32Array(4) };
  const ranked = (...[scores, query, options]: Parameters<typeof topResults>) =>
    rankImages(scores, query, options?.relevance);
  for (const list of [topResults, ranked]) {
    assert.throws(() => list(scores, 0, { relevance: other }), /scores are 2 x 3 but .* 3 x 2/);
    assert.throws(
      () => list(scores, 0, { relevance: short }),
      /relevant has 5 values, 2 x 3 needs/,
    );
    assert.throws(() => list(winners, 0), /winners has 4 values, 2 x 3 needs 6/);
    assert.throws(() => list(scores, 1), /the score of query 1 and image 0 is NaN/);
    assert.throws(() => list(scores, NaN), /query NaN is not among 2/);
  }
});

Deno.test("an image whose boxes were refused shows its classes, at no size", () => {
  const box = { left: 0, top: 0, width: 50, height: 50 };
  const size = { width: 100, height: 100 };
  const dataset = {
    categories: ["fork"],
    images: [
      { id: "a", ...size, objects: [{ category: 0, box }] },
      { id: "b", ...size, objects: [{ category: 0, box }], boxesRefused: true },
    ],
  };
  assert.deepEqual([...relevanceOf(dataset).relevant], [1, 1]);
  for (const bin of SIZE_BINS) {
    const { relevant, ignored } = relevanceBySize(dataset, bin);
    assert.deepEqual([relevant[1], ignored![1]], [0, 1], bin.name);
  }
  assert.deepEqual(subsetByRmax(dataset.images, 1), [0]);
});
