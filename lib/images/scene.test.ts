import assert from "node:assert/strict";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import type { Box } from "../covers/cover.ts";
import { createRandom } from "../numeric/random.ts";
import { noticesOf } from "../runtime/testing.ts";
import { decodeImage, type RgbImage } from "./decode.ts";
import type { PixelConfig } from "./bands.ts";
import { openScene } from "./scene.ts";
import { LevelFinder } from "./scene_levels.ts";
import { sharp } from "./sharp.ts";
import { makeTiff } from "./testdata/tiff.ts";
import { writeTiledTiff } from "./tiled_tiff.ts";

const WIDTH = 700, HEIGHT = 530;
const WINDOWS: Box[] = [
  { left: 0, top: 0, width: WIDTH, height: HEIGHT },
  { left: 250, top: 200, width: 300, height: 100 },
  { left: WIDTH - 1, top: HEIGHT - 1, width: 1, height: 1 },
  { left: 0, top: 511, width: 513, height: 2 },
];

/** Noise (H, W, bands) below a limit. */
function noise(bands: number, bits: 8 | 16, below: number, seed = 1) {
  const random = createRandom(seed), Samples = bits === 8 ? Uint8Array : Uint16Array;
  const data = new Samples(WIDTH * HEIGHT * bands);
  for (let i = 0; i < data.length; i++) data[i] = random.uniform(0, below);
  return data;
}

/** A box of an array (H, W, bands). */
function crop<T extends Uint8Array | Uint16Array>(all: T, bands: number, box: Box): T {
  const Samples = all.constructor as new (length: number) => T;
  const part = new Samples(box.width * box.height * bands), row = box.width * bands;
  for (let y = 0; y < box.height; y++) {
    const from = ((box.top + y) * WIDTH + box.left) * bands;
    part.set(all.subarray(from, from + row), y * row);
  }
  return part;
}

/** Equal arrays; where they are not, no difference of a million numbers is printed. */
function assertSame(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(found.length, expected.length);
  const at = Array.prototype.findIndex.call(found, (v, i) => v !== expected[i]);
  assert.equal(at, -1, `${found[at]} instead of ${expected[at]} at ${at}`);
}

/** Runs in a folder that ends with the test. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeNoise(path: string, data: Uint8Array | Uint16Array, bands: number) {
  const bits = data instanceof Uint8Array ? 8 : 16;
  const content = { width: WIDTH, height: HEIGHT, bands, bits } as const;
  await writeTiledTiff(path, content, (box) => Promise.resolve(crop(data, bands, box)));
}

/** All windows of a scene beside the same parts of the whole. */
async function assertWindows(
  path: string,
  whole: ArrayLike<number> & (Uint8Array | Uint16Array),
  config?: PixelConfig,
) {
  const scene = await openScene(path, config, {
    cacheDir: join(path, "..", "c"),
    output: "silent",
  });
  assert.deepEqual([scene.width, scene.height], [WIDTH, HEIGHT]);
  for (const box of WINDOWS) {
    const { width, height, data } = await scene.window(box);
    assert.deepEqual([width, height], [box.width, box.height]);
    assertSame(data, crop(whole, 3, box));
  }
}

const dataOf = async (image: Promise<RgbImage>) => (await image).data;

Deno.test("scene: windows are the same pixels as of the whole, tiled or not", async () => {
  await inFolder(async (folder) => {
    const data = noise(3, 8, 256), tiled = join(folder, "a.tif");
    await writeNoise(tiled, data, 3);
    assertSame(await dataOf(decodeImage(tiled)), data); // what sharp makes of our TIFF
    await assertWindows(tiled, data);
    const raw = () => sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
    await raw().tiff({ compression: "deflate" }).toFile(join(folder, "striped.tif"));
    await raw().png().toFile(join(folder, "b.png"));
    await raw().jpeg().toFile(join(folder, "c.jpg"));
    for (const name of ["striped.tif", "b.png", "c.jpg"]) {
      await assertWindows(join(folder, name), await dataOf(decodeImage(join(folder, name))));
    }
    const copies = () => [...Deno.readDirSync(join(folder, "c"))].map(({ name }) => name);
    const made = copies();
    assert.equal(made.length, 3);
    await assertWindows(join(folder, "b.png"), data);
    assert.deepEqual(copies(), made, "copied once");
  });
});

