/**
 * Small objects in a large scene: covers compared by what they find, and by the patches that this takes.
 *
 * Command: `deno task notebooks 18_remote_sensing`, about five minutes from cold caches.
 * Paper: the application that its abstract names; there is no table of it.
 *
 * @module
 */
import { join } from "node:path";
import {
  CACHE_DIR,
  classPrompts,
  collectProvenance,
  commandLine,
  type CoverSpec,
  type Encoder,
  extractFeatures,
  type FilingOptions,
  loadEncoder,
  type Scale,
  writeResults,
} from "detailclip";
import { type SceneCover, sceneCover, tileBoxes } from "detailclip/covers";
import { type RemoteScene, remoteScene, sceneTiles } from "detailclip/datasets";
import type { EncoderDevice, EncoderDtype } from "detailclip/encoders";
import { describeLedger } from "detailclip/features";
import { openScene, type Scene, writeTiledTiff } from "detailclip/images";
import { type NamedConfig, noteCommitted } from "detailclip/report";
import { findSceneHits, foundByClass, type SceneHit } from "detailclip/retrieval";
import { canonicalJson, createProgress, sha256 } from "detailclip/runtime";
import { checkList, checkNumber, checkWhole, isTold, type Knobs } from "./knobs.ts";

/** What is run. */
export interface RemoteSensingConfig extends NamedConfig {
  /** How much of it. */
  scale: Scale;
  /** What encodes patches and words: `tiny-clip`, a hub id, or the path of a folder in the hub's layout. */
  encoder: string;
  /** Precision of its weights, where it is not fp32. */
  dtype?: EncoderDtype;
  /** Where it encodes images, if not on the processor. */
  device?: EncoderDevice | "auto";
  /** The generated scene: px a side, objects a megapixel, their lengths (px), and how far they are turned (degrees). */
  scene: { side: number; density: number; lengths: [number, number]; turn: number };
  /** 1/c: a patch answers for objects larger than 1/k^2 of its area. Of the verified cover, and of what counts as found. */
  k: number;
  /** Side of the tiles in px. */
  tile: number;
  /** Sides (px) of the smallest windows of cc@k and grid@n on the same tiles, to compare with. */
  windows: number[];
}

/** What notebooks turn. */
export type RemoteSensingKnobs =
  & { [Key in keyof RemoteSensingConfig["scene"]]?: RemoteSensingConfig["scene"][Key] }
  & Partial<Pick<RemoteSensingConfig, "seed" | "k" | "tile" | "windows">>
  & Pick<Knobs, "encoder">;

const SIDES: Record<Scale, number> = { smoke: 600, quick: 3000, full: 8000, paper: 8000 };

/** The configuration of a scale, as it is committed. */
function defaults(scale: Scale): RemoteSensingConfig {
  return {
    ...{ name: "remote_sensing", scale, seed: 7, encoder: "tiny-clip" },
    scene: { side: SIDES[scale], density: 40, lengths: [8, 30], turn: 180 },
    ...{ k: 10, tile: scale === "smoke" ? 256 : 1024, windows: [64, 128] },
  };
}

/** An encoder as notebooks say it, in a configuration. */
function chosenEncoder(knob: NonNullable<Knobs["encoder"]>): Partial<RemoteSensingConfig> {
  if (typeof knob === "string") return { encoder: knob };
  const { id, ...how } = knob;
  return { ...(isTold(id) && { encoder: id }), ...how };
}

/**
 * Its configuration.
 *
 * @param scale how large the scene is
 * @param knobs what was turned: `side` from 200 px, `density` from 1 to 300 objects a megapixel, `lengths` from 4 to 150 px,
 *   `turn` from 0 to 180 degrees, `k` from 2 to 30, `tile` from 128 px, `windows` from 16 px
 * @throws {RangeError} when one is outside
 */
