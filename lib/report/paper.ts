/**
 * The paper's own numbers, to be shown beside ours. They are as printed in it; where it contradicts
 * itself the notes of the table say so.
 *
 * @module
 */
import data from "../../data/paper.json" with { type: "json" };

/** A cell of a table. */
export type PaperCell = string | number | boolean | readonly number[];

/** One line of a table, by column name. */
export type PaperRow = Readonly<Record<string, PaperCell>>;

/** A table of the paper, or the numbers of a figure that its text gives. */
export interface PaperTable {
  /** What it shows. */
  title: string;
  /** Where it stands in the paper. */
  where: string;
  /** Its lines; recalls are in per cent. */
  rows: readonly PaperRow[];
  /** What to know before comparing: contradictions, things left open. */
  notes: readonly string[];
}

const tables: Readonly<Record<string, PaperTable>> = data.tables;

/** Names of what there is: "table 1", …, "figure 6". */
export const PAPER_TABLES: readonly string[] = Object.keys(tables);

/** The paper, as a reference. */
export const PAPER_SOURCE: string = data.source;

/**
 * One table of the paper.
 *
 * @param name such as "table 2"; case does not matter
 * @throws RangeError when there is no such table
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { paperTable } from "detailclip";
 * assert(paperTable("Table 13").rows.length === 15);
 * ```
 */
export function paperTable(name: string): PaperTable {
  const table = tables[name.toLowerCase()];
  if (!table) {
    throw new RangeError(
      `Cannot read the paper's ${name}: there is only ${PAPER_TABLES.join(", ")}`,
    );
  }
  return table;
}

/**
 * One number of the paper, in the unit in which it is printed (recalls in per cent).
 *
 * @param table such as "table 2"
 * @param where what the line must hold, by column
 * @param column the column of the number
 * @throws RangeError when not exactly one line fits, or its cell is no number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { paperValue } from "detailclip";
 * const where = { dataset: "CLEVR-DS", input: "Full Image" };
 * assert(paperValue("table 2", where, "recall@1") === 10.61);
 * ```
 */
export function paperValue(table: string, where: PaperRow, column: string): number {
  const attempt = `Cannot read the paper's ${table}`;
  const wanted = Object.entries(where);
  const rows = paperTable(table).rows.filter((row) =>
    wanted.every(([key, value]) => row[key] === value)
  );
  if (rows.length !== 1) {
    throw new RangeError(`${attempt}: ${rows.length} lines have ${JSON.stringify(where)}`);
  }
  const value = rows[0][column];
  if (typeof value !== "number") {
    throw new RangeError(`${attempt}: its column "${column}" holds ${value}, not a number`);
  }
  return value;
}

/**
 * The paper's recalls on CLEVR-DS (Table 2 and Figure 6, CLIP ViT-B/32) under our names of the methods.
 *
 * @param metric such as `"recall@1"`; Patch-obj is only known for that one
 * @returns per cent as printed, by method
 */
export function paperRecalls(metric: string): Record<string, number> {
  const dataset = "CLEVR-DS";
  const table2 = (method: string, input: string) =>
    paperValue("table 2", { dataset, method, input }, metric);
  return {
    "full image": table2("CLIP", "Full Image"),
    "cc@10": table2("CLIP", "CC@10"),
    "DetailCLIP, as published": table2("DetailCLIP", "CC@10"),
    "DetailCLIP, our training": table2("DetailCLIP", "CC@10"),
    ...(metric === "recall@1" && {
      "Patch-obj": paperValue("figure 6", { method: "Patch-obj" }, metric),
    }),
  };
}

/**
 * The paper's Table 4, trainable modules on top of CLIP, under our names of the methods.
 *
 * @returns Recall@1 in per cent as printed, by method
 */
export function paperAdapters(): Record<string, number> {
  const table4 = (transformer: boolean, mlpLayers: number, patchCc: boolean) =>
    paperValue("table 4", { transformer, mlpLayers, patchCc }, "recall@1");
  return {
    "full image": table4(false, 0, false),
    "MLP, 1 layer": table4(false, 1, false),
    "MLP, 2 layers": table4(false, 2, false),
    "MLP, 3 layers": table4(false, 3, false),
    "transformer, no patches": table4(true, 0, false),
    "MLP over patches, 1 layer": table4(false, 1, true),
    "MLP over patches, 3 layers": table4(false, 3, true),
    "DetailCLIP, as published": table4(true, 0, true),
    "DetailCLIP, our training": table4(true, 0, true),
  };
}