Deno.test("scene: 16 bits keep the upper eight, or are stretched by percentiles of the scene", async () => {
  await inFolder(async (folder) => {
    const data = noise(3, 16, 3000) as Uint16Array, path = join(folder, "a.tif");
    await writeNoise(path, data, 3);
    await assertWindows(path, Uint8Array.from(data, (v) => v >> 8), { stretch: "none" });
    const decoded = await dataOf(decodeImage(path)); // as any image is decoded
    assertSame(decoded, Uint8Array.from(data, (v) => v >> 8));
    const { rendering, window } = await openScene(path);
    for (const [low, high] of rendering.levels!) { // of even noise below 3,000
      assert.ok(Math.abs(low - 60) < 15 && Math.abs(high - 2940) < 15, `${low} to ${high}`);
    }
    const [, , [low, high]] = rendering.levels!, box = WINDOWS[1];
    const blue = (_: unknown, i: number) => i % 3 === 2;
    const stretched = (await window(box)).data.filter(blue);
    const expected = crop(data, 3, box).filter(blue).map((v) =>
      Math.min(255, Math.max(0, Math.round(255 * (v - low) / (high - low))))
    );
    assertSame(stretched, expected);
  });
});

Deno.test("scene: a band that is no colour is left out, or taken by its number", async () => {
  await inFolder(async (folder) => {
    for (const [bands, bits] of [[4, 8], [4, 16], [8, 16]] as const) {
      const data = noise(bands, bits, bits === 8 ? 256 : 65536), path = join(folder, "n.tif");
      await writeNoise(path, data, bands);
      const of = (chosen: number[]) =>
        Uint8Array.from(
          { length: WIDTH * HEIGHT * 3 },
          (_, i) => data[Math.floor(i / 3) * bands + chosen[i % 3] - 1] >> (bits - 8),
        );
      await assertWindows(path, of([1, 2, 3]), { stretch: "none" });
      await assertWindows(path, of([4, 3, 2]), { stretch: "none", bands: [4, 3, 2] });
      await assertWindows(path, of([4, 4, 1]), { stretch: "none", bands: [4, 4, 1] });
      await assert.rejects(
        openScene(path, { bands: [1, 2, bands + 1] }),
        new RegExp(`bands must be three from 1 to ${bands}, got 1,2,${bands + 1}`),
      );
    }
  });
});

/** Where a field of our TIFFs stands in the file. */
function fieldAt(bytes: Uint8Array, tag: number): number {
  const view = new DataView(bytes.buffer), directory = Number(view.getBigUint64(8, true));
  const count = Number(view.getBigUint64(directory, true));
  const at = Array.from({ length: count }, (_, i) => directory + 8 + 20 * i)
    .find((at) => view.getUint16(at, true) === tag);
  assert.ok(at !== undefined, `no field ${tag}`);
  return at;
}

Deno.test("scene: bands that GDAL calls grey, and those that nothing is said of, are read as they are", async () => {
  await inFolder(async (folder) => {
    for (const [bands, bits] of [[3, 8], [3, 16], [4, 8], [4, 16]] as const) {
      const data = noise(bands, bits, bits === 8 ? 256 : 65536), path = join(folder, "n.tif");
      await writeNoise(path, data, bands);
      const expected = Uint8Array.from(
        { length: WIDTH * HEIGHT * 3 },
        (_, i) => data[Math.floor(i / 3) * bands + i % 3] >> (bits - 8),
      );
      const bytes = await Deno.readFile(path), grey = bytes.slice(), silent = bytes.slice();
      grey[fieldAt(bytes, 262) + 12] = 1; // photometric interpretation: black is zero
      await Deno.writeFile(join(folder, "grey.tif"), grey);
      await assertWindows(join(folder, "grey.tif"), expected, { stretch: "none" });
      if (bands === 3) continue;
      new DataView(silent.buffer).setUint16(fieldAt(bytes, 338), 65000, true); // no ExtraSamples
      await Deno.writeFile(join(folder, "silent.tif"), silent);
      await assertWindows(join(folder, "silent.tif"), expected, { stretch: "none" });
    }
  });
});

