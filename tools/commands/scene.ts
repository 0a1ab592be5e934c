/**
 * `deno task scene`: finds words in one image of any size, window by window. What is found can be laid over the scene
 * in QGIS. Stopped or killed, it goes on from where it was when started again.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { type SceneCover, sceneCover } from "../../lib/covers/mod.ts";
import { sceneTiles } from "../../lib/datasets/mod.ts";
import {
  classPrompts,
  type Encoder,
  loadEncoder,
  scopeNotice,
  vocabularyNotice,
} from "../../lib/encoders/mod.ts";
import { describeLedger, extractFeatures } from "../../lib/features/mod.ts";
import {
  longitudeLatitude,
  openScene,
  type PixelConfig,
  type Scene,
} from "../../lib/images/mod.ts";
import { findSceneHits, hitsToGeoJson, type SceneHit } from "../../lib/retrieval/mod.ts";
import { CACHE_DIR, checkFolder } from "../../lib/runtime/cache_dir.ts";
import { writeAtomic } from "../../lib/runtime/files.ts";
import { notice, printable } from "../../lib/runtime/notice.ts";
import { createProgress } from "../../lib/runtime/progress.ts";
import {
  ENCODER_OPTIONS,
  encoderUsage,
  oneOf,
  readEncoder,
  readOptions,
  UsageError,
} from "./arguments.ts";
import { runTask } from "./task.ts";

const OPTIONS = {
  objects: { type: "string", default: "8,64" },
  k: { type: "string", default: "10" },
  tile: { type: "string", default: "1024" },
  count: { type: "string", default: "20" },
  ...ENCODER_OPTIONS,
  bands: { type: "string" },
  stretch: { type: "string" },
  out: { type: "string" },
  retry: { type: "boolean", default: false },
} as const;

const USAGE = `Usage: deno task scene FILE WORD… [options]
  --objects SHORTEST,LONGEST   sides of objects, in px, that lie wholly in a patch that answers for them (8,64)
  --k K                        1/c, the effective scale sensitivity: larger is coarser and faster (10)
  --tile PX                    side of the windows that are read and covered one by one (1024)
  --count N                    hits a word (20)
${encoderUsage()}
  --bands R,G,B                which bands are red, green and blue, from 1 (the first three)
  --stretch none|percentile    how 16 bits become 8 (percentile)
  --out FILE.geojson           the hits, for QGIS and other maps
  --retry                      try again tiles that could not be read`;

/** Reads whole numbers with commas between them. */
function parseNumbers(option: string, text: string, length: number): number[] {
  const numbers = text.split(",").map(Number);
  if (numbers.length === length && numbers.every((n) => Number.isSafeInteger(n) && n > 0)) {
    return numbers;
  }
  const wanted = length === 1 ? "a positive integer" : `${length} positive integers with commas`;
  throw new UsageError(`Cannot read --${option}: expected ${wanted}, got ${text}`);
}

/** What the command line asks for. */
function parseCall(args: string[]) {
  const { values, positionals } = readOptions({ args, options: OPTIONS, allowPositionals: true });
  const [file, ...words] = positionals;
  if (file === undefined || words.length === 0 || words.some((word) => word.trim() === "")) {
    throw new UsageError("Cannot search scene: name a file and the words to find in it");
  }
  const { bands, stretch, out } = values;
  if (out !== undefined && (!/\.(?:geo)?json$/i.test(out) || resolve(out) === resolve(file))) {
    throw new UsageError(`Cannot read --out: expected FILE.geojson, got ${out}`);
  }
  const config: PixelConfig = {};
  if (bands) config.bands = parseNumbers("bands", bands, 3) as PixelConfig["bands"];
  if (stretch) {
    config.stretch = oneOf<"none" | "percentile">("stretch", stretch, ["none", "percentile"]);
  }
  const objects = parseNumbers("objects", values.objects, 2) as [number, number];
  if (objects[0] > objects[1]) {
    throw new UsageError(`Cannot read --objects: the shortest comes first, got ${values.objects}`);
  }
  const whole = (option: "k" | "tile" | "count") => parseNumbers(option, values[option], 1)[0];
  return {
    file,
    words,
    config,
    out,
    count: whole("count"),
    retry: values.retry,
    encoder: { id: "tiny-clip", ...readEncoder(values) },
    cover: {
      objects,
      k: whole("k"),
      tile: whole("tile"),
    },
  };
}

/** Encodes the patches of a scene, or takes them from the cache. */
async function encode(
  scene: Scene,
  encoder: Encoder,
  { tiles, cover }: SceneCover,
  retry: boolean,
) {
  const dataset = sceneTiles(scene, tiles);
  const progress = createProgress({
    label: `Encode ${dataset.name}`,
    total: tiles.length,
    unit: "tiles",
  });
  try {
    const store = await extractFeatures({
      dataset,
      cover,
      encoder,
      cacheDir: join(CACHE_DIR, "features"),
      retry,
      onProgress: ({ done, failed, encoded }) =>
        progress.update(done, failed > 0 ? `${failed} failed` : undefined, done - encoded),
    });
    return { store, dataset };
  } finally {
    await progress.finish();
  }
}

/** A line a hit: score, box, and where it is on the earth. */
function describe(word: string, hits: readonly SceneHit[], { place }: Scene): string {
  const degrees = place && longitudeLatitude(place);
  const lines = hits.map(({ score, box: { left, top, width, height } }, i) => {
    const at = degrees?.(left + width / 2, top + height / 2).map((n) => n.toFixed(6)).join(", ");
    return `  ${i + 1}. ${score.toFixed(3)}  ${width}x${height} px at ${left}, ${top}` +
      (at ? `  (longitude, latitude ${at})` : "");
  });
  return [word, ...lines].join("\n");
}

/** Opens, encodes, searches, and writes. */
async function search(call: ReturnType<typeof parseCall>): Promise<void> {
  checkFolder(CACHE_DIR, "DETAILCLIP_CACHE", { complete: true });
  if (call.out) checkFolder(dirname(resolve(call.out)), "--out");
  const scene = await openScene(call.file, call.config);
  const cover = sceneCover(scene.width, scene.height, call.cover); // refuses what does not fit, before anything is loaded
  const { id, ...how } = call.encoder, encoder = await loadEncoder(id, how);
  try {
    const said = [
      scopeNotice(encoder, { name: call.file }),
      await vocabularyNotice(encoder, call.words),
    ];
    for (const line of said) if (line) notice(line);
    const queries = await classPrompts(encoder, call.words); // (Q, D)
    const encoded = await encode(scene, encoder, cover, call.retry);
    const { width, height } = scene, { store } = encoded;
    if (store.imageIds.length === 0) {
      throw new Error(`Cannot search ${call.file}: ${describeLedger(store.ledger)[0]}`);
    }
    const hits = await findSceneHits(store, encoded.dataset, queries, { count: call.count });
    call.words.forEach((word, q) => console.log(describe(word, hits[q], scene)));
    const megapixels = width * height / 1e6;
    console.log(
      `${width}x${height} px: ${store.patches} patches, ${
        Math.round(store.patches / megapixels)
      } a megapixel`,
    );
    for (const line of describeLedger(store.ledger)) {
      console.log(printable(`  not searched: ${line}`));
    }
    if (!call.out) return;
    await writeAtomic(call.out, JSON.stringify(hitsToGeoJson(hits, call.words, scene.place)));
    console.log(`wrote ${call.out}`);
  } finally {
    await encoder.dispose();
  }
}

if (import.meta.main) await runTask(USAGE, () => search(parseCall(Deno.args)));
