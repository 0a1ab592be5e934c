import assert from "node:assert/strict";
import { createRandom } from "./random.ts";
import { sphericalKMeans } from "./spherical_kmeans.ts";
import { randomUnit, toUnit } from "./testing.ts";

const DIM = 5;

/** `each` unit vectors around each of `count` directions, and which direction each belongs to. */
function clusters(count: number, each: number, spread: number) {
  const random = createRandom(`${count} ${each} ${spread}`);
  const rows: Float32Array[] = [];
  for (let c = 0; c < count; c++) {
    const centre = new Float32Array(DIM);
    centre[c % DIM] = c < DIM ? 1 : -1;
    for (let i = 0; i < each; i++) {
      rows.push(toUnit(centre.map((value) => value + spread * random.normal())));
    }
  }
  return Float32Array.from(rows.flatMap((row) => [...row]));
}

function cosine(a: Float32Array, i: number, b: Float32Array, j: number): number {
  let sum = 0;
  for (let d = 0; d < DIM; d++) sum += a[i * DIM + d] * b[j * DIM + d];
  return sum;
}

/** For each row the nearest centroid and its cosine. */
function nearest(features: Float32Array, centroids: Float32Array) {
  return Array.from({ length: features.length / DIM }, (_, row) => {
    const all = Array.from(
      { length: centroids.length / DIM },
      (_, m) => cosine(features, row, centroids, m),
    );
    const best = Math.max(...all);
    return { best, cluster: all.indexOf(best) };
  });
}

const total = (features: Float32Array, centroids: Float32Array) =>
  nearest(features, centroids).reduce((sum, { best }) => sum + best, 0);

Deno.test("sphericalKMeans finds clusters that are there", () => {
  const features = clusters(4, 10, 0.05);
  for (let seed = 0; seed < 10; seed++) {
    const centroids = sphericalKMeans(features, 4, { dim: DIM, random: createRandom(seed) });
    const found = nearest(features, centroids).map(({ cluster }) => cluster);
    for (let c = 0; c < 4; c++) assert.equal(new Set(found.slice(10 * c, 10 * c + 10)).size, 1);
    assert.equal(new Set(found).size, 4);
  }
});

Deno.test("centroids are unit vectors, each the direction of those nearest to it", () => {
  const random = createRandom(3);
  const features = Float32Array.from(
    Array.from({ length: 60 }, () => [...randomUnit(random, DIM)]).flat(),
  );
  for (const count of [1, 2, 7, 60]) {
    const centroids = sphericalKMeans(features, count, { dim: DIM, random });
    const found = nearest(features, centroids);
    for (let m = 0; m < count; m++) {
      const sum = new Float32Array(DIM);
      found.forEach(({ cluster }, row) => {
        if (cluster === m) sum.forEach((_, d) => sum[d] += features[row * DIM + d]);
      });
      toUnit(sum).forEach((value, d) => {
        assert.ok(Math.abs(centroids[m * DIM + d] - value) < 1e-5, `${m} of ${count}`);
      });
    }
  }
});

Deno.test("a weight is as much as so many equal patches", () => {
  const random = createRandom(5);
  const rows = Array.from({ length: 40 }, () => [...randomUnit(random, DIM)]);
  const weights = rows.map((_, i) => i % 4); // each fourth patch counts for nothing
  const features = Float32Array.from(rows.flat());
  const repeated = Float32Array.from(
    rows.flatMap((row, i) => Array.from({ length: weights[i] }, () => row)).flat(),
  );
  for (const count of [1, 2, 7]) {
    const centroids = sphericalKMeans(features, count, { dim: DIM, random, weights });
    const found = nearest(repeated, centroids);
    for (let m = 0; m < count; m++) {
      const sum = new Float32Array(DIM);
      found.forEach(({ cluster }, row) => {
        if (cluster === m) sum.forEach((_, d) => sum[d] += repeated[row * DIM + d]);
      });
      toUnit(sum).forEach((value, d) => {
        assert.ok(Math.abs(centroids[m * DIM + d] - value) < 1e-5, `${m} of ${count}`);
      });
    }
  }
});

