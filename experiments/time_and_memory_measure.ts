/**
 * Times of searches, and of making the vectors of an image. Medians; other work on the machine shows in them.
 *
 * @module
 */
import {
  coverName,
  type CoverSpec,
  createFusion,
  createRandom,
  cutPatches,
  decodeImage,
  type Encoder,
  type ExperimentConfig,
  type FeatureStore,
  fuseStore,
  type FusionSpec,
  loadEncoder,
  loadEngine,
  makeCover,
  medianOf,
  type RetrievalRun,
  type Scale,
} from "detailclip";
import {
  measureSearch,
  patchCollection,
  type PatchVectors,
  randomUnitVectors,
  type SearchCollection,
  vectorCollection,
} from "detailclip/retrieval";
import { FULL } from "./covers.ts";
import { detailClipPlus, tiny } from "./recipes.ts";
import type { MakeRow, SearchRow } from "./time_and_memory_rows.ts";

/** How large collections are searched, and how often. */
const SIZES: Record<Scale, { images: number[]; rounds: number; encoded: number }> = {
  smoke: { images: [30, 100], rounds: 2, encoded: 2 },
  quick: { images: [300, 1000, 3000, 10_000], rounds: 3, encoded: 8 },
  full: { images: [300, 1000, 3000, 10_000], rounds: 5, encoded: 8 },
  paper: { images: [300, 1000, 3000, 10_000], rounds: 5, encoded: 8 },
};

/** Whose patches are kept, with their features, and the numbers of vectors that are compared: all patches, a few, one. */
export function patchesKept(
  { config, stores }: Pick<RetrievalRun, "config" | "stores">,
): { cover: CoverSpec; store: FeatureStore; vectors: number[] } {
  const cover = config.covers.find(({ scheme }) => scheme === "complete");
  const store = cover && stores.get(coverName(cover));
  if (!store) throw new Error(`Cannot time ${config.name}: no Complete Cover was encoded`);
  const few = (config.fusion ?? []).flatMap(({ fuser }) =>
    fuser.kind === "k-means" ? [fuser.vectors] : []
  );
  return { cover, store, vectors: [Math.round(store.patches / store.imageIds.length), ...few, 1] };
}

/** Random images with a vector a patch: each has its own, so that memory is read as a search would read it. */
function randomPatches(
  images: number,
  patches: number,
  draw: (count: number) => Float32Array,
): PatchVectors[] {
  return Array.from({ length: images }, () => ({ features: draw(patches) }));
}

/** Collections of every size: the smaller ones are the first images of the largest. */
function randomCollections(
  sizes: readonly number[],
  [all, ...fewer]: readonly number[],
  dim: number,
): SearchCollection[] {
  const draw = randomUnitVectors(createRandom(0), dim), most = Math.max(...sizes);
  const patches = randomPatches(most, all, draw);
  const few = fewer.map((vectors) => ({ vectors, data: draw(most * vectors) }));
  return sizes.flatMap((images) => [
    patchCollection(patches.slice(0, images), { dim }),
    ...few.map(({ vectors, data }) =>
      vectorCollection(data.subarray(0, images * vectors * dim), { dim, vectors })
    ),
  ]);
}

/** The data set's own features. */
function realCollection(store: FeatureStore): SearchCollection {
  const images = store.imageIds.map((id) => ({ features: store.get(id).features.slice() }));
  return patchCollection(images, { dim: store.dim });
}

/** Times one query on random collections, and on the real one. */
export async function searchRows(
  store: FeatureStore,
  vectors: readonly number[],
  scale: Scale,
): Promise<SearchRow[]> {
  const { images, rounds } = SIZES[scale], { dim } = store;
  const collections = [realCollection(store), ...randomCollections(images, vectors, dim)];
  const query = randomUnitVectors(createRandom(1), dim)(1);
  const costs = await measureSearch(collections, [query], { dim, rounds });
  return costs.map(({ vectors, images, ms, rounds }, i) => ({
    what: "search",
    features: i === 0 ? "real" : "random",
    ...{ vectors, images, ms, rounds },
  }));
}

/** Times cutting and encoding the patches of one image; the first one warms up. */
async function encodeRow(
  cover: CoverSpec,
  paths: readonly string[],
  encoder: Encoder,
  cut: ExperimentConfig["cut"],
): Promise<MakeRow> {
  const times: number[] = [];
  let patches = 0;
  for (const path of [paths[0], ...paths]) {
    const image = await decodeImage(path);
    const start = performance.now();
    const batch = await cutPatches(image, makeCover(cover, image), encoder.preprocessing, {
      method: cut,
    });
    await encoder.encodeImages(batch);
    times.push(performance.now() - start);
    patches = batch.count;
  }
  const step = `cut and encode ${cover.scheme === "full" ? "the full image" : coverName(cover)}`;
  return { what: "make", step, patches, ms: medianOf(times.slice(1)) };
}

/** Times fusing all patches of an image; weights do not matter to time, so they are random. */
async function fuseRow(name: string, spec: FusionSpec, store: FeatureStore): Promise<MakeRow> {
  const model = createFusion(spec, { dim: store.dim, seed: 0 });
  const times: number[] = [];
  try {
    for (let round = 0; round < 4; round++) {
      const start = performance.now();
      await fuseStore(model, store);
      times.push((performance.now() - start) / store.imageIds.length);
    }
  } finally {
    model.dispose();
  }
  const patches = store.patches / store.imageIds.length;
  return { what: "make", step: `fuse them, ${name}`, patches, ms: medianOf(times.slice(1)) };
}

/** Times what it takes to make the vectors of an image. */
export async function makeRows(run: RetrievalRun): Promise<MakeRow[]> {
  const { config, dataset } = run, { cover, store } = patchesKept(run);
  await loadEngine();
  const { id, ...how } = config.encoder;
  const encoder = await loadEncoder(id, how);
  const paths = dataset.images.slice(0, SIZES[config.scale].encoded).map(({ path }) => path);
  try {
    return [
      await encodeRow(FULL, paths, encoder, config.cut),
      await encodeRow(cover, paths, encoder, config.cut),
      await fuseRow("DetailCLIP", tiny(config.scale), store),
      await fuseRow("DetailCLIP+", plusModel(cover, config.scale), store),
    ];
  } finally {
    await encoder.dispose();
  }
}

/** The model of DetailCLIP+, untrained. */
function plusModel(cover: CoverSpec, scale: Scale): FusionSpec {
  const { fuser } = detailClipPlus(cover, scale);
  if (fuser.kind === "trained") return fuser.model;
  throw new Error("Cannot time DetailCLIP+: it is not trained");
}
