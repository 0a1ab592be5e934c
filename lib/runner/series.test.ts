import assert from "node:assert/strict";
import type { ExperimentConfig } from "./config.ts";
import { readResults } from "../report/results.ts";
import { memberRun, runSeries } from "./series.ts";
import { testConfig, withFolders } from "./testing.ts";

const config = testConfig({ name: "series", dataset: { limit: 3 }, bootstrap: { resamples: 10 } });

Deno.test("each member runs by itself, and what this machine lacks is reported beside them", () =>
  withFolders(async (options) => {
    const whole = applyLimit(undefined);
    const series = await runSeries([
      { label: "three images", config },
      { label: "all images", config: { ...whole, name: "series_all" } },
      {
        label: "another CLIP",
        config: {
          ...config,
          name: "series_other",
          encoder: { id: "nobody/nothing", dtype: "fp32" },
        },
        command: "deno task notebooks 99",
      },
    ], options);
    assert.deepEqual([...series.runs.keys()], ["three images", "all images"]);
    assert.equal(memberRun(series, "all images").imageIds.length, 8);
    assert.throws(
      () => memberRun(series, "another CLIP"),
      /Cannot show another CLIP: .*nobody\/nothing[^]*; then run deno task notebooks 99/,
    );
    assert.throws(() => memberRun(series, "LVIS"), /Cannot show LVIS: it was not run/);
    assert.deepEqual(series.rows.map(({ member, method, images }) => [member, method, images]), [
      ["three images", "chance", 3],
      ["three images", "full image", 3],
      ["all images", "chance", 8],
      ["all images", "full image", 8],
    ]);
    const [, all] = await readResults(series.runs.get("all images")!.path);
    assert.equal(all.value, series.rows[3].value);
    // the first images of the split, not any three
    const [few, many] = [...series.runs.values()].map(({ imageIds }) => imageIds);
    assert.deepEqual(few, many.slice(0, 3));
    assert.equal(series.notRun.length, 1);
    const [{ member, missing, command }] = series.notRun;
    assert.equal(member, "another CLIP");
    assert.match(missing, /nobody\/nothing/);
    assert.equal(command, "deno task notebooks 99");
  }));

function applyLimit(limit: number | undefined): ExperimentConfig {
  return { ...config, dataset: { ...config.dataset, limit } } as ExperimentConfig;
}

Deno.test("two members with one label, or with one configuration, are refused", async () => {
  await assert.rejects(
    runSeries([{ label: "a", config }, { label: "a", config: { ...config, name: "b" } }]),
    /two of its members are called a/,
  );
  await assert.rejects(
    runSeries([{ label: "a", config }, { label: "b", config }]),
    /two of its members would write .*series.clevr-ds-reduced.smoke-[\w-]+.rows\.jsonl/,
  );
});
