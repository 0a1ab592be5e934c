import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../../features/testing.ts";
import { readSafetensors } from "../../tensor/safetensors.ts";
import { tune, type TuneOptions } from "./tune.ts";
import { gridPoints, PAPER_GRID, paperSettings } from "./grid.ts";

const GRID = { rate: [1, 2, 3], decay: [0, 0.5] } as const;

type Point = { rate: number; decay: number };

/** A tuning whose trials are counted; higher rates are better, and decay 0.5 at rate 3 fails. */
function startTuning(
  path: string,
  changes: Partial<TuneOptions<typeof GRID, { note: string }>> = {},
) {
  const tried: Point[] = [];
  const trial = (point: Point) => {
    tried.push(point);
    if (point.rate === 3 && point.decay === 0.5) throw new Error("the loss is NaN");
    return Promise.resolve({ recall: point.rate / 10, note: `rate ${point.rate}` });
  };
  return { tried, result: tune({ grid: GRID, trial, path, study: "test", ...changes }) };
}

Deno.test("gridPoints: the paper's grid has 360 points, each once", () => {
  const points = gridPoints(PAPER_GRID);
  assert.equal(points.length, 360);
  assert.equal(new Set(points.map((point) => JSON.stringify(point))).size, 360);
  assert.deepEqual(paperSettings(points[0]), {
    training: {
      learningRate: 0.001,
      weightDecay: 0,
      schedule: { kind: "step", warmupEpochs: 10, stepEpochs: 60, gamma: 0.5 },
      clipNorm: 0.00001,
    },
    epsilon: 0.0001,
  });
});

Deno.test("gridPoints: draws are points of the grid, different ones, and follow from the seed", () => {
  const draw = (seed: number) => gridPoints(PAPER_GRID, { draws: 20, seed });
  const all = new Set(gridPoints(PAPER_GRID).map((point) => JSON.stringify(point)));
  const texts = draw(1).map((point) => JSON.stringify(point));
  assert(texts.every((text) => all.has(text)));
  assert.equal(new Set(texts).size, 20);
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  assert.equal(gridPoints(GRID, { draws: 100 }).length, 6);
  assert.deepEqual(draw(1).slice(0, 5), gridPoints(PAPER_GRID, { draws: 5, seed: 1 }));
});

Deno.test("gridPoints: few draws try every candidate, about equally often", () => {
  for (const seed of [1, 2, 3]) {
    const drawn = gridPoints(PAPER_GRID, { draws: 10, seed });
    for (const [name, values] of Object.entries(PAPER_GRID)) {
      const counts = values.map((value) =>
        drawn.filter((point) => Object.entries(point).some(([n, v]) => n === name && v === value))
          .length
      );
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      assert.ok(least >= 1 && most - least <= 2, `${name}: ${counts}`);
    }
  }
});

Deno.test("tune: tries every point, keeps every row, and chooses by recall", () =>
  withFolder(async (folder) => {
    const path = join(folder, "rows/tuning.jsonl");
    const { tried, result } = startTuning(path);
    const { rows, best } = await result;
    assert.deepEqual(tried, gridPoints(GRID));
    assert.deepEqual(best.point, { rate: 3, decay: 0 });
    assert.deepEqual(best.result, { note: "rate 3" });
    assert.equal(rows[5].error, "the loss is NaN");
    assert.equal(rows[5].recall, undefined);
    const lines = (await Deno.readTextFile(path)).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert.deepEqual(lines, rows.map((row) => ({ study: "test", ...row })));
  }));

Deno.test("tune: of equal recalls the first is chosen", () =>
  withFolder(async (folder) => {
    const trial = () => Promise.resolve({ recall: 0.5, note: "" });
    const { best } = await startTuning(join(folder, "rows"), { trial }).result;
    assert.deepEqual(best.point, { rate: 1, decay: 0 });
  }));

Deno.test("tune: goes on where it was stopped, after a torn line as well", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tuning.jsonl");
    const controller = new AbortController(), reason = new Error("enough");
    const stopped = startTuning(path, {
      signal: controller.signal,
      onTrial: (_row, done, total) => {
        assert.equal(total, 6);
        if (done === 3) controller.abort(reason);
      },
    });
    await assert.rejects(stopped.result, reason);
    assert.equal(stopped.tried.length, 3);
    const first = (await Deno.readTextFile(path)).split("\n")[0];
    const fourth = first.replace(/"point":{[^}]+}/, '"point":{"rate":2,"decay":0.5}');
    await Deno.writeTextFile(path, fourth, { append: true }); // all but its line feed
    const resumed = startTuning(path);
    const { rows } = await resumed.result;
    assert.deepEqual(resumed.tried, gridPoints(GRID).slice(3));
    const again = startTuning(path);
    assert.deepEqual((await again.result).rows, rows);
    assert.equal(again.tried.length, 0);
    await Deno.writeTextFile(path, '{"study":"test","point":{"ra', { append: true });
    assert.deepEqual((await startTuning(path).result).rows, rows);
  }));

Deno.test("tune: a trial that was stopped leaves no row", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tuning.jsonl");
    const controller = new AbortController(), reason = new Error("enough");
    const trial = () => {
      controller.abort(reason);
      throw new Error("stopped half-way");
    };
    const { result } = startTuning(path, { trial, signal: controller.signal });
    await assert.rejects(result, reason);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  }));

Deno.test("tune: what the system refuses is no trial's result", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tuning.jsonl");
    const trial = async () => {
      await Deno.readTextFile(join(folder, "missing"));
      return { recall: 1, note: "" };
    };
    await assert.rejects(startTuning(path, { trial }).result, Deno.errors.NotFound);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound); // no row
  }));

Deno.test("tune: what the system refuses is known under what was said of it since", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tuning.jsonl");
    const trial = async () => {
      await readSafetensors(join(folder, "missing")).catch((cause) => {
        throw new Error("cannot go on", { cause });
      });
      return { recall: 1, note: "" };
    };
    await assert.rejects(startTuning(path, { trial }).result, /cannot go on/);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound); // no row
  }));

Deno.test("tune: a second tuning on the same rows is refused, until the first ends", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tuning.jsonl");
    const trial = async (point: Point) => {
      await assert.rejects(startTuning(path).result, /another tuning is writing to .*tuning.jsonl/);
      return { recall: point.rate, note: "" };
    };
    await startTuning(path, { trial, draws: 1 }).result;
    await startTuning(path).result;
  }));

Deno.test("tune: rows of another study are neither used nor lost", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tuning.jsonl");
    await startTuning(path, { study: "other data" }).result;
    const { tried, result } = startTuning(path);
    await result;
    assert.equal(tried.length, 6);
    assert.equal((await Deno.readTextFile(path)).trim().split("\n").length, 12);
  }));

Deno.test("tune: what cannot be tuned is refused", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tuning.jsonl");
    assert.throws(() => gridPoints({ rate: [] }), /rate has no candidates/);
    await assert.rejects(startTuning(path, { draws: 0 }).result, /draws must be .* got 0/);
    const failing = () => Promise.reject(new Error("no memory"));
    await assert.rejects(
      startTuning(path, { trial: failing }).result,
      /all trials failed.*no memory/,
    );
    const nan = () => Promise.resolve({ recall: NaN, note: "" });
    await assert.rejects(
      startTuning(path, { trial: nan, study: "b" }).result,
      /all trials failed.*recall is NaN/,
    );
    await Deno.writeTextFile(path, "not json\n");
    await assert.rejects(startTuning(path).result, /tuning.jsonl:1 is not JSON/);
  }));
