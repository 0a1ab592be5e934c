import assert from "node:assert/strict";
import { createRandom } from "../../numeric/random.ts";
import { bestUnitVectors } from "./best_unit_vectors.ts";

type Numbers = ArrayLike<number>;
const dot = (a: Numbers, b: Numbers) => Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);
const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));

/** Random unit rows. // (rows, dim) */
function unitRows(rows: number, dim: number, seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from(
    { length: rows },
    () => unit(Array.from({ length: dim }, () => random.normal())),
  );
}

/** Equation 7 for one image. */
const loss = (v: Numbers, prompts: number[][], targets: Numbers) =>
  prompts.reduce((sum, w, q) => sum + (dot(v, w) - targets[q]) ** 2, 0);

/** Descends from a start along the sphere: another way to the same minimum. */
function descend(start: number[], prompts: number[][], targets: Numbers): number[] {
  let v = start;
  for (let step = 0; step < 4000; step++) {
    const slope = v.map((_, d) =>
      prompts.reduce((sum, w, q) => sum + 2 * (dot(v, w) - targets[q]) * w[d], 0)
    );
    v = unit(v.map((x, d) => x - 0.02 * slope[d]));
  }
  return v;
}

const flat = (rows: readonly Numbers[]) =>
  Float32Array.from(rows.flatMap((row) => Array.from(row)));

for (
  const [name, queries, dim, height] of [
    ["fewer prompts than dimensions, targets out of reach", 5, 8, 0.9],
    ["fewer prompts than dimensions, targets within reach", 3, 8, 0.1],
    ["more prompts than dimensions, high targets", 12, 6, 0.9],
    ["more prompts than dimensions, low targets", 12, 6, 0.05],
  ] as const
) {
  Deno.test(`best unit vectors: no descent finds better: ${name}`, () => {
    const prompts = unitRows(queries, dim, 3), random = createRandom(5);
    const targets = Array.from(
      { length: 4 },
      () => Float32Array.from({ length: queries }, () => height * random.next()),
    );
    const found = bestUnitVectors(flat(targets), flat(prompts), dim);
    const rounded = prompts.map((row) => Array.from(Float32Array.from(row)));
    targets.forEach((t, n) => {
      const v = found.subarray(n * dim, (n + 1) * dim), own = loss(v, rounded, t);
      assert(Math.abs(dot(v, v) - 1) < 1e-6);
      const others = unitRows(8, dim, 100 + n).map((start) =>
        loss(descend(start, rounded, t), rounded, t)
      );
      assert(others.every((other) => own <= other + 1e-6), `${own} > ${Math.min(...others)}`);
      assert(Math.min(...others) - own < 1e-4);
    });
  });
}

Deno.test("best unit vectors: what nothing asks for along the weakest direction is filled up there", () => {
  const prompts = [[1, 0], [1, 0], [0, 1]]; // twice as much is asked along x; nothing along y
  const [x, y] = bestUnitVectors(Float32Array.of(0.2, 0.2, 0), flat(prompts), 2);
  // 2 (x - 0.2)² + y² with x² + y² = 1: x = 0.4
  assert(Math.abs(x - 0.4) < 1e-5 && Math.abs(Math.abs(y) - Math.sqrt(0.84)) < 1e-5, `${x}, ${y}`);
});

Deno.test("best unit vectors: what does not fit is refused", () => {
  assert.throws(
    () => bestUnitVectors(Float32Array.of(1, 1), new Float32Array(0), 2),
    /Cannot find the best unit vectors: there are no prompts/,
  );
  assert.throws(
    () => bestUnitVectors(Float32Array.of(NaN), Float32Array.of(1, 0), 2),
    /Cannot find the best unit vectors: a value is not finite/,
  );
});
