import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import {
  measureSearch,
  medianOf,
  patchCollection,
  randomUnitVectors,
  vectorCollection,
} from "./search_cost.ts";

const dim = 8;

Deno.test("random vectors have length 1, and differ", () => {
  const vectors = randomUnitVectors(createRandom(1), dim)(3);
  for (let row = 0; row < 3; row++) {
    const square = vectors.subarray(row * dim, (row + 1) * dim).reduce((sum, x) => sum + x * x, 0);
    assert.ok(Math.abs(square - 1) < 1e-6);
  }
  assert.notDeepEqual([...vectors.subarray(0, dim)], [...vectors.subarray(dim, 2 * dim)]);
  assert.throws(() => randomUnitVectors(createRandom(1), 0), /dim must be a positive integer/);
});

Deno.test("both kinds of collection find the same best vector", () => {
  const draw = randomUnitVectors(createRandom(2), dim);
  const data = draw(5 * 3), queries = draw(2);
  const images = Array.from({ length: 5 }, (_, n) => ({
    features: data.subarray(n * 3 * dim, (n + 1) * 3 * dim),
  }));
  const one = patchCollection(images, { dim });
  const other = vectorCollection(data, { dim, vectors: 3 });
  assert.deepEqual([one.vectors, one.images], [other.vectors, other.images]);
  const [a, b] = [one.search(queries).scores, other.search(queries).scores];
  a.forEach((score, i) => assert.ok(Math.abs(score - b[i]) < 1e-6));
});

Deno.test("every collection is asked every batch, once to warm up and once a round", async () => {
  const asked: string[] = [];
  const collection = (images: number) => ({
    vectors: 2,
    images,
    search: (queries: Float32Array) => {
      asked.push(`${images}: ${queries.length / dim}`);
      return { queries: 0, images, scores: new Float32Array() };
    },
  });
  const batches = [new Float32Array(dim), new Float32Array(3 * dim)];
  const rows = await measureSearch([collection(10), collection(20)], batches, { dim, rounds: 2 });
  const round = ["10: 1", "10: 3", "20: 1", "20: 3"];
  assert.deepEqual(asked, [...round, ...round, ...round]);
  assert.deepEqual(rows.map(({ images, queries }) => `${images}: ${queries}`), round);
  assert.ok(rows.every(({ rounds, ms }) => rounds.length === 2 && ms === medianOf(rounds)));
});

Deno.test("a stopped measurement throws the reason", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  const collection = vectorCollection(new Float32Array(dim), { dim, vectors: 1 });
  await assert.rejects(
    measureSearch([collection], [new Float32Array(dim)], { dim, signal }),
    /enough/,
  );
});

Deno.test("the stop button ends a measurement that has a signal of its caller's too", async () => {
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const source = `import { interruptible } from ${at("../runtime/interrupt.ts")};
    import { measureSearch } from ${at("./search_cost.ts")};
    using _ = interruptible();
    let searches = 0;
    const search = () => void (searches++ === 0 && Deno.kill(Deno.pid, "SIGINT"));
    const { signal } = new AbortController();
    const options = { dim: 1, rounds: 1000, signal };
    await measureSearch([{ search }], [new Float32Array(1)], options).then(
      () => console.log("went on"),
      (error) => console.log(error.name),
    );`;
  // in a process of its own: the test runner itself ends at SIGINT
  const args = ["eval", "--no-check", source];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const [out, log] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(out, "InterruptError\n", log);
});

Deno.test("medians of an odd and an even number of values", () => {
  assert.equal(medianOf([3, 1, 2]), 2);
  assert.equal(medianOf([4, 1, 2, 9]), 3);
  assert.ok(Number.isNaN(medianOf([])));
});
