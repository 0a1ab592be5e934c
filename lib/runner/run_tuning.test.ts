import assert from "node:assert/strict";
import { join } from "node:path";
import { gridPoints, PAPER_GRID } from "../fusion/mod.ts";
import { loadEngine } from "../tensor/mod.ts";
import type { ExperimentConfig, FusionMethod } from "./config.ts";
import { noticesOf } from "../runtime/testing.ts";
import { readResults } from "../report/results.ts";
import { runTuning, type TrialRow } from "./run_tuning.ts";
import { testConfig, withFolders } from "./testing.ts";

await loadEngine({ prefer: "wasm" });

const cover = { scheme: "complete", k: 2 } as const;
const small = { encoderLayers: 1, decoderLayers: 1, feedForward: 16, dropout: 0 } as const;
const method: FusionMethod = {
  method: "DetailCLIP",
  cover,
  fuser: {
    kind: "trained",
    model: { kind: "transformer", size: "tiny", ...small },
    train: {
      epochs: 2,
      batchSize: 7,
      learningRate: 1e-3,
      loss: { kind: "query-proxy", distance: "mse" },
    },
  },
};
const config = testConfig({
  name: "test_search",
  covers: [cover],
  bootstrap: { confidence: 0.95 },
});

Deno.test("a tuning tries points of Table 14, writes their rows, and keeps no weights", () =>
  withFolders(async (options) => {
    const { rows, best, images, path } = await runTuning(config, method, {
      ...options,
      draws: 2,
      epochs: 1,
    });
    assert.deepEqual(images, { train: 28, val: 4 });
    assert.equal(best.recall, Math.max(...rows.map(({ recall }) => recall!)));
    const points = gridPoints(PAPER_GRID, { draws: 2, seed: config.seed });
    for (const [i, row] of rows.entries()) {
      assert.deepEqual({ ...row, ...points[i] }, row); // the point stands in it
      assert.deepEqual([row.trial, row.epoch, row.steps], [i + 1, 1, 4]);
      assert.ok(row.recall! >= 0 && row.recall! <= 1 && row.loss! > 0);
    }
    const written = await readResults<TrialRow>(path);
    assert.deepEqual(written.map(({ recall }) => recall), rows.map(({ recall }) => recall));
    const kept = [...Deno.readDirSync(join(options.cacheDir, "search"))].map(({ name }) => name);
    assert.equal(kept.length, 2); // the journal and its lock
    assert.match(kept.sort().join(" "), /^([0-9a-f]{12}\.jsonl) \1\.lock$/);
  }));

Deno.test("a tuning repeats no trial, and more draws go on from fewer", () =>
  withFolders(async (options) => {
    const tuning = (draws: number, changes: Partial<ExperimentConfig> = {}) =>
      runTuning({ ...config, ...changes }, method, { ...options, draws, epochs: 1 });
    const first = await tuning(1);
    const { rows } = await tuning(2);
    assert.deepEqual(rows[0], first.rows[0]); // seconds too: it was read, not run
    assert.deepEqual((await tuning(2)).rows, rows);
    const fewer = await tuning(1, { learn: { train: 14 } }); // other images: another study
    assert.equal(fewer.rows[0].steps, 2);
  }));

Deno.test("a stopped tuning goes on with the trial that it was stopped in", () =>
  withFolders(async (options) => {
    const tuning = { ...options, draws: 3, epochs: 1 };
    const folders = {
      whole: join(options.cacheDir, "whole"),
      parts: join(options.cacheDir, "parts"),
    };
    const whole = await runTuning(config, method, { ...tuning, cacheDir: folders.whole });
    const controller = new AbortController(), reason = new Error("enough");
    const watch = setInterval(() => {
      try { // once the first row is there
        const files = [...Deno.readDirSync(join(folders.parts, "search"))];
        if (files.some(({ name }) => name.endsWith(".jsonl"))) controller.abort(reason);
      } catch { /* not yet */ }
    }, 2);
    const { signal } = controller;
    const stopped = runTuning(config, method, {
      ...tuning,
      draws: 100,
      cacheDir: folders.parts,
      signal,
    });
    await assert.rejects(stopped, reason).finally(() => clearInterval(watch));
    const { rows } = await runTuning(config, method, { ...tuning, cacheDir: folders.parts });
    const outcome = ({ seconds: _, ...row }: TrialRow) => row;
    assert.deepEqual(rows.map(outcome), whole.rows.map(outcome));
  }));

Deno.test("a tuning that another engine began goes on, and rows say which one it was", () =>
  withFolders(async (options) => {
    const tuning = (draws: number) => runTuning(config, method, { ...options, draws, epochs: 1 });
    const first = await tuning(1);
    const { name, note } = await loadEngine({ prefer: "native" });
    if (name !== "native") return console.log(`skipped: ${note}`);
    const said = await noticesOf(async () => {
      const { rows } = await tuning(2);
      assert.deepEqual(rows[0], { ...first.rows[0], engine: "wasm" });
      assert.equal(rows[1].engine, undefined); // of the run's own
    }).finally(() => loadEngine({ prefer: "wasm" }));
    const again = await tuning(2);
    assert.deepEqual(again.rows.map(({ engine }) => engine), [undefined, "native"]);
    assert.equal(said.length, 1);
    assert.match(said[0], /jsonl: trials were run on wasm so far, and go on on native/);
  }));

Deno.test("only trained transformers are tuned", () =>
  withFolders(async (options) => {
    const other: FusionMethod = { method: "closed form", cover, fuser: { kind: "closed-form" } };
    await assert.rejects(runTuning(config, other, options), /closed form is no trained/);
  }));