Deno.test("scene: a file that is gone is no damaged one, and one whose tiles no memory holds is refused", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "a.tif");
    await writeNoise(path, noise(3, 8, 256), 3);
    const scene = await openScene(path), bytes = await Deno.readFile(path);
    await Deno.remove(path);
    await assert.rejects(scene.window(WINDOWS[1]), /a\.tif": unreadable file/);
    const view = new DataView(bytes.buffer);
    for (const tag of [322, 323]) view.setUint32(fieldAt(bytes, tag) + 12, 65536, true);
    await Deno.writeFile(path, bytes);
    await assert.rejects(
      openScene(path),
      /too many pixels \(its tiles have 12884901888 samples each/,
    );
    const interlaced = join(folder, "b.png");
    const size = { width: 10_000, height: 10_000, channels: 3, background: "red" } as const;
    await sharp({ create: size }).png({ progressive: true }).toFile(interlaced);
    await assert.rejects(openScene(interlaced), /too many pixels .*interlaced/);
  });
});

Deno.test("scene: what stands for no data does not decide the levels", () => {
  const finder = new LevelFinder(16, 65535), data = new Uint16Array(3 * 1000).fill(65535);
  for (let i = 0; i < 300; i++) data.fill(100 + i, 3 * i, 3 * i + 3);
  finder.add({ width: 1000, height: 1, data, bits: 16 });
  const [[low, high]] = finder.levels();
  assert.ok(low >= 100 && low < 110 && high > 390 && high < 400, `${low} to ${high}`);
});

Deno.test("scene: alpha is laid on white, grey becomes three channels", async () => {
  await inFolder(async (folder) => {
    const tiff = { tile: true, tileWidth: 256, tileHeight: 256 };
    const size = { width: WIDTH, height: HEIGHT };
    const rgba = noise(4, 8, 256), clear = join(folder, "rgba.tif");
    await sharp(rgba, { raw: { ...size, channels: 4 } }).tiff(tiff).toFile(clear);
    const whole = await dataOf(decodeImage(clear));
    const scene = await openScene(clear);
    for (const box of WINDOWS) {
      const { data } = await scene.window(box), expected = crop(whole, 3, box);
      assert.ok(data.every((v, i) => Math.abs(v - expected[i]) <= 1));
    }
    const grey = noise(1, 8, 256), path = join(folder, "grey.tif");
    await sharp(grey, { raw: { ...size, channels: 1 } }).toColourspace("b-w").tiff(tiff).toFile(
      path,
    );
    await assertWindows(path, await dataOf(decodeImage(path)));
  });
});

Deno.test("scene: what cannot be read says why", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "a.tif");
    await writeNoise(path, noise(3, 8, 256), 3);
    const scene = await openScene(path);
    for (const box of [{ left: 600, width: 101 }, { left: -1 }, { width: 0 }, { top: 0.5 }]) {
      await assert.rejects(scene.window({ ...WINDOWS[1], ...box }), /leaves its 700x530 px/);
    }
    const bytes = await Deno.readFile(path), cut = join(folder, "cut.tif");
    await Deno.writeFile(cut, bytes.subarray(0, bytes.length / 2));
    await assert.rejects(openScene(cut), /cut\.tif": truncated or corrupt/);
    const damaged = join(folder, "damaged.tif");
    await Deno.writeFile(damaged, bytes.map((byte, i) => i > 20 && i < 200_000 ? byte ^ 85 : byte));
    const broken = await openScene(damaged);
    await assert.rejects(broken.window(WINDOWS[0]), /damaged\.tif": truncated or corrupt/);
    await Deno.writeTextFile(join(folder, "text.tif"), "no image at all");
    await assert.rejects(openScene(join(folder, "text.tif")), /not an image/);
    const turned = join(folder, "turned.jpg");
    await sharp(bytes).jpeg().withMetadata({ orientation: 6 }).toFile(turned);
    await assert.rejects(openScene(turned), /must be stored upright \(its orientation is 6\)/);
    const field = fieldAt(bytes, 284); // the planar configuration
    const float = join(folder, "float.tif");
    new DataView(bytes.buffer).setUint16(field, 339, true); // it becomes the sample format
    bytes[field + 12] = 3;
    await Deno.writeFile(float, bytes);
    await assert.rejects(openScene(float), /pixel type float 8 bit is not supported/);
  });
});