Deno.test("first centroids are drawn by weight", () => {
  const features = clusters(9, 12, 0.6);
  const weights = new Float64Array(features.length / DIM);
  weights[17] = weights[40] = 1;
  for (let seed = 0; seed < 5; seed++) {
    const options = { dim: DIM, random: createRandom(seed), rounds: 0 };
    const centroids = sphericalKMeans(features, 2, { ...options, weights });
    const drawn = [0, 1].map((m) => nearest(centroids, features)[m].cluster).sort();
    assert.deepEqual(drawn, [17, 40]);
    const ones = new Float64Array(weights.length).fill(1);
    assert.deepEqual(
      sphericalKMeans(features, 4, { ...options, random: createRandom(seed), weights: ones }),
      sphericalKMeans(features, 4, { ...options, random: createRandom(seed) }),
    );
  }
});

Deno.test("no round makes it worse", () => {
  const features = clusters(9, 12, 0.6);
  for (let seed = 0; seed < 10; seed++) {
    let before = -Infinity;
    for (let rounds = 0; rounds < 12; rounds++) {
      const options = { dim: DIM, random: createRandom(seed), rounds };
      const after = total(features, sphericalKMeans(features, 6, options));
      assert.ok(after >= before - 1e-5, `seed ${seed}, round ${rounds}: ${after} < ${before}`);
      before = after;
    }
  }
});

Deno.test("the same seed gives the same centroids", () => {
  const features = clusters(9, 12, 0.6);
  const run = (seed: number) =>
    sphericalKMeans(features, 5, { dim: DIM, random: createRandom(seed) });
  assert.deepEqual(run(1), run(1));
  assert.notDeepEqual(run(1), run(2));
});

Deno.test("more centroids than different patches: some are equal, all are patches", () => {
  const features = clusters(2, 1, 0);
  const centroids = sphericalKMeans(features, 5, { dim: DIM, random: createRandom(1) });
  assert.equal(centroids.length, 5 * DIM);
  assert.ok(nearest(centroids, features).every(({ best }) => Math.abs(best - 1) < 1e-6));
  assert.ok(nearest(features, centroids).every(({ best }) => Math.abs(best - 1) < 1e-6));
  const same = Float32Array.from({ length: 8 * DIM }, (_, i) => i % DIM === 0 ? 1 : 0);
  const equal = sphericalKMeans(same, 3, { dim: DIM, random: createRandom(1) });
  assert.deepEqual(equal, same.slice(0, 3 * DIM));
});

Deno.test("opposite patches in one cluster leave its centroid where it was", () => {
  const features = Float32Array.of(1, 0, -1, 0);
  const centroid = sphericalKMeans(features, 1, { dim: 2, random: createRandom(1) });
  assert.equal(Math.abs(centroid[0]), 1);
});

Deno.test("sphericalKMeans refuses hostile input", () => {
  const run = (features: Float32Array, count: number) => () =>
    sphericalKMeans(features, count, { dim: 2, random: createRandom(1) });
  assert.throws(
    run(new Float32Array(0), 1),
    /^RangeError: Cannot cluster patches: there are none$/,
  );
  assert.throws(
    run(Float32Array.of(1, 0, 1), 1),
    /3 values are not a whole number of vectors of 2/,
  );
  assert.throws(run(Float32Array.of(1, NaN), 1), /a value is not finite/);
  for (const weights of [[1], [1, -1], [1, NaN], [1, Infinity]]) {
    const options = { dim: 2, random: createRandom(1), weights };
    assert.throws(
      () => sphericalKMeans(Float32Array.of(1, 0, 0, 1), 1, options),
      /^RangeError: Cannot cluster patches: weights must be 2 numbers from 0 on$/,
    );
  }
  for (const count of [0, 1.5, NaN]) {
    assert.throws(run(Float32Array.of(1, 0), count), /count must be a positive integer, got/);
  }
});
