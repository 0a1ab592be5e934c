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
  measureSearch,
  medianOf,
  patchCollection,
  type PatchVectors,
  randomUnitVectors,
  type RetrievalRun,
  type Scale,
  type SearchCollection,
  vectorCollection,
} from "detailclip";
import { CC10, detailClipPlus, tiny } from "./fusion.ts";
import { type MakeRow, type SearchRow, VECTORS } from "./time_and_memory_rows.ts";

/** How large collections are searched, and how often. */
const SIZES: Record<Scale, { images: number[]; rounds: number; encoded: number }> = {
  smoke: { images: [30, 100], rounds: 2, encoded: 2 },
  quick: { images: [300, 1000, 3000, 10_000], rounds: 3, encoded: 8 },
  paper: { images: [300, 1000, 3000, 10_000], rounds: 5, encoded: 8 },
};

/** Random images with a vector a patch: each has its own, so that memory is read as a search would read it. */
function randomPatches(images: number, draw: (count: number) => Float32Array): PatchVectors[] {
  return Array.from({ length: images }, () => ({ features: draw(VECTORS[0]) }));
}

/** Collections of every size: the smaller ones are the first images of the largest. */
function randomCollections(sizes: readonly number[], dim: number): SearchCollection[] {
  const draw = randomUnitVectors(createRandom(0), dim), most = Math.max(...sizes);
  const patches = randomPatches(most, draw);
  const few = VECTORS.slice(1).map((vectors) => ({ vectors, data: draw(most * vectors) }));
  return sizes.flatMap((images) => [
    patchCollection(patches.slice(0, images), { dim }),
    ...few.map(({ vectors, data }) =>
      vectorCollection(data.subarray(0, images * vectors * dim), { dim, vectors })
    ),
  ]);
}

/** The data set's own features on cc@10. */
function realCollection(store: FeatureStore): SearchCollection {
  const images = store.imageIds.map((id) => ({ features: store.get(id).features.slice() }));
  return patchCollection(images, { dim: store.dim });
}

/** Times one query on random collections, and on the real one. */
export async function searchRows(store: FeatureStore, scale: Scale): Promise<SearchRow[]> {
  const { images, rounds } = SIZES[scale], { dim } = store;
  const collections = [realCollection(store), ...randomCollections(images, dim)];
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
export async function makeRows({ config, dataset, stores }: RetrievalRun): Promise<MakeRow[]> {
  await loadEngine();
  const { id, ...how } = config.encoder;
  const encoder = await loadEncoder(id, how);
  const paths = dataset.images.slice(0, SIZES[config.scale].encoded).map(({ path }) => path);
  const store = stores.get(coverName(CC10))!;
  try {
    return [
      await encodeRow({ scheme: "full" }, paths, encoder, config.cut),
      await encodeRow(CC10, paths, encoder, config.cut),
      await fuseRow("DetailCLIP", tiny(config.scale), store),
      await fuseRow("DetailCLIP+", plusModel(config.scale), store),
    ];
  } finally {
    await encoder.dispose();
  }
}

/** The model of DetailCLIP+, untrained. */
function plusModel(scale: Scale): FusionSpec {
  const { fuser } = detailClipPlus(CC10, scale);
  if (fuser.kind === "trained") return fuser.model;
  throw new Error("Cannot time DetailCLIP+: it is not trained");
}
