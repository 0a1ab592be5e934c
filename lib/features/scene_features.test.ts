import assert from "node:assert/strict";
import { join } from "node:path";
import { sceneCover } from "../covers/mod.ts";
import { loadFolder, sceneTiles } from "../datasets/mod.ts";
import { loadEncoder } from "../encoders/mod.ts";
import { encodePng, openScene, writeTiledTiff } from "../images/mod.ts";
import { createRandom } from "../numeric/random.ts";
import { extractFeatures } from "./extract.ts";

const WIDTH = 300, HEIGHT = 200;

Deno.test("features of a scene's tiles are those of the same pixels in files of their own, to the bit", async () => {
  const folder = await Deno.makeTempDir();
  const encoder = await loadEncoder("lib/encoders/testdata/random-clip");
  try {
    const random = createRandom(2), path = join(folder, "scene.tif");
    const noise = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, () => random.integer(0, 255));
    await writeTiledTiff(
      path,
      { width: WIDTH, height: HEIGHT, bands: 3, bits: 8, tile: 64 },
      (box) => {
        const part = new Uint8Array(box.width * box.height * 3);
        for (let y = 0; y < box.height; y++) {
          const from = ((box.top + y) * WIDTH + box.left) * 3;
          part.set(noise.subarray(from, from + box.width * 3), y * box.width * 3);
        }
        return Promise.resolve(part);
      },
    );
    const { tiles, cover } = sceneCover(WIDTH, HEIGHT, { objects: [20, 40], k: 3, tile: 128 });
    const scene = await openScene(path), dataset = sceneTiles(scene, tiles);
    assert.equal(new Set(dataset.images.map(({ id }) => id)).size, tiles.length);
    await Deno.mkdir(join(folder, "files"));
    for (const { id, part } of dataset.images) {
      const png = await encodePng(await scene.window(part!.box));
      await Deno.writeFile(join(folder, "files", `${id}.png`), png);
    }
    const extract = (dataset: Parameters<typeof extractFeatures>[0]["dataset"], cache: string) =>
      extractFeatures({ dataset, cover, encoder, cacheDir: join(folder, cache) });
    const parts = await extract(dataset, "a");
    const files = await extract(await loadFolder(join(folder, "files")), "b");
    for (const { id } of dataset.images) {
      const [part, file] = [parts.get(id), files.get(`${id}.png`)];
      assert.ok(part.boxes.length > 4);
      assert.deepEqual(part.boxes, file.boxes);
      assert.equal(part.features.findIndex((v, i) => v !== file.features[i]), -1);
    }
    let encoded = 0;
    await extractFeatures({
      dataset: sceneTiles(await openScene(path), tiles),
      cover,
      encoder,
      cacheDir: join(folder, "a"),
      onProgress: (progress) => encoded = progress.encoded,
    });
    assert.equal(encoded, 0, "a second run takes all from the cache");
  } finally {
    await encoder.dispose();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a scene that changes while it is read is tried again, and not kept under the old content", async () => {
  const folder = await Deno.makeTempDir();
  const encoder = await loadEncoder("lib/encoders/testdata/random-clip");
  try {
    const path = join(folder, "scene.tif"),
      content = { width: 64, height: 64, bands: 3, bits: 8 } as const;
    const write = (value: number) =>
      writeTiledTiff(
        path,
        content,
        ({ width, height }) => Promise.resolve(new Uint8Array(width * height * 3).fill(value)),
      );
    await write(10);
    const scene = await openScene(path);
    const dataset = sceneTiles({
      ...scene,
      window: async (box) => { // another program writes it between the hash and the reading
        if (changes-- > 0) await write(200);
        return await scene.window(box);
      },
    }, [{ left: 0, top: 0, width: 64, height: 64 }]);
    const options = {
      dataset,
      cover: { scheme: "full" },
      encoder,
      cacheDir: join(folder, "cache"),
    } as const;
    let changes = 1;
    const first = await extractFeatures(options);
    assert.match(first.ledger[0].detail, /unreadable file \(it changed while it was read\)/);
    const second = await extractFeatures(options);
    assert.equal(second.imageIds.length, 1);
  } finally {
    await encoder.dispose();
    await Deno.remove(folder, { recursive: true });
  }
});
