import assert from "node:assert/strict";
import { checkNames, checkWhole, checkWholes } from "./knobs.ts";

Deno.test("numbers outside of the range, and what is no number, are refused", () => {
  assert.equal(checkWhole("k", 15, [2, 15]), 15);
  for (const bad of [1, 16, 2.5, NaN, "5" as unknown as number]) {
    assert.throws(() => checkWhole("k", bad, [2, 15]), /Cannot set k: .* from 2 to 15, got /);
  }
});

Deno.test("lists are sorted; empty ones and doubles are refused", () => {
  assert.deepEqual(checkWholes("ks", [10, 5], [2, 15]), [5, 10]);
  assert.throws(() => checkWholes("ks", [], [2, 15]), /Cannot set ks: .* at least one, got \[\]/);
  assert.throws(() => checkWholes("ks", [5, 5], [2, 15]), /it has a value twice, got \[5,5\]/);
  assert.throws(() => checkWholes("ks", [5, 99], [2, 15]), /each of ks: .*, got 99/);
  assert.throws(() => checkWholes("ks", 5 as unknown as number[], [2, 15]), /at least one, got 5/);
});

Deno.test("unknown names are refused with the known ones", () => {
  assert.deepEqual(checkNames("sets", ["b"], ["a", "b"]), ["b"]);
  assert.throws(() => checkNames("sets", ["c"], ["a", "b"]), /must be one of a, b, got "c"/);
  assert.throws(
    () => checkNames("query", ["bearr"], ["bear", "key"]),
    /"bearr"; did you mean bear\?/,
  );
});
