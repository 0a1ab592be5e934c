import assert from "node:assert/strict";
import { createRandom } from "../../numeric/random.ts";
import { randomUnit, toUnit } from "../../numeric/testing.ts";
import { maxOverPatches } from "../patch_scores.ts";
import { bestVectorScores } from "../scores.ts";
import { topResults } from "../topk.ts";
import { FlatIndex } from "./flat_index.ts";
import type { Precision } from "./rows.ts";
import { endSearchThreads, searchThreadCount } from "./threads.ts";

const PRECISIONS: Precision[] = ["float32", "int8", "int4"];

/** Images with as many unit vectors each as asked for. // N of (m, D) */
function makeImages(seed: string, dim: number, counts: readonly number[]): Float32Array[] {
  const random = createRandom(seed);
  return counts.map((count) => {
    const features = new Float32Array(count * dim);
    for (let p = 0; p < count; p++) features.set(randomUnit(random, dim), p * dim);
    return features;
  });
}

function indexOf(dim: number, precision: Precision, images: readonly Float32Array[]): FlatIndex {
  const index = new FlatIndex({ dim, precision });
  images.forEach((features, n) => assert.equal(index.add(features), n));
  return index;
}

const repeat = (count: number, each: number) => new Array<number>(count).fill(each);

Deno.test("float32: scores and winners are those of the plain functions, to the bit", async () => {
  const counts = createRandom("counts");
  const shapes: [dim: number, patches: number[], queries: number][] = [
    [1, [1], 1],
    [7, repeat(9, 1), 2],
    [33, Array.from({ length: 57 }, () => counts.integer(1, 30)), 3],
    [512, [1, 200, 7, 166], 5],
    [64, repeat(2100, 1), 1],
  ];
  for (const [dim, patches, queries] of shapes) {
    const images = makeImages(`images ${dim}`, dim, patches);
    const [asked] = makeImages(`queries ${dim}`, dim, [queries]);
    const index = indexOf(dim, "float32", images);
    assert.equal(index.images, patches.length);
    assert.equal(index.vectors, patches.reduce((sum, count) => sum + count));
    const scores = await index.scores(asked);
    assert.deepEqual(
      scores,
      maxOverPatches(images.map((features) => ({ features })), asked, { dim }),
    );
    const results = await index.search(asked, { count: 6 });
    results.forEach((found, q) => assert.deepEqual(found, topResults(scores, q, { count: 6 })));
  }
});

Deno.test("float32: one vector an image has the scores of bestVectorScores", async () => {
  const dim = 20, images = makeImages("ones", dim, repeat(131, 1)), queries = images[5];
  const all = Float32Array.from(images.flatMap((features) => [...features]));
  const { scores } = await indexOf(dim, "float32", images).scores(queries);
  assert.deepEqual(scores, bestVectorScores(all, queries, { dim, vectors: 1 }).scores);
});

Deno.test("in all precisions the results are those of its own scores, sorted, ties included", async () => {
  for (const precision of PRECISIONS) {
    const dim = 24, images = makeImages("ties", dim, repeat(60, 2));
    const twice = [...images, ...images.toReversed()]; // every score comes twice
    const index = indexOf(dim, precision, twice), [queries] = makeImages("asked", dim, [3]);
    const scores = await index.scores(queries);
    for (const count of [0, 1, 7, 120, 1000]) {
      const results = await index.search(queries, { count });
      results.forEach((found, q) => assert.deepEqual(found, topResults(scores, q, { count })));
    }
    for (let n = 0; n < 60; n++) assert.equal(scores.scores[n], scores.scores[119 - n]);
  }
});

Deno.test("no result depends on the number of threads, on the batch or on the other images", async () => {
  // 51 million multiplications: enough for three threads
  const dim = 256, copies = 60, images = makeImages("many", dim, repeat(4, 166));
  const many = Array.from(
    { length: copies },
    (_, n) => images[n % 4].map((x) => x / (1 + n / 1e3)),
  );
  const [queries] = makeImages("asked", dim, [20]);
  for (const precision of PRECISIONS) {
    const index = indexOf(dim, precision, many);
    const scores = await index.scores(queries, { threads: 1 });
    const results = await index.search(queries, { threads: 1 });
    assert.equal(searchThreadCount(), 0);
    for (const threads of [2, 3]) {
      assert.deepEqual(await index.scores(queries, { threads }), scores);
      assert.deepEqual(await index.search(queries, { threads }), results);
      assert.equal(searchThreadCount(), threads);
    }
    await endSearchThreads();
    const few = indexOf(dim, precision, many.slice(1, 3));
    for (let q = 0; q < 5; q++) {
      const query = queries.subarray(q * dim, (q + 1) * dim);
      assert.deepEqual(await index.search(query), [results[q]]);
      const { scores: alone } = await few.scores(query);
      assert.deepEqual([...alone], [...scores.scores.subarray(q * copies + 1, q * copies + 3)]);
    }
  }
});

