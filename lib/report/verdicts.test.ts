import assert from "node:assert/strict";
import { asGood, better, type Decision, level, MARGIN, not, several } from "./verdicts.ts";

/** An interval in points. */
const of = (low: number, high: number) => ({ low: low / 100, high: high / 100 });

Deno.test("better, level and as good follow the interval, not its middle", () => {
  const cases: [low: number, high: number, ...expected: Decision[]][] = [
    // better, level, as good
    [45, 48, "yes", "no", "yes"],
    [0.5, 1.5, "yes", "yes", "yes"], // surely better, if not by much
    [0.5, 3, "yes", "undecided", "yes"],
    [0, 1, "no", "yes", "yes"], // within the margin
    [-1, 3, "undecided", "undecided", "yes"],
    [-3, 3, "undecided", "undecided", "undecided"],
    [-1, 0, "no", "yes", "yes"],
    [-3, -1, "no", "undecided", "undecided"],
    [-9, -3, "no", "no", "no"],
    [-2, 2, "no", "yes", "yes"],
    [-3, -2, "no", "undecided", "undecided"],
    [NaN, NaN, "undecided", "undecided", "undecided"],
  ];
  for (const [low, high, ...expected] of cases) {
    const interval = of(low, high);
    assert.deepEqual([better(interval), level(interval), asGood(interval)], expected, `${low}`);
  }
  assert.equal(MARGIN, 0.02);
});

Deno.test("the contrary of what is decided is decided", () => {
  const all: Decision[] = ["yes", "no", "partly", "undecided"];
  assert.deepEqual(all.map(not), ["no", "yes", "partly", "undecided"]);
});

Deno.test("several parts hold where all do, and not where none does", () => {
  const cases: [Decision[], Decision][] = [
    [["yes", "yes"], "yes"],
    [["no", "no"], "no"],
    [["yes", "no"], "partly"],
    [["yes", "undecided"], "partly"],
    [["partly", "no"], "partly"],
    [["no", "undecided"], "undecided"],
    [["undecided"], "undecided"],
  ];
  for (const [parts, expected] of cases) {
    assert.equal(several(parts), expected);
    assert.equal(several(parts.toReversed()), expected);
  }
  assert.throws(() => several([]), /Cannot decide: a claim has no parts/);
});
