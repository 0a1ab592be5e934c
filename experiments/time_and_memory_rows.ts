/**
 * What searches and indices cost, as rows, and the tables that are made of them.
 *
 * @module
 */
import {
  type ExperimentConfig,
  NotMeasured,
  paperValue,
  type RetrievalRun,
  subsetRows,
} from "detailclip";
import { type MeasuredRun } from "detailclip/report";

/** The paper's number of patches, CC@10. */
export const PATCHES = 166;

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

/** What `runTimeAndMemory` measures. */
export type CostRow = SearchRow | MakeRow | MemoryRow;

/** What `runTimeAndMemory` leaves behind. */
export interface TimeAndMemory extends MeasuredRun {
  /** What was run. */
  config: ExperimentConfig;
  /** The recall run. */
  run: RetrievalRun;
  /** Times and bytes. */
  rows: CostRow[];
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

/**
 * How many times as long, or as much, one number of vectors takes as another.
 *
 * @param rows rows of the run
 * @param many vectors an image
 * @param few with which to compare
 * @throws {NotMeasured} when one of them was not measured
 */
export function savings(
  rows: readonly CostRow[],
  many: number,
  few: number,
): { time: number; memory: number } {
  const ratio = <T extends { vectors: number }>(of: readonly T[], value: (row: T) => number) => {
    const [a, b] = [many, few].map((vectors) => {
      const found = of.find((row) => row.vectors === vectors);
      if (found) return value(found);
      throw new NotMeasured(`no search of ${vectors} vectors an image`);
    });
    return a / b;
  };
  return {
    time: ratio(largest(rows), ({ ms }) => ms),
    memory: ratio(rowsAbout(rows, "memory"), ({ bytes }) => bytes),
  };
}

/** A number of the paper's Table 6. */
export const paper = (method: "CC" | "DetailCLIP", column: string): number =>
  paperValue("table 6", { method }, column);

/** Which one vector is timed, where it was trained: the time is that of any. */
const OURS = "DetailCLIP, our training";

/** Table 6 beside ours. */
export function tableSix(
  { run, rows }: { run: Pick<RetrievalRun, "rows">; rows: readonly CostRow[] },
): Record<string, string>[] {
  const patches = subsetRows(run.rows).find(({ method }) => /^cc@/.test(method))?.method ?? "";
  const recall = (method: string) => {
    const row = run.rows.find((row) =>
      row.method === method && row.metric === "recall@1" && row.subset === "all"
    );
    return row ? (100 * row.value).toFixed(1) : "";
  };
  const searches = largest(rows), most = Math.max(...searches.map(({ vectors }) => vectors));
  const isTrained = run.rows.some(({ method }) => method === OURS);
  const methodOf = (vectors: number): [ours: string, theirs?: "CC" | "DetailCLIP"] => {
    if (vectors === 1) return [isTrained ? OURS : "one vector", "DetailCLIP"];
    if (vectors < most) return [`k-means (m = ${vectors})`];
    return vectors === PATCHES ? [patches, "CC"] : [patches];
  };
  const bytesOf = new Map(rowsAbout(rows, "memory").map(({ vectors, bytes }) => [vectors, bytes]));
  return searches.map(({ vectors, images, ms }) => {
    const [ours, theirs] = methodOf(vectors), bytes = bytesOf.get(vectors) ?? NaN;
    const printed = (column: string) => theirs ? String(paper(theirs, column)) : "";
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