export function remoteSensingConfig(
  scale: Scale,
  { seed, encoder, k, tile, windows, ...scene }: RemoteSensingKnobs = {},
): RemoteSensingConfig {
  const own = defaults(scale);
  noteCommitted(own);
  const told = Object.fromEntries(Object.entries(scene).filter(([, value]) => isTold(value)));
  const config: RemoteSensingConfig = {
    ...own,
    scene: { ...own.scene, ...told },
    ...(isTold(seed) && { seed }),
    ...(isTold(encoder) && chosenEncoder(encoder)),
    ...(isTold(k) && { k }),
    ...(isTold(tile) && { tile }),
    ...(isTold(windows) && { windows }),
  };
  const { side, density, turn, lengths } = config.scene;
  checkWhole("seed", config.seed, [0, Number.MAX_SAFE_INTEGER]);
  checkWhole("side", side, [200, 100_000]);
  checkNumber("density", density, [1, 300]);
  checkNumber("turn", turn, [0, 180]);
  for (const length of checkList("lengths", lengths)) {
    checkWhole("each of lengths", length, [4, 150]);
  }
  checkWhole("k", config.k, [2, 30]);
  checkWhole("tile", config.tile, [128, 8192]);
  for (const window of checkList("windows", config.windows)) {
    checkWhole("each of windows", window, [16, config.tile]);
  }
  return config;
}

/** What a cover finds, over all classes or of one. */
export interface FoundRow {
  /** Name of the cover. */
  cover: string;
  /** Name of the class; none over all. */
  class?: string;
  /** Its objects. */
  objects: number;
  /** Share of them that is found (R-precision, 0 to 1). */
  found: number;
  /** Patches of the scene. */
  patches: number;
  /** Patches a megapixel. */
  density: number;
}

/** A run. */
export interface RemoteSensingRun {
  /** What was run. */
  config: RemoteSensingConfig;
  /** The objects, and what draws the scene. */
  scene: RemoteScene;
  /** The scene as a file. */
  file: Scene;
  /** A row a cover and class, and one over all. */
  rows: FoundRow[];
  /** Hits a cover: a list a class, the best first. */
  hits: ReadonlyMap<string, SceneHit[][]>;
}

/** The covers that are compared, by name: all on the same tiles. */
function coversOf({ scene: { side, lengths }, k, tile, windows }: RemoteSensingConfig) {
  const [shortest, longest] = lengths, reach = Math.ceil(1.5 * longest); // a turned object's box is longer than it
  const verified = sceneCover(side, side, { objects: [shortest, reach], k, tile });
  const tiles = tileBoxes(side, side, { tile, overlap: reach });
  const length = Math.min(tile, side),
    covers = new Map<string, Pick<SceneCover, "tiles"> & { cover: CoverSpec }>();
  covers.set("full tiles", { tiles, cover: { scheme: "full" } });
  for (const window of windows) {
    const n = Math.max(2, Math.round(length / window));
    covers.set(`grid of ${window} px`, { tiles, cover: { scheme: "grid", n } });
    covers.set(`cc down to ${window} px`, { tiles, cover: { scheme: "complete", k: n } });
  }
  covers.set(`verified from ${shortest} px on`, verified);
  return covers;
}

/** The scene as a tiled GeoTIFF, drawn once. */
async function drawScene(
  config: RemoteSensingConfig,
): Promise<{ scene: RemoteScene; file: Scene }> {
  const { scene: { side, ...objects }, seed } = config;
  const scene = await remoteScene({ width: side, height: side, seed, ...objects });
  // named by what is drawn: another version of the workspace may draw otherwise
  const sample = scene.draw({ left: 0, top: 0, width: 128, height: 128 }).data;
  const drawn = sha256(canonicalJson([side, scene.objects, sha256(sample)])).slice(0, 12);
  const path = join(CACHE_DIR, "scenes", `remote-${side}-${drawn}.tif`);
  if (!await Deno.stat(path).catch(() => undefined)) {
    await Deno.mkdir(join(CACHE_DIR, "scenes"), { recursive: true });
    const map = { epsg: 32631, origin: [500_000, 5_000_000], pixel: [0.5, 0.5] } as const;
    await writeTiledTiff(path, {
      width: side,
      height: side,
      bands: 3,
      bits: 8,
      map: { ...map, origin: [...map.origin], pixel: [...map.pixel] },
    }, (box) => Promise.resolve(scene.draw(box).data));
  }
  return { scene, file: await openScene(path) };
}

