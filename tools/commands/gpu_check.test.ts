import assert from "node:assert/strict";
import { unitConfigs, unitConfigsOn, UNITS } from "../../experiments/headline.ts";
import { CC10 } from "../../experiments/recipes.ts";
import { hasSameVectors } from "../gpu_check/encoding.ts";
import { UsageError } from "./arguments.ts";
import { readCall } from "./gpu_check.ts";

Deno.test("gpu-check: the command line", () => {
  assert.deepEqual(readCall(["--software", "--encoder", "a/b"]), {
    ...{ software: true, train: false, keep: false, encoder: "a/b" },
  });
  assert.throws(() => readCall(["--fast"]), UsageError);
});

Deno.test("gpu-check: the headline on cc@10 is an experiment of its own, at the paper's size", () => {
  const unit = UNITS[1], [own] = unitConfigs(unit), [config, all] = unitConfigsOn(unit, CC10);
  assert.equal(own.name, "headline_common_7000_40");
  assert.equal(config.name, "headline_common_7000_40_cc10");
  assert.equal(all.name, "headline_common_7000_40_cc10_2000");
  assert.deepEqual(config.dataset, { ...own.dataset });
  assert.ok(config.dataset.source === "clevr-ds" && config.dataset.images === 10_000);
  assert.deepEqual(config.fusion![0].cover, CC10);
});

Deno.test("gpu-check: an encoder whose vectors are others is told from one that cannot be used", () => {
  const said = { encoder: "a", dtype: "fp16" } as const;
  assert.ok(hasSameVectors({ ...said, leastCosine: 0.9995 }));
  assert.ok(hasSameVectors({ ...said, error: "it wants a GPU" }));
  assert.ok(!hasSameVectors({ ...said, leastCosine: 0.99 }));
  assert.ok(!hasSameVectors({ ...said, leastCosine: NaN }));
});
