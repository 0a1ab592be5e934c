import assert from "node:assert/strict";
import { divideWords, onlyQueries } from "./words.ts";

Deno.test("words are divided once and for all by the seed", () => {
  const { known, hidden, pick } = divideWords(10, 4, 7);
  assert.equal(hidden.length, 4);
  assert.deepEqual([...known, ...hidden].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(divideWords(10, 4, 7).hidden, hidden);
  assert.notDeepEqual(divideWords(10, 4, 8).hidden, hidden);
  const prompts = Float32Array.from({ length: 20 }, (_, i) => Math.floor(i / 2)); // (10, 2)
  assert.deepEqual([...pick(prompts)], known.flatMap((q) => [q, q]));
});

Deno.test("nothing is hidden unless asked for, and never everything", () => {
  const { known, hidden } = divideWords(3, 0, 1);
  assert.deepEqual([known, hidden], [[0, 1, 2], []]);
  for (const count of [-1, 3, 1.5]) {
    assert.throws(() => divideWords(3, count, 1), /Cannot hide words/);
  }
});

Deno.test("queries that do not count have no right answer", () => {
  const relevance = { queries: 3, images: 2, relevant: Uint8Array.of(1, 0, 1, 1, 0, 1) };
  const { relevant } = onlyQueries(relevance, [0, 2]);
  assert.deepEqual([...relevant], [1, 0, 0, 0, 0, 1]);
});