Deno.test("scene: of several pages the first is read, and a line says so; a pyramid has one", async () => {
  await inFolder(async (folder) => {
    const size = { width: WIDTH, height: HEIGHT }, pages = [noise(3, 8, 256), noise(3, 8, 256, 2)];
    const pngs = await Promise.all(
      pages.map((data) => sharp(data, { raw: { ...size, channels: 3 } }).png().toBuffer()),
    );
    const [several, pyramid] = ["several.tif", "pyramid.tif"].map((name) => join(folder, name));
    await sharp(pngs, { join: { animated: true } }).tiff({ tile: true, compression: "lzw" })
      .toFile(several);
    await sharp(pngs[0]).tiff({ tile: true, pyramid: true, compression: "lzw" }).toFile(pyramid);
    const said = await noticesOf(async () => {
      const { data } = await (await openScene(several)).window(WINDOWS[1]);
      assertSame(data, crop(pages[0] as Uint8Array, 3, WINDOWS[1]));
    });
    assert.deepEqual(said, [`note: ${several}: the first page of several is used`]);
    assert.deepEqual(await noticesOf(() => openScene(pyramid)), []);
  });
});

Deno.test("scene: Zstandard is read, other compressions that sharp does not have are refused by name", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "a.tif"), data = crop(noise(3, 8, 256) as Uint8Array, 3, WINDOWS[1]);
    const { width, height } = WINDOWS[1];
    const file = makeTiff({ width, height, photometric: 2, data });
    const strip = file.length - data.length, packed = zstdCompressSync(data);
    const bytes = new Uint8Array([...file.subarray(0, strip), ...packed]);
    const view = new DataView(bytes.buffer), tags = view.getUint16(8, true);
    const valueAt = (tag: number) =>
      Array.from({ length: tags }, (_, i) => 10 + 12 * i)
        .find((at) => view.getUint16(at, true) === tag)! + 8;
    view.setUint32(valueAt(279), packed.length, true);
    view.setUint16(valueAt(259), 50000, true);
    await Deno.writeFile(path, bytes);
    const whole = { left: 0, top: 0, width, height };
    assertSame((await (await openScene(path)).window(whole)).data, data);
    view.setUint16(valueAt(259), 34887, true);
    await Deno.writeFile(path, bytes);
    await assert.rejects(openScene(path), /compression LERC is not supported/);
  });
});

Deno.test("tiled TIFF: only whole and matching samples are written", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "a.tif"),
      content = { width: 20, height: 20, bands: 3, bits: 8 } as const;
    const render = (box: Box) => Promise.resolve(new Uint8Array(box.width * box.height * 3));
    await assert.rejects(
      writeTiledTiff(path, { ...content, bands: 2 }, render),
      /needs a size, 3 bands/,
    );
    await assert.rejects(
      writeTiledTiff(path, { ...content, tile: 100 }, render),
      /multiple of 16 px/,
    );
    await assert.rejects(writeTiledTiff(path, { ...content, bits: 16 }, render), /1200 of 8/);
    await assert.rejects(
      writeTiledTiff(path, { ...content, bands: 4 }, render),
      /need 1600 samples/,
    );
    assert.deepEqual([...Deno.readDirSync(folder)], [], "nothing half done is left");
  });
});
