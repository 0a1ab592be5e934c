/**
 * A scene that no memory holds: drawn, written, searched by `deno task scene` in a process of its own, whose memory is
 * watched; its windows are compared with what was drawn; on a small scene features of windows are compared with those of
 * the same pixels of the whole, and tiles with one cover.
 *
 * @module
 */
import { join } from "node:path";
import { type Box, sceneCover } from "../../lib/covers/mod.ts";
import { loadFolder, type RemoteScene, remoteScene, sceneTiles } from "../../lib/datasets/mod.ts";
import { classPrompts, type Encoder, loadEncoder } from "../../lib/encoders/mod.ts";
import { extractFeatures } from "../../lib/features/mod.ts";
import {
  encodePng,
  openScene,
  type RgbImage,
  type TiffContent,
  writeTiledTiff,
} from "../../lib/images/mod.ts";
import { createRandom } from "../../lib/numeric/random.ts";
import { findSceneHits, foundByClass } from "../../lib/retrieval/mod.ts";
import { spawnChild } from "../../lib/runtime/children.ts";
import { readProc } from "../../lib/runtime/proc.ts";
import { ROOT } from "../project.ts";
import type { ProofOptions } from "./proofs.ts";
import type { Fault } from "./trials.ts";

/** Objects that are drawn, and looked for, in px. */
const OBJECTS: [number, number] = [12, 30];
/** Longest side of their upright boxes. */
const REACH = 45;
const K = 10;
/** Memory that a search may take (MiB). */
const MOST_MIB = 1024;
/** Windows that are compared, of this side (px). */
const WINDOWS = 40, WINDOW = 300;
/** Side of the scene on which tiles and one cover are compared (px), and of its tiles. */
const SMALL = 1500, SMALL_TILE = 512;

/** What came of the proof. */
export interface LargeSceneResult {
  /** Side of the scene in px, bands and bits of its samples, and its objects. */
  side: number;
  bands: number;
  bits: number;
  objects: number;
  /** Bytes of the file, and seconds to draw and write it. */
  fileBytes: number;
  drawSeconds: number;
  /** Of the search: seconds, peak of the process, and patches a megapixel. */
  searchSeconds: number;
  peakMiB: number;
  patchesPerMegapixel: number;
  /** Patches of the scene of 1,500 px whose features were compared with those of the whole. */
  patchesCompared: number;
  /** R-precision on a scene of 1,500 px, by tiles of 512 px and by one cover of the whole, in %. */
  tiledPercent: number;
  untiledPercent: number;
  faults: Fault[];
}

/** What the samples of a scene are. */
type Kind = Pick<TiffContent, "bands" | "bits">;

/** Draws a scene into a file; 16 bits are 257 times the eight, a fourth band is none of the colours. */
async function write(path: string, scene: RemoteScene, { bands, bits }: Kind): Promise<void> {
  const { width, height } = scene;
  await writeTiledTiff(path, { width, height, bands, bits }, (box) => {
    const { data } = scene.draw(box);
    if (bands === 3 && bits === 8) return Promise.resolve(data);
    const samples = new (bits === 8 ? Uint8Array : Uint16Array)(box.width * box.height * bands);
    for (let i = 0; i < box.width * box.height; i++) {
      for (let c = 0; c < 3; c++) samples[i * bands + c] = data[3 * i + c] * (bits === 8 ? 1 : 257);
    }
    return Promise.resolve(samples);
  });
}

/** Compares windows of a file with what was drawn. */
async function compareWindows(path: string, scene: RemoteScene, seed: number): Promise<Fault[]> {
  const random = createRandom(`windows ${seed}`), file = await openScene(path, { stretch: "none" });
  const side = Math.min(WINDOW, scene.width);
  const faults: Fault[] = [];
  for (let i = 0; i < WINDOWS; i++) {
    const left = random.integer(0, scene.width - side),
      top = random.integer(0, scene.height - side);
    const box = { left, top, width: side, height: side };
    const drawn = scene.draw(box).data, read = (await file.window(box)).data;
    const at = read.findIndex((value, n) => value !== drawn[n]);
    if (at >= 0) faults.push({ input: path, what: `window ${left},${top} differs at ${at}` });
  }
  return faults;
}

/** Searches a file in a process of its own. */
async function search(path: string, words: readonly string[], folder: string) {
  const out = join(folder, "hits.geojson"), start = performance.now();
  const child = spawnChild(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--frozen", "-P=extract"],
      ...[join(ROOT, "tools", "commands", "scene.ts"), path, ...words],
      ...["--objects", `${OBJECTS[0]},${REACH}`, "--k", `${K}`, "--out", out],
    ],
    env: { NO_COLOR: "1", DETAILCLIP_CACHE: join(folder, "cache") },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  });
  let peakMiB = 0;
  const watch = setInterval(() => {
    const status = readProc(`/proc/${child.pid}/status`) ?? "";
    peakMiB = Math.max(peakMiB, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
  }, 200);
  try {
    const { code, stdout, stderr } = await child.output();
    const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const patches = Number(/(\d+) patches,/.exec(said)?.[1] ?? NaN);
    const hits: unknown[] = code === 0 ? JSON.parse(await Deno.readTextFile(out)).features : [];
    return {
      code,
      errors,
      patches,
      hits: hits.length,
      peakMiB,
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    clearInterval(watch);
  }
}

/** A scene that memory holds, and what it is searched with. */
interface SmallScene {
  scene: RemoteScene;
  path: string;
  encoder: Encoder;
  folder: string;
}

/** The cover of a scene by tiles of a side. */
const coverOf = ({ width, height }: RemoteScene, tile: number) =>
  sceneCover(width, height, { objects: [OBJECTS[0], REACH], k: K, tile });

/** A part of a picture. */
function partOf(whole: RgbImage, { left, top, width, height }: Box): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * whole.width + left) * 3;
    data.set(whole.data.subarray(from, from + 3 * width), y * width * 3);
  }
  return { width, height, data };
}