/** The hits of all classes on one cover. */
async function search(
  file: Scene,
  { tiles, cover }: { tiles: SceneCover["tiles"]; cover: CoverSpec },
  { encoder, queries, label, count }: {
    encoder: Encoder;
    queries: Float32Array;
    label: string;
    count: number;
  },
): Promise<{ hits: SceneHit[][]; patches: number }> {
  const dataset = sceneTiles(file, tiles);
  const progress = createProgress({ label: `Encode ${label}`, total: tiles.length, unit: "tiles" });
  try {
    const store = await extractFeatures({
      ...{ dataset, cover, encoder, cacheDir: join(CACHE_DIR, "features") },
      onProgress: ({ done, encoded }) => progress.update(done, undefined, done - encoded),
    });
    if (store.ledger.length > 0) {
      throw new Error(`Cannot search ${file.path}: ${describeLedger(store.ledger)[0]}`);
    }
    const hits = await findSceneHits(store, dataset, queries, { count });
    return { hits, patches: store.patches };
  } finally {
    await progress.finish();
  }
}

/** Rows of one cover: all classes together, then each that has objects. */
function rowsOf(
  name: string,
  { scene, k, patches }: { scene: RemoteScene; k: number; patches: number },
  hits: readonly SceneHit[][],
): FoundRow[] {
  const density = patches / (scene.width * scene.height / 1e6), cost = { patches, density };
  if (scene.objects.length === 0) {
    throw new RangeError(
      "Cannot search scene: it has no object; another seed, side or density has",
    );
  }
  const { classes, found } = foundByClass(hits, scene.objects, k);
  return [
    { cover: name, objects: scene.objects.length, found, ...cost },
    ...classes.map(({ category, objects, found }) => ({
      ...{ cover: name, class: scene.categories[category], objects, found, ...cost },
    })),
  ];
}

/**
 * Draws the scene, searches it for the names of its classes on each cover, and writes the rows.
 *
 * @param config of {@linkcode remoteSensingConfig}
 * @param options where the rows are filed
 */
export async function runRemoteSensing(
  config: RemoteSensingConfig,
  options: FilingOptions = {},
): Promise<RemoteSensingRun> {
  const started = new Date(), { scene, file } = await drawScene(config);
  const { dtype, device } = config, encoder = await loadEncoder(config.encoder, { dtype, device });
  const hits = new Map<string, SceneHit[][]>(), rows: FoundRow[] = [];
  try {
    const queries = await classPrompts(encoder, scene.categories); // (Q, D)
    const count = Math.max(
      ...scene.categories.map((_, c) =>
        scene.objects.filter(({ category }) => category === c).length
      ),
      1,
    );
    for (const [label, cover] of coversOf(config)) {
      const found = await search(file, cover, { encoder, queries, label, count });
      hits.set(label, found.hits);
      rows.push(...rowsOf(label, { scene, k: config.k, patches: found.patches }, found.hits));
    }
    const { id, fingerprint, device: encoderDevice } = encoder;
    const facts = {
      ...{ config, command: commandLine(), dataset: "generated scene", started, encoderDevice },
    };
    const seconds = { all: (Date.now() - started.getTime()) / 1000 };
    const print = `${id} ${fingerprint.slice(0, 12)}`;
    await writeResults(
      rows,
      await collectProvenance({ ...facts, encoder: print, seconds }),
      options,
    );
    return { config, scene, file, rows, hits };
  } finally {
    await encoder.dispose();
  }
}
