import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runKillTest } from "./kill_test.ts";
import { killTrainings } from "./trainings.ts";

Deno.test("training killed at random moments, beside another or alone, ends in the same weights", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kill-test-" });
  try {
    const result = await killTrainings({ rounds: 3, seed: 2, folder });
    assert.equal(result.kills, 3);
    assert.ok(result.compared >= 1 && result.besides >= 1, JSON.stringify(result));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("extraction killed at random moments loses at most a batch, and ends up the same", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kill-test-" });
  try {
    const encoder = fileURLToPath(
      new URL("../../lib/encoders/testdata/random-clip", import.meta.url),
    );
    const result = await runKillTest({ rounds: 4, seed: 2, images: 24, batch: 4, encoder, folder });
    assert.equal(result.kills, 4);
    assert.ok(result.compared >= 1);
    assert.ok(result.lost <= 4);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
