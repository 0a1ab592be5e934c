/**
 * What a search and an index cost with all patches, a few vectors, or one.
 *
 * Command: `deno task notebooks 12_time_and_memory`, under half a minute after 05_main_result. `deno task bench search` times
 * the same searches at CLIP's 512 dimensions.
 * Paper: Table 6 (§6.4).
 *
 * @module
 */
import {
  type Claim,
  collectProvenance,
  coverName,
  type CoverSpec,
  createFusion,
  createRandom,
  cutPatches,
  decodeImage,
  type Encoder,
  type ExperimentConfig,
  type ExperimentDefinition,
  type FeatureStore,
  fuseStore,
  type FusionSpec,
  loadEncoder,
  loadEngine,
  makeCover,
  measureSearch,
  medianOf,
  paperValue,
  patchCollection,
  type PatchVectors,
  randomUnitVectors,
  type RetrievalRun,
  type RowsOf,
  type RunOptions,
  runRetrieval,
  type SearchCollection,
  vectorCollection,
  writeResults,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { CC10, coverAt, detailClip, detailClipPlus, kMeans, tiny } from "./fusion.ts";
import { datasetAt, MIXED } from "./variants.ts";

type Scale = ExperimentConfig["scale"];

const at = (scale: Scale): ExperimentDefinition["scales"][Scale] => ({
  dataset: datasetAt(MIXED, scale),
  covers: [{ scheme: "full" }, CC10],
  fusion: [detailClip(coverAt(scale), scale), kMeans(coverAt(scale), 8)],
});

/** The run whose features are searched, with the recall of what is timed. */
export const timeAndMemory: ExperimentDefinition = {
  name: "time_and_memory_recall",
  title: "What one vector an image saves",
  paper: ["Table 6"],
  baseline,
  scales: {
    smoke: { ...at("smoke"), bootstrap: { resamples: 100 } },
    quick: at("quick"),
    paper: { ...paperScale, ...at("paper") },
  },
};

/** Vectors an image that are compared: the paper's 166 and 1, and a few. */
export const VECTORS: readonly number[] = [166, 8, 1];

/** How large collections are searched, and how often. */
const SIZES: Record<Scale, { images: number[]; rounds: number; encoded: number }> = {
  smoke: { images: [30, 100], rounds: 2, encoded: 2 },
  quick: { images: [300, 1000, 3000, 10_000], rounds: 3, encoded: 8 },
  paper: { images: [300, 1000, 3000, 10_000], rounds: 5, encoded: 8 },
};

/** The time of one query. */
export interface SearchRow {
  /** What the row speaks of. */
  what: "search";
  /** Real features of the data set, or random unit vectors. */
  features: "real" | "random";
  /** Vectors an image. */
  vectors: number;
  /** Number of images. */
  images: number;
  /** Median time of one query, ms. */
  ms: number;
  /** The time of each round, ms. */
  rounds: number[];
}

/** What making an image's vectors takes. */
export interface MakeRow {
  /** What the row speaks of. */
  what: "make";
  /** The step: `"cut and encode cc@10"`, `"fuse cc@5, DetailCLIP"`. */
  step: string;
  /** Patches that it takes. */
  patches: number;
  /** Median time an image, ms. */
  ms: number;
}

/** Memory of an image's vectors. */
export interface MemoryRow {
  /** What the row speaks of. */
  what: "memory";
  /** Vectors an image. */
  vectors: number;
  /** D. */
  dim: number;
  /** Bytes an image, float32. */
  bytes: number;
}

/** What {@linkcode runTimeAndMemory} measures. */
export type CostRow = SearchRow | MakeRow | MemoryRow;

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
async function searchRows(store: FeatureStore, scale: Scale): Promise<SearchRow[]> {
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
async function makeRows({ config, dataset, stores }: RetrievalRun): Promise<MakeRow[]> {
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

/** What {@linkcode runTimeAndMemory} leaves behind. */
export interface TimeAndMemory {
  /** The recall run. */
  run: RetrievalRun;
  /** Times and bytes. */
  rows: CostRow[];
}

/**
 * Times searches and the making of vectors, and writes the rows as `time_and_memory`. Times differ from run to run:
 * medians are kept, and the rounds of each.
 *
 * @param config of {@linkcode timeAndMemory}
 * @param options as of `runRetrieval`
 */
export async function runTimeAndMemory(
  config: ExperimentConfig,
  options: RunOptions = {},
): Promise<TimeAndMemory> {
  const run = await runRetrieval(config, options);
  const started = new Date();
  const store = run.stores.get(coverName(CC10))!;
  const { dim } = store;
  const memory = VECTORS.map((vectors): MemoryRow => ({
    what: "memory",
    ...{ vectors, dim, bytes: vectors * dim * Float32Array.BYTES_PER_ELEMENT },
  }));
  const rows = [...await searchRows(store, config.scale), ...await makeRows(run), ...memory];
  const seconds = { measure: (Date.now() - started.getTime()) / 1000 };
  const { command, dataset, encoder } = run.provenance;
  const facts = { config, command, dataset, encoder, started, seconds };
  const experiment = config.name.replace("time_and_memory_recall", "time_and_memory");
  const provenance = { ...await collectProvenance(facts), experiment };
  await writeResults(rows, provenance, options.resultsDir);
  return { run, rows };
}

/** The rows of one kind. */
export function rowsAbout<What extends CostRow["what"]>(
  rows: readonly CostRow[],
  what: What,
): Extract<CostRow, { what: What }>[] {
  return rows.filter((row): row is Extract<CostRow, { what: What }> => row.what === what);
}

/** Times on random vectors at the largest collection, by vectors an image. */
export function largest(rows: readonly CostRow[]): SearchRow[] {
  const random = rowsAbout(rows, "search").filter(({ features }) => features === "random");
  const most = Math.max(...random.map(({ images }) => images));
  return random.filter(({ images }) => images === most);
}

/** How many times as long, or as much, all patches take as another number of vectors. */
export function savings(
  rows: readonly CostRow[],
  vectors: number,
): { time: number; memory: number } {
  const ratio = <T extends { vectors: number }>(of: readonly T[], value: (row: T) => number) =>
    value(of.find((row) => row.vectors === VECTORS[0])!) /
    value(of.find((row) => row.vectors === vectors)!);
  return {
    time: ratio(largest(rows), ({ ms }) => ms),
    memory: ratio(rowsAbout(rows, "memory"), ({ bytes }) => bytes),
  };
}

const paper = (method: "CC" | "DetailCLIP", column: string) =>
  paperValue("table 6", { method }, column);
const where = {
  notebook: "12_time_and_memory",
  where: "Table 6",
  needs: ["time_and_memory"],
};
const found = (rowsOf: RowsOf) => rowsOf<CostRow>("time_and_memory");

/** What the paper reads off Table 6. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "A search of one vector an image is faster than one of 166",
    measure: "time of a query over 166 patches / over one vector an image, times",
    paper: (paper("CC", "timeMs") / paper("DetailCLIP", "timeMs")).toFixed(1),
    judge(rowsOf) {
      const { time } = savings(found(rowsOf), 1);
      return { ours: time.toFixed(0), holds: time > 1.1 ? "yes" : "no" };
    },
  },
  {
    ...where,
    claim: "One vector needs over 99 % less memory",
    measure: "memory saved by one vector an image against 166, % (arithmetic, not a measurement)",
    paper: (100 * (1 - paper("DetailCLIP", "memoryKB") / paper("CC", "memoryKB"))).toFixed(1),
    judge(rowsOf) {
      const saved = 100 * (1 - 1 / savings(found(rowsOf), 1).memory);
      return { ours: saved.toFixed(1), holds: saved > 99 ? "yes" : "no" };
    },
  },
];

/** Table 6 beside ours. */
export function tableSix({ run, rows }: TimeAndMemory): Record<string, string>[] {
  const recall = (method: string) => {
    const row = run.rows.find((row) =>
      row.method === method && row.metric === "recall@1" && row.subset === "all"
    );
    return row ? (100 * row.value).toFixed(1) : "";
  };
  const methods: Record<number, string[]> = {
    166: ["cc@10", "CC"],
    8: ["k-means (m = 8)"],
    1: ["DetailCLIP, our training", "DetailCLIP"],
  };
  return largest(rows).map(({ vectors, images, ms }) => {
    const [ours, theirs] = methods[vectors];
    const printed = (column: string) =>
      theirs ? String(paper(theirs as "CC" | "DetailCLIP", column)) : "";
    const { bytes } = rowsAbout(rows, "memory").find((row) => row.vectors === vectors)!;
    return {
      method: ours,
      vectors: String(vectors),
      [`ms a query, ${images.toLocaleString("en")} images`]: ms.toFixed(ms < 10 ? 2 : 0),
      "kB an image": (bytes / 1000).toFixed(1),
      "Recall@1, %": recall(ours),
      "paper: time, ms": printed("timeMs"),
      "paper: memory, KB": printed("memoryKB"),
      "paper: Recall@1, %": printed("recall@1"),
    };
  });
}

/** What making an image's vectors takes, as a table. */
export const makingTable = (rows: readonly CostRow[]): Record<string, string>[] =>
  rowsAbout(rows, "make").map(({ step, patches, ms }) => ({
    "step, for one image": step,
    patches: String(Math.round(patches)),
    ms: ms.toFixed(ms < 10 ? 2 : 0),
  }));
