import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "../numeric/random.ts";
import { addCommonPart, commonDirection } from "./common_direction.ts";
import { loadEncoder } from "./load.ts";

const RANDOM_CLIP = fileURLToPath(new URL("./testdata/random-clip", import.meta.url));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);

Deno.test("a common part is the cosine to the direction, and the rest keeps its angles", () => {
  const dim = 6, random = createRandom(1), share = 0.6;
  const direction = Float64Array.of(0, 0, 0, 0, 0, 1);
  const rows = new Float32Array(4 * dim);
  for (let n = 0; n < 4; n++) { // unit rows without a part along the direction
    const row = Array.from({ length: dim - 1 }, () => random.normal());
    row.forEach((x, d) => rows[n * dim + d] = x / Math.hypot(...row));
  }
  const before = rows.slice(),
    of = (all: Float32Array, n: number) => all.subarray(n * dim, n * dim + dim);
  assert.equal(addCommonPart(rows, direction, share), -1);
  for (let n = 0; n < 4; n++) {
    assert.ok(Math.abs(dot(of(rows, n), of(rows, n)) - 1) < 1e-6);
    assert.ok(Math.abs(rows[n * dim + dim - 1] - share) < 1e-6);
    for (let m = 0; m < n; m++) {
      const expected = share ** 2 + (1 - share ** 2) * dot(of(before, n), of(before, m));
      assert.ok(Math.abs(dot(of(rows, n), of(rows, m)) - expected) < 1e-6);
    }
  }
  assert.equal(addCommonPart(Float32Array.of(1, 0, 0, -1), Float64Array.of(0, 1), 0.5), 1);
});

Deno.test("what a model declares, and what is chosen in its place, is checked", () => {
  const declared = { text: 0.7, image: 0.3, vector: [0, 3, 4] };
  const { shares, direction } = commonDirection(declared, undefined, 3)!;
  assert.deepEqual([shares, Array.from(direction)], [{ text: 0.7, image: 0.3 }, [0, 0.6, 0.8]]);
  assert.deepEqual(commonDirection(declared, { text: 0, image: 0.1 }, 3)!.shares, {
    text: 0,
    image: 0.1,
  });
  assert.equal(commonDirection(declared, false, 3), undefined);
  assert.equal(commonDirection(undefined, undefined, 3), undefined);
  const refuses = (
    why: RegExp,
    given: unknown,
    chosen?: Parameters<typeof commonDirection>[1],
    dim = 3,
  ) => assert.throws(() => commonDirection(given, chosen, dim), why);
  refuses(/Cannot load encoder: commonDirection\.text must be in \[0, 1\), got 1/, declared, {
    text: 1,
    image: 0,
  });
  refuses(/its config\.json has no common_direction/, undefined, { text: 0.5, image: 0.5 });
  refuses(/common_direction\.vector must have 4 values/, declared, undefined, 4);
  refuses(/common_direction\.vector must have 3 values that are not all 0/, {
    ...declared,
    vector: [0, 0, 0],
  });
  refuses(/common_direction\.image .*in \[0, 1\)/, { ...declared, image: -0.1 });
  refuses(/common_direction\.vector/, { text: 0.7, image: 0.3 });
});

Deno.test("an encoder gives its texts and images the direction of its config.json, and says so by its fingerprint", async () => {
  const folder = await mkdtemp(join(tmpdir(), "common-"));
  const encode = async (id: string, options: Parameters<typeof loadEncoder>[1] = {}) => {
    const encoder = await loadEncoder(id, options);
    const size = encoder.inputSize,
      data = new Uint8Array(2 * 3 * size * size).map((_, i) => i % 251);
    const images = await encoder.encodeImages({ count: 2, size, data });
    const texts = await encoder.encodeTexts(["a red apple", "fog"]);
    await encoder.dispose();
    return { images, texts, fingerprint: encoder.fingerprint, dim: encoder.dim };
  };
  try {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    const path = join(folder, "config.json"), config = JSON.parse(await readFile(path, "utf8"));
    const vector = Array.from({ length: config.projection_dim }, (_, d) => d === 2 ? 2 : 0);
    const common_direction = { text: 0.7, image: 0.3, vector };
    await writeFile(path, JSON.stringify({ ...config, common_direction }));
    const towers = await encode(RANDOM_CLIP), own = await encode(folder);
    const plain = await encode(folder, { commonDirection: false });
    const other = await encode(folder, { commonDirection: { text: 0.5, image: 0 } });
    assert.deepEqual([plain.images, plain.texts], [towers.images, towers.texts]);
    assert.equal(
      new Set([towers, own, plain, other].map(({ fingerprint }) => fingerprint)).size,
      4,
    );
    const along = ({ images, texts, dim }: typeof own) =>
      [images, texts].flatMap((rows) => [rows[2], rows[dim + 2]]).map((x) => Number(x.toFixed(5)));
    assert.deepEqual(along(own), [0.3, 0.3, 0.7, 0.7]);
    assert.deepEqual(along(other), [0, 0, 0.5, 0.5]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
