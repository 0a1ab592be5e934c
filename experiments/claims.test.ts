import assert from "node:assert/strict";
import { judgeClaims } from "detailclip";
import { storedRuns } from "detailclip/report";
import { CLAIMS, judgedAtQuick, RULE } from "./claims.ts";
import { pairsFrom } from "./testing.ts";

Deno.test("the kept rows are judged, whether pairs and other seeds were kept or not", async () => {
  const judged = await judgedAtQuick();
  assert.equal(judged.length, CLAIMS.length);
  for (const { claim, ours, configuration } of judged) {
    assert.ok(ours.length > 0 && configuration === undefined, claim);
  }
});

Deno.test("with pairs and three seeds every claim is measured but that which needs more encoders", async () => {
  const own = (await storedRuns(CLAIMS, "quick")).filter(({ config }) => config.seed === 7);
  const runs = [7, 8, 9].flatMap((seed) =>
    own.map(({ config, ...run }) => ({
      ...run,
      config: { ...config, seed },
      pairs: pairsFrom(run.rows),
    }))
  );
  const open = judgeClaims(CLAIMS, runs).filter(({ holds }) => holds === "not measured");
  assert.deepEqual(
    open.map(({ notebook, ours }) => [notebook, /\d of \d [a-z ]+$/.exec(ours)?.[0]]),
    [["07_encoders", "1 of 2 encoders"]],
  );
});

Deno.test("the rule names its numbers", () => {
  assert.match(RULE, /±2 points/);
  assert.match(RULE, /each of 3 seeds or more.* 5 trainings a side/s);
});