Deno.test("an index in many pieces has the results of one in one piece", async () => {
  const dim = 200, counts = Array.from({ length: 200 }, (_, n) => 1 + n % 6);
  const images = makeImages("pieces", dim, counts), [queries] = makeImages("asked", dim, [250]);
  for (const precision of PRECISIONS) {
    const whole = indexOf(dim, precision, images);
    const pieces = new FlatIndex({ dim, precision }, { segmentBytes: 40_000 });
    images.forEach((features) => pieces.add(features));
    assert.deepEqual([pieces.images, pieces.vectors], [whole.images, whole.vectors]);
    const scores = await whole.scores(queries), results = await whole.search(queries);
    for (const threads of [1, 2]) {
      assert.deepEqual(await pieces.scores(queries, { threads }), scores);
      assert.deepEqual(await pieces.search(queries, { threads }), results);
    }
  }
  assert.equal(searchThreadCount(), 2);
  await endSearchThreads();
});

Deno.test("more queries than are asked at once", async () => {
  const dim = 6,
    images = makeImages("few", dim, [2, 1, 3]),
    [queries] = makeImages("q", dim, [600]);
  for (const precision of PRECISIONS) {
    const index = indexOf(dim, precision, images), all = await index.scores(queries);
    const results = await index.search(queries, { count: 2 });
    assert.equal(results.length, 600);
    for (const q of [0, 255, 256, 599]) {
      const query = queries.subarray(q * dim, (q + 1) * dim);
      assert.deepEqual(await index.search(query, { count: 2 }), [results[q]]);
      assert.deepEqual([...all.scores.subarray(3 * q, 3 * q + 3)], [
        ...(await index.scores(query)).scores,
      ]);
    }
  }
});

Deno.test("quantised scores are near the exact ones, also of vectors with outliers", async () => {
  for (const [precision, most, bytes] of [["int8", 0.01, 388], ["int4", 0.1, 196]] as const) {
    const dim = 380,
      images = makeImages("near", dim, repeat(40, 5))
        .map((features) => {
          const out = features.map((x, i) => i % dim === 3 ? 20 * x : x);
          for (let p = 0; p < 5; p++) {
            out.set(toUnit(out.subarray(p * dim, (p + 1) * dim)), p * dim);
          }
          return out;
        });
    const [queries] = makeImages("asked", dim, [8]);
    const exact = await indexOf(dim, "float32", images).scores(queries);
    const index = indexOf(dim, precision, images);
    assert.equal(index.bytes, 200 * bytes);
    const { scores } = await index.scores(queries);
    let squares = 0;
    scores.forEach((score, i) => squares += (score - exact.scores[i]) ** 2);
    const rms = Math.sqrt(squares / scores.length * dim);
    assert.ok(rms < 1.3 * most && rms > 0, `${precision}: ${rms}`);
  }
});

Deno.test("an index of nothing, and images added after a search", async () => {
  for (const precision of PRECISIONS) {
    const index = new FlatIndex({ dim: 3, precision }), query = Float32Array.of(0, 0, 1);
    assert.deepEqual(await index.search(query), [[]]);
    assert.deepEqual((await index.scores(query)).scores.length, 0);
    index.add(Float32Array.of(1, 0, 0));
    assert.equal((await index.search(query))[0][0].image, 0);
    index.add(Float32Array.of(0, 1, 0, 0, 0, 1));
    const [[best]] = await index.search(query);
    assert.deepEqual([best.image, best.patch], [1, 1]);
    assert.deepEqual(await index.search(new Float32Array()), []);
    assert.equal(index.add(new Float32Array(3)), 2); // a vector of length 0 has score 0
    assert.ok((await index.scores(query)).scores[2] === 0);
  }
});

Deno.test("threads find images added since, and search several indices in turns", async () => {
  const dim = 256, images = makeImages("grown", dim, repeat(240, 100));
  const [queries] = makeImages("asked", dim, [12]);
  for (const precision of PRECISIONS) {
    const indices = [0, 1].map(() => new FlatIndex({ dim, precision }, { segmentBytes: 2 ** 24 }));
    for (let added = 0; added < images.length; added += 120) {
      for (const [i, index] of indices.entries()) {
        for (const features of images.slice(added, added + 120)) {
          index.add(i === 0 ? features : features.map((x) => -x));
        }
      }
      for (let turn = 0; turn < 2; turn++) {
        for (const index of indices) {
          const here = await index.search(queries, { threads: 1 });
          assert.deepEqual(await index.search(queries, { threads: 2 }), here);
        }
      }
    }
    assert.notDeepEqual(
      await indices[0].search(queries, { threads: 2 }),
      await indices[1].search(queries, { threads: 2 }),
    );
  }
  assert.equal(searchThreadCount(), 2);
  await endSearchThreads();
});

