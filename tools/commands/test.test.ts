import assert from "node:assert/strict";
import { readTotals, sumTotals, totalsLine, whyNothing } from "./test.ts";

Deno.test("counts are read from the runner's own summary", () => {
  const clean = "a ... ok (1ms)\n\nok | 12 passed (3 steps) | 0 failed | 2 ignored (4s)\n";
  assert.deepEqual(readTotals(clean, 0), { passed: 12, failed: 0, skipped: 2 });
  const bad = "FAILED | 4 passed | 2 failed | 1 filtered out (17s)\n\nerror: Test failed\n";
  assert.deepEqual(readTotals(bad, 1), { passed: 4, failed: 2, skipped: 0 });
});

Deno.test("a run that broke off, or ran nothing, is a failure", () => {
  assert.equal(readTotals("error: Type checking failed.\n", 1).failed, 1);
  assert.equal(readTotals("ok | 3 passed | 0 failed (1s)\nerror: leaks\n", 1).failed, 1);
  assert.equal(readTotals("ok | 0 passed | 0 failed (0ms)\n", 0).failed, 1);
});

Deno.test("a run in which no test ran says why", () => {
  assert.match(
    whyNothing("\nok | 0 passed | 0 failed | 3 filtered out (42ms)\n")!,
    /^no test ran: of the 3 that there are none has such a name/,
  );
  assert.match(whyNothing("ok | 0 passed | 0 failed (0ms)\n")!, /none in what was named$/);
  assert.equal(
    whyNothing("error: Import 'file:///w/lib/absent.test.ts' failed, not found.\n\nStack …"),
    "no test ran: there is no /w/lib/absent.test.ts",
  );
  for (const other of ["ok | 3 passed | 0 failed (1s)", "FAILED | 0 passed | 1 failed (1s)", ""]) {
    assert.equal(whyNothing(other), undefined, other);
  }
});

Deno.test("the closing line", () => {
  const sum = sumTotals([
    { passed: 3, failed: 0, skipped: 1 },
    { passed: 4, failed: 1, skipped: 0 },
  ]);
  assert.equal(totalsLine(sum), "7 passed, 1 failed, 1 skipped");
  assert.equal(totalsLine({ ...sum, skipped: 0 }), "7 passed, 1 failed");
});
