import assert from "node:assert/strict";
import type { Preprocessing } from "../images/mod.ts";
import { featureKey, featureKeyName } from "./key.ts";

const keyOf = (preprocessing: Preprocessing) =>
  featureKey({
    cover: { scheme: "complete", k: 10 },
    encoder: { id: "clip", fingerprint: "00ff", dtype: "fp32", dim: 512, preprocessing },
  });

Deno.test("a filter is part of the key where the encoder names one; other keys stay what they were", () => {
  const plain = keyOf({ mode: "squash", size: 64 });
  assert.deepEqual(plain.preprocessing, { mode: "squash", size: 64 });
  const bicubic = keyOf({ mode: "squash", size: 64, filter: "bicubic" });
  assert.deepEqual(bicubic.preprocessing, { mode: "squash", size: 64, filter: "bicubic" });
  assert.notEqual(featureKeyName(plain), featureKeyName(bicubic));
});