/** Compares features of tiles, read as windows, with those of the same parts of the whole, each in a file of its own. */
async function compareFeatures(
  { scene, path, encoder, folder }: SmallScene,
): Promise<{ faults: Fault[]; patchesCompared: number }> {
  const { tiles, cover } = coverOf(scene, SMALL_TILE), { width, height } = scene;
  const file = await openScene(path), dataset = sceneTiles(file, tiles);
  const whole = await file.window({ left: 0, top: 0, width, height });
  await Deno.mkdir(join(folder, "parts"));
  for (const { id, part } of dataset.images) {
    const png = await encodePng(partOf(whole, part!.box));
    await Deno.writeFile(join(folder, "parts", `${id}.png`), png);
  }
  const cacheOf = (name: string) => join(folder, "cache", name);
  const windows = await extractFeatures({
    ...{ dataset, cover, encoder, cacheDir: cacheOf("features") },
  });
  const parts = await extractFeatures({
    ...{ dataset: await loadFolder(join(folder, "parts")), cover, encoder },
    cacheDir: cacheOf("parts"), // else they would be found by their pixels
  });
  const faults = dataset.images.flatMap(({ id }): Fault[] => {
    const [window, part] = [windows.get(id).features, parts.get(`${id}.png`).features];
    const same = window.length === part.length && window.every((value, i) => value === part[i]);
    return same ? [] : [{ input: path, what: `features of tile ${id} are not those of the whole` }];
  });
  return { faults, patchesCompared: windows.patches };
}

/** The share of objects that is found in a scene by tiles of a side (%). */
async function found(
  { scene, path, encoder, folder }: SmallScene,
  tile: number,
): Promise<number> {
  const { tiles, cover } = coverOf(scene, tile), cacheDir = join(folder, "cache", "features");
  const dataset = sceneTiles(await openScene(path), tiles);
  const store = await extractFeatures({ dataset, cover, encoder, cacheDir });
  const queries = await classPrompts(encoder, scene.categories); // (Q, D)
  const hits = await findSceneHits(store, dataset, queries, { count: scene.objects.length });
  return 100 * foundByClass(hits, scene.objects, K).found;
}

/**
 * Runs the proof.
 *
 * @param options `count` is the side of the large scene in px, `bands` and `bits` are those of its samples (3 and 8)
 */
export async function proveLargeScene(
  { count: side, seed, folder, onInput, bands = 3, bits = 8 }: ProofOptions & Partial<Kind>,
): Promise<LargeSceneResult> {
  const make = (side: number) => remoteScene({ width: side, height: side, seed, lengths: OBJECTS });
  const scene = await make(side), path = join(folder, "large.tif"), start = performance.now();
  await write(path, scene, { bands, bits });
  const drawSeconds = (performance.now() - start) / 1000;
  onInput?.(1);
  const faults = await compareWindows(path, scene, seed);
  onInput?.(2);
  const searched = await search(path, scene.categories, folder);
  if (searched.code !== 0) faults.push({ input: path, what: searched.errors.slice(0, 300) });
  if (searched.hits === 0) faults.push({ input: path, what: "no hits" });
  if (!(searched.peakMiB < MOST_MIB)) {
    faults.push({ input: path, what: `${searched.peakMiB.toFixed(0)} MiB, more than ${MOST_MIB}` });
  }
  onInput?.(3);
  const encoder = await loadEncoder("tiny-clip"), few = await make(Math.min(SMALL, side));
  const small = { scene: few, path: join(folder, "small.tif"), encoder, folder };
  await write(small.path, few, { bands, bits });
  const { faults: unequal, patchesCompared } = await compareFeatures(small);
  faults.push(...unequal);
  const tiledPercent = await found(small, SMALL_TILE), untiledPercent = await found(small, SMALL);
  await encoder.dispose();
  onInput?.(4);
  return {
    ...{
      side,
      bands,
      bits,
      objects: scene.objects.length,
      fileBytes: (await Deno.stat(path)).size,
    },
    drawSeconds: Math.round(drawSeconds),
    searchSeconds: Math.round(searched.seconds),
    peakMiB: Math.round(searched.peakMiB),
    patchesPerMegapixel: Number((searched.patches / (side * side / 1e6)).toPrecision(3)),
    patchesCompared,
    tiledPercent: Number(tiledPercent.toFixed(1)),
    untiledPercent: Number(untiledPercent.toFixed(1)),
    faults,
  };
}
