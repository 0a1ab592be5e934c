import assert from "node:assert/strict";
import { hasSameVectors } from "../gpu_check/encoding.ts";
import { UsageError } from "./arguments.ts";
import { readCall } from "./gpu_check.ts";

Deno.test("gpu-check: the command line", () => {
  assert.deepEqual(readCall(["--software", "--encoder", "a/b"]), {
    ...{ software: true, train: false, keep: false, encoder: "a/b" },
  });
  assert.throws(() => readCall(["--fast"]), UsageError);
});

Deno.test("gpu-check: an encoder whose vectors are others is told from one that cannot be used", () => {
  const said = { encoder: "a", dtype: "fp16" } as const;
  assert.ok(hasSameVectors({ ...said, leastCosine: 0.9995 }));
  assert.ok(hasSameVectors({ ...said, error: "it wants a GPU" }));
  assert.ok(!hasSameVectors({ ...said, leastCosine: 0.99 }));
  assert.ok(!hasSameVectors({ ...said, leastCosine: NaN }));
});
