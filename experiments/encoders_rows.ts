/**
 * Rows of encoders on data sets as figures and tables take them, beside the paper's Table 3.
 *
 * @module
 */
import {
  NotMeasured,
  type PaperRow,
  paperTable,
  percent,
  type ResultRow,
  type Series,
  type SeriesRow,
} from "detailclip";
import { DATASETS, ENCODERS, labelOf, pairOf } from "./encoders_pairs.ts";

/** A recall of an encoder on a data set. */
export interface EncoderRow {
  /** Name of the encoder. */
  encoder: string;
  /** Name of the data set. */
  dataset: string;
  /** `"full image"`, `"cc@10"`, `"DetailCLIP"`. */
  method: string;
  /** Recall, a share. */
  value: number;
  /** Lower bound of its confidence interval. */
  low?: number;
  /** Upper bound. */
  high?: number;
}

/** A recall as the figure takes it, in per cent. */
export interface EncoderDot extends EncoderRow {
  /** Whose it is: `"here"` or `"the paper"`. */
  by: string;
}

/** Which kind of vectors a row is of; `undefined` for those that Table 3 lacks. */
function kindOf(method: string): EncoderRow["method"] | undefined {
  if (method === "full image") return "full image";
  if (method.startsWith("cc@")) return method;
  return method.startsWith("DetailCLIP") ? "DetailCLIP" : undefined;
}

/** Our Recall@1. */
export function ourRows(rows: readonly SeriesRow[]): EncoderRow[] {
  return rows.flatMap(({ member, method, metric, subset, value, low, high }): EncoderRow[] => {
    const kind = kindOf(method);
    if (!kind || metric !== "recall@1" || subset !== "all") return [];
    return [{ ...pairOf(member), method: kind, value, low, high }];
  });
}

/** The encoder of a line of Table 3. */
const encoderOf = ({ method }: PaperRow) =>
  /^DetailCLIP \((.*)\)$/.exec(String(method))?.[1] ?? String(method);

/** Table 3, row by row. */
export function paperRows(): EncoderRow[] {
  return paperTable("table 3").rows.flatMap((row) =>
    DATASETS.map((dataset): EncoderRow => {
      const fused = String(row.method).startsWith("DetailCLIP");
      const method = fused ? "DetailCLIP" : row.input === "Full Image" ? "full image" : "cc@10";
      return { encoder: encoderOf(row), dataset, method, value: Number(row[dataset]) / 100 };
    })
  );
}

/** Pairs without a number. */
export const missingPairs = (
  { notRun }: Pick<Series, "notRun">,
): { encoder: string; dataset: string }[] => notRun.map(({ member }) => pairOf(member));

/** Ours and the paper's as dots, of one scale. */
export function encoderDots(rows: readonly SeriesRow[]): EncoderDot[] {
  const by = (by: string) => ({ value, low, high, ...row }: EncoderRow): EncoderDot => ({
    ...{ ...row, by, value: 100 * value },
    ...(low !== undefined && { low: 100 * low }),
    ...(high !== undefined && { high: 100 * high }),
  });
  return [...ourRows(rows).map(by("here")), ...paperRows().map(by("the paper"))];
}

/** Pairs that were not run here, of encoders that have a number anywhere. */
export function gapsIn(
  dots: readonly EncoderDot[],
  series: Pick<Series, "notRun">,
): { encoder: string; dataset: string; by: string }[] {
  const drawn = new Set(dots.map(({ encoder }) => encoder));
  return missingPairs(series).filter(({ encoder }) => drawn.has(encoder))
    .map((pair) => ({ ...pair, by: "here" }));
}

