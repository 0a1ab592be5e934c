/**
 * Types and lint of notebook cells: Deno formats notebooks, but neither checks nor lints them, so each
 * one becomes a module of its cells, and messages are led back to the cell.
 *
 * @module
 */
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Cell, cellText, listNotebooks, readNotebook } from "../jupyter/notebook.ts";
import { captureDeno } from "../project.ts";
import { type Check, messages } from "./check.ts";

/** Where a line of the module comes from: the 1-based cell, and the line in it. */
type Origin = { cell: number; line: number };

/** A notebook's cells as one module. */
export interface CellModule {
  /** The module's text. */
  source: string;
  /** The origin of each of its lines; absent for lines that no cell holds. */
  origins: (Origin | undefined)[];
}

/** The types of Deno.jupyter are among the unstable ones; `export {}` makes top-level await legal. */
const PREAMBLE = ['/// <reference lib="deno.unstable" />', "export {};"];

/** Lint rules that speak of modules rather than of cells. */
const NOT_IN_CELLS = ["no-unused-vars", "prefer-const"];

/** Joins the code cells of a notebook, remembering where each line comes from. */
function cellModule(cells: readonly Cell[]): CellModule {
  const lines = [...PREAMBLE];
  const origins: CellModule["origins"] = PREAMBLE.map(() => undefined);
  cells.forEach((cell, index) => {
    if (cell.cell_type !== "code") return;
    cellText(cell).split("\n").forEach((text, line) => {
      lines.push(text);
      origins.push({ cell: index + 1, line: line + 1 });
    });
  });
  return { source: lines.join("\n") + "\n", origins };
}

/** Puts "name.ipynb: cell C, line L" in place of the module's file, line and column. */
function toCells(text: string, file: string, name: string, module: CellModule): string {
  for (const written of [pathToFileURL(file).href, file]) {
    // "file:LINE:COLUMN" in type errors, "file: line LINE, col COLUMN" in compact lint
    const places = new RegExp(`${RegExp.escape(written)}:(?: line )?(\\d+)(?::|, col )\\d+`, "g");
    text = text.replaceAll(places, (_all, line) => {
      const origin = module.origins[Number(line) - 1];
      return origin ? `${name}: cell ${origin.cell}, line ${origin.line}` : name;
    });
  }
  return text;
}

/** Imports that work here or in the kernel only, never in both. */
function relativeImports(name: string, cells: readonly Cell[]): string[] {
  return cells.flatMap((cell, index) =>
    cell.cell_type === "code" && /\bfrom\s+["']\.|\bimport\s*\(?\s*["']\./.test(cellText(cell))
      ? [`${name}: cell ${index + 1}: import from "detailclip": relative imports crash the kernel`]
      : []
  );
}

/** Types and lint of the cells of every notebook in notebooks/, all of them at once. */
export const notebookCells: Check = {
  name: "notebook cells",
  run: async (root) => {
    // inside the project, so that deno.json and its import map apply
    const folder = join(root, ".cache", `notebook-check-${crypto.randomUUID()}`);
    await Deno.mkdir(folder, { recursive: true });
    try {
      const modules: { name: string; file: string; module: CellModule }[] = [];
      const problems: string[] = [];
      for (const path of await listNotebooks(join(root, "notebooks"))) {
        const name = basename(path), { cells } = await readNotebook(path);
        const file = join(folder, `${name}.ts`), module = cellModule(cells);
        await Deno.writeTextFile(file, module.source);
        modules.push({ name, file, module });
        problems.push(...relativeImports(name, cells));
      }
      if (modules.length === 0) return problems;
      const files = modules.map(({ file }) => file);
      const exclude = `--rules-exclude=${NOT_IN_CELLS.join(",")}`;
      for (const args of [["check", ...files], ["lint", "--compact", exclude, ...files]]) {
        const { code, output } = await captureDeno(args, { cwd: root });
        if (code === 0) continue;
        problems.push(
          modules.reduce(
            (text, { name, file, module }) => toCells(text, file, name, module),
            messages(output),
          ),
        );
      }
      return problems;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};
