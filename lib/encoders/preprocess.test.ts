import assert from "node:assert/strict";
import { normalizationTable, normalizePatches, readPreprocessing } from "./preprocess.ts";

const CLIP = {
  size: { shortest_edge: 224 },
  crop_size: { height: 224, width: 224 },
  do_center_crop: true,
  image_mean: [0.1, 0.2, 0.3],
  image_std: [0.5, 0.25, 1],
};

Deno.test("sizes are read in each way the hub writes them", () => {
  assert.equal(readPreprocessing({ ...CLIP, size: 224, crop_size: 224 }).size, 224);
  assert.deepEqual(readPreprocessing(CLIP), {
    mode: "clip",
    size: 224,
    mean: [0.1, 0.2, 0.3],
    std: [0.5, 0.25, 1],
    scale: 1 / 255,
  });
  const siglip = readPreprocessing({ size: { height: 384, width: 384 } });
  assert.deepEqual([siglip.mode, siglip.size, siglip.mean[0]], ["squash", 384, 0.5]);
});

Deno.test("the authors' way of resizing replaces the model's own", () => {
  assert.equal(readPreprocessing(CLIP, "squash").mode, "squash");
  assert.equal(readPreprocessing({ size: 64 }, "clip").mode, "clip");
});

Deno.test("a filter is named where it is not that of the mode, and only with the model's own mode", () => {
  const filterOf = (...args: Parameters<typeof readPreprocessing>) =>
    readPreprocessing(...args).filter;
  const squashed = { size: { height: 64, width: 64 } };
  assert.equal(filterOf({ ...CLIP, resample: 3 }), undefined);
  assert.equal(filterOf({ ...CLIP, resample: 2 }), "bilinear"); // MobileCLIP
  assert.equal(filterOf({ ...squashed, resample: 3 }), "bicubic"); // SigLIP
  assert.equal(filterOf({ ...squashed, resample: 2 }), undefined); // SigLIP 2
  assert.equal(filterOf({ ...squashed, resample: 3 }, "squash"), undefined); // the authors' way
  assert.throws(() => filterOf({ ...CLIP, resample: 0 }), /resample must be 2 .* or 3 .*, got 0/);
});

Deno.test("jina-clip's way of writing is read", () => {
  const jina = { size: 224, interpolation: "bicubic", mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 1] };
  assert.deepEqual(
    readPreprocessing({ ...jina, resize_mode: "shortest" }),
    readPreprocessing({ ...CLIP, resample: 3 }),
  );
  const squashed = readPreprocessing({ ...jina, resize_mode: "squash" });
  assert.deepEqual([squashed.mode, squashed.filter], ["squash", "bicubic"]);
  assert.throws(() => readPreprocessing({ ...jina, resize_mode: "longest" }), /"longest" is not/);
});

Deno.test("what cannot be done is refused", () => {
  assert.throws(() => readPreprocessing({}), /name no square/);
  assert.throws(() => readPreprocessing({ size: { height: 10, width: 20 } }), /name no square/);
  assert.throws(
    () => readPreprocessing({ ...CLIP, size: { shortest_edge: 256 } }),
    /resized to 256 px and cropped to 224 px/,
  );
});

Deno.test("bytes become normalised numbers, channels first", () => {
  const table = normalizationTable(readPreprocessing(CLIP));
  // Two images of 2 x 2 px; the second is taken.
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => 10 * i);
  const out = new Float32Array(12);
  normalizePatches(bytes, 1, 1, 2, table, out);
  const { mean, std } = readPreprocessing(CLIP);
  const expected = [0, 1, 2].flatMap((channel) =>
    [0, 1, 2, 3].map((pixel) =>
      (bytes[12 + 3 * pixel + channel] / 255 - mean[channel]) / std[channel]
    )
  );
  out.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-6));
});