/** Ours beside the paper's: a line an encoder and method, a column a data set, also one that the paper has not. */
export function tableThree(series: Series): Record<string, string>[] {
  const ours = ourRows(series.rows), theirs = paperRows();
  const always = Object.keys(ENCODERS).flatMap((encoder) =>
    (["full image", "DetailCLIP"] as const).map((method) => ({ encoder, method }))
  );
  const lines = new Map(
    [...ours, ...theirs, ...always].map(({ encoder, method }) => [
      `${encoder}\n${method}`,
      { encoder, method },
    ]),
  );
  const skipped = new Set(series.notRun.map(({ member }) => member));
  const datasets = new Set([
    ...DATASETS,
    ...[...ours, ...missingPairs(series)].map((r) => r.dataset),
  ]);
  const order = Object.keys(ENCODERS);
  const last = ({ method }: Pick<EncoderRow, "method">) => Number(method === "DetailCLIP");
  return [...lines.values()].toSorted((a, b) =>
    order.indexOf(a.encoder) - order.indexOf(b.encoder) || last(a) - last(b)
  )
    .map(({ encoder, method }) => {
      const cell = (rows: readonly EncoderRow[], dataset: string, digits: number) => {
        const row = rows.find((row) =>
          row.encoder === encoder && row.method === method && row.dataset === dataset
        );
        return row && (100 * row.value).toFixed(digits);
      };
      const columns = [...datasets].flatMap((dataset) => [
        [
          `${dataset}, %`,
          cell(ours, dataset, 1) ?? (skipped.has(labelOf(encoder, dataset)) ? "not run" : ""),
        ],
        ...(DATASETS.includes(dataset)
          ? [[`paper: ${dataset}`, cell(theirs, dataset, 2) ?? ""]]
          : []),
      ]);
      return { encoder, method, ...Object.fromEntries(columns) };
    });
}

/**
 * All methods on a data set beside the paper's of the same kind, an encoder a column; its patches are those of cc@10.
 *
 * @param rows of a run on the data set that stands for the paper's
 * @param dataset the paper's name of it
 */
export function besidePaper(
  rows: readonly ResultRow[],
  dataset: string,
): Record<string, string>[] {
  const theirs = paperRows().filter((row) => row.dataset === dataset);
  const encoders = new Set(
    theirs.filter(({ method }) => method === "DetailCLIP").map(({ encoder }) => encoder),
  );
  const all = rows.filter(({ subset }) => subset === "all");
  return [...new Set(all.map(({ method }) => method))].map((method) => {
    const own = all.filter((row) => row.method === method), [{ vectors }] = own;
    const kind = kindOf(method)?.replace(/^cc@.*/, "cc@10");
    const recalls = own.map(({ metric, value }) => [`${metric}, %`, percent(value)]);
    const beside = [...encoders].map((encoder) => {
      const row = theirs.find((row) => row.encoder === encoder && row.method === kind);
      return [`paper: ${encoder}`, row ? (100 * row.value).toFixed(2) : ""];
    });
    return {
      ...{ method, vectors: vectors > 0 ? String(Number(vectors.toFixed(1))) : "" },
      ...Object.fromEntries([...recalls, ...beside]),
    };
  });
}

/** What is missing, and the command that runs it. */
export const notRunTable = ({ notRun }: Pick<Series, "notRun">): Record<string, string>[] =>
  notRun.map(({ member, missing, command }) => ({
    "not run": member,
    why: missing.replaceAll(/\s*\n\s*/g, " "),
    "command, once it is there": command,
  }));

/**
 * The rows that Table 3 compares for one encoder on one data set.
 *
 * @throws {NotMeasured} when one of them is missing
 */
export function compared(
  rows: readonly ResultRow[],
): Record<"full" | "patches" | "fused", ResultRow> {
  const recall = rows.filter(({ metric, subset }) => metric === "recall@1" && subset === "all");
  const find = (what: string, fits: (row: ResultRow) => boolean) => {
    const found = recall.find(fits);
    if (found) return found;
    throw new NotMeasured(`no recall@1 of ${what}`);
  };
  const fused = find("DetailCLIP", ({ method }) => method.startsWith("DetailCLIP"));
  return {
    full: find("full image", ({ method }) => method === "full image"),
    patches: find(fused.cover, ({ method }) => method === fused.cover),
    fused,
  };
}

/** Table 3's DetailCLIP minus another method on a data set, by encoder, in points as printed. */
export function paperGains(against: "full image" | "cc@10", on = "CLEVR-DS"): string {
  const rows = paperRows().filter(({ dataset }) => dataset === on);
  return rows.filter(({ method }) => method === "DetailCLIP").map(({ encoder, value }) => {
    const other = rows.find((row) => row.encoder === encoder && row.method === against)!;
    return `${(100 * (value - other.value)).toFixed(2)} (${encoder.replace("CLIP-", "")})`;
  }).join(", ");
}
