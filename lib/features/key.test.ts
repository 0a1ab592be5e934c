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

Deno.test("a device is part of the key where it is not the processor; other keys stay what they were", () => {
  const encoder = {
    ...{ id: "clip", fingerprint: "00ff", dtype: "fp32", dim: 512 } as const,
    preprocessing: { mode: "clip", size: 64 } as const,
  };
  const cover = { scheme: "complete", k: 10 } as const;
  const plain = featureKey({ cover, encoder });
  assert.deepEqual(Object.keys(plain.encoder), ["id", "fingerprint", "dtype", "dim"]);
  assert.equal(featureKeyName(plain), "cc@10-clip-fp32-clip64-exact-be40986627");
  const there = featureKey({ cover, encoder: { ...encoder, device: "webgpu" } });
  assert.match(featureKeyName(there), /^cc@10-clip-fp32-webgpu-clip64-exact-(?!be40986627)/);
});