Deno.test("an index refuses hostile input, and says why", async () => {
  for (const dim of [0, -1, 1.5, NaN]) {
    assert.throws(() => new FlatIndex({ dim }), /Cannot make an index: dim must be/);
  }
  const index = new FlatIndex({ dim: 2 }), query = Float32Array.of(1, 0);
  assert.throws(() => index.add(new Float32Array()), /Cannot index image: it has no vector/);
  assert.throws(
    () => index.add(new Float32Array(3)),
    /Cannot index image: 3 values are not a whole/,
  );
  assert.throws(() => index.add(Float32Array.of(1, NaN)), /Cannot index image: a value is NaN/);
  assert.throws(() => index.add(Float32Array.of(Infinity, 0)), /a value is Infinity/);
  assert.equal(index.images, 0);
  index.add(query);
  await assert.rejects(index.search(new Float32Array(3)), /Cannot score queries: 3 values/);
  await assert.rejects(
    index.search(Float32Array.of(NaN, 0)),
    /Cannot score queries: a value is NaN/,
  );
  await assert.rejects(index.search(query, { count: -1 }), /count must be an integer from 0 on/);
  await assert.rejects(index.search(query, { threads: 0 }), /threads must be a positive integer/);
  for (const segmentBytes of [-1, NaN]) {
    assert.throws(() => new FlatIndex({ dim: 2 }, { segmentBytes }), /segmentBytes must be 0 or/);
  }
});

Deno.test("an index of too many pieces refuses another image, and keeps those it has", async () => {
  const index = new FlatIndex({ dim: 2 }, { segmentBytes: 0 }); // a piece an image
  for (let i = 0; i < 4096; i++) index.add(Float32Array.of(i, 0));
  assert.throws(
    () => index.add(Float32Array.of(0, 1)),
    /4096 pieces of segmentBytes \(0\) are full/,
  );
  assert.equal(index.images, 4096);
  const [[best]] = await index.search(Float32Array.of(1, 0), { count: 1 });
  assert.deepEqual(best, { rank: 1, image: 4095, score: 4095, patch: 0 });
});

Deno.test("many small batches stop, too, and queries may change as soon as a search has begun", async () => {
  const dim = 64, [features] = makeImages("batches", dim, [1000]);
  const index = indexOf(dim, "float32", [features]);
  const queries = new Float32Array(60_000 * dim), later = new AbortController();
  setTimeout(() => later.abort(new Error("enough")), 20);
  await assert.rejects(index.search(queries, { threads: 1, signal: later.signal }), /enough/);
  const [asked] = makeImages("asked", dim, [600]), before = await index.search(asked);
  const searching = index.search(asked);
  asked.fill(NaN);
  assert.deepEqual(await searching, before);
});

Deno.test("an image of more vectors than are multiplied at once with all queries", async () => {
  const dim = 4,
    [features] = makeImages("long", dim, [400_000]),
    [queries] = makeImages("q", dim, [100]);
  const index = indexOf(dim, "float32", [features, features.subarray(0, 40)]);
  const scores = await index.scores(queries), results = await index.search(queries, { count: 2 });
  results.forEach((found, q) => assert.deepEqual(found, topResults(scores, q, { count: 2 })));
});

Deno.test("a search stops with the signal's reason, on its own thread and on others", async () => {
  const dim = 512, [features] = makeImages("stopped", dim, [1000]);
  const index = indexOf(dim, "float32", new Array(20).fill(features));
  const queries = new Float32Array(256 * dim);
  for (const threads of [1, 2]) {
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(index.search(queries, { threads, signal }), /enough/);
    const later = new AbortController();
    const searching = index.search(queries, { threads, signal: later.signal });
    setTimeout(() => later.abort(new Error("enough")), 20);
    await assert.rejects(searching, /enough/);
    assert.equal((await index.search(features.subarray(0, dim), { threads }))[0][0].patch, 0);
  }
  assert.equal(searchThreadCount(), 2);
  await endSearchThreads();
});

Deno.test("threads that were ended start again, and keep no process alive", async () => {
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const source = `import { FlatIndex } from ${at("./flat_index.ts")};
    import { endSearchThreads, searchThreadCount } from ${at("./threads.ts")};
    const dim = 512, index = new FlatIndex({ dim });
    for (let n = 0; n < 20; n++) index.add(new Float32Array(1000 * dim).fill(n));
    const queries = new Float32Array(4 * dim).fill(1);
    const images = [];
    for (let turn = 0; turn < 2; turn++) {
      if (turn === 1) await endSearchThreads();
      images.push((await index.search(queries, { threads: 2, count: 1 }))[0][0].image);
    }
    console.log(images.join(), searchThreadCount());`;
  const begun = performance.now();
  const args = ["eval", "--no-check", source];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    signal: AbortSignal.timeout(60_000), // a process that stays alive is killed, and fails the test
  }).output();
  const [out, log] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(out, "19,19 2\n", `${log} after ${performance.now() - begun} ms`);
  assert.equal(code, 0);
});
