/**
 * The executed copies of notebooks in results/: whether they are copies still, and what they show.
 *
 * @module
 */
import { join } from "node:path";
import { writeAtomic } from "../../lib/runtime/files.ts";
import { ROOT } from "../project.ts";
import {
  type Cell,
  cellText,
  INJECTED_TAG,
  listNotebooks,
  type Notebook,
  notebookName,
  readNotebook,
} from "./notebook.ts";

/** The folder of the committed copies of a project. */
export const copiesFolder = (root: string = ROOT): string => join(root, "results", "notebooks");

/** The cell that a run adds to set its scale is no cell of the notebook. */
const isAdded = ({ metadata }: Cell) => metadata.tags?.includes(INJECTED_TAG) ?? false;

/** The cells of a notebook, in their order: all of them, or those with code. */
const cellsOf = ({ cells }: Notebook, { codeOnly }: { codeOnly: boolean }) =>
  cells.filter((cell) => !isAdded(cell) && (!codeOnly || cell.cell_type === "code"))
    .map((cell) => [cell.cell_type, cellText(cell)]);

/** Whether two notebooks have the same cells in the same order: all of them, or those with code. */
export function sameCells(a: Notebook, b: Notebook, which: { codeOnly: boolean }): boolean {
  return JSON.stringify(cellsOf(a, which)) === JSON.stringify(cellsOf(b, which));
}

/** What a kept copy was run with besides its own parameters, and whether a cell ended in an error. */
export function runOf({ cells }: Notebook): { added: string; failed: boolean } {
  const outputs = cells.flatMap(({ outputs = [] }) => outputs as { output_type?: string }[]);
  return {
    added: cells.filter(isAdded).map(cellText).join("\n"),
    failed: outputs.some(({ output_type }) => output_type === "error"),
  };
}

/** One output of a cell, in nbformat. */
interface Output {
  text?: string | string[];
  data?: Record<string, string | string[]>;
}

/** What a reader sees under the cells of an executed notebook, without markup. */
export function shownText(notebook: Notebook): string {
  const outputs = notebook.cells.flatMap(({ outputs = [] }) => outputs as Output[]);
  const texts = outputs.flatMap(({ text = "", data = {} }) => [
    text,
    ...Object.entries(data).filter(([mime]) => /^text\/|svg/.test(mime)).map(([, value]) => value),
  ]);
  return texts.map((text) => [text].flat().join("")).join("\n").replace(/<[^>]*>/g, " ");
}

/**
 * Puts the Markdown of the notebooks into their executed copies, where the code is that of the copy: what the copies
 * show stays true.
 *
 * @returns names of the copies that were changed
 */
export async function carryText(root: string = ROOT): Promise<string[]> {
  const changed: string[] = [];
  for (const path of await listNotebooks(join(root, "notebooks"))) {
    const target = join(copiesFolder(root), `${notebookName(path)}.ipynb`);
    const copy = await readNotebook(target).catch(() => undefined);
    const source = await readNotebook(path);
    const asItWas = copy && sameCells(source, copy, { codeOnly: true });
    if (!asItWas || sameCells(source, copy, { codeOnly: false })) continue;
    const code = copy.cells.filter(({ cell_type }) => cell_type === "code");
    const cells = source.cells.flatMap((cell): Cell[] => {
      if (cell.cell_type !== "code") return [cell];
      const executed = [code.shift()!];
      while (code.length > 0 && isAdded(code[0])) executed.push(code.shift()!);
      return executed;
    });
    await writeAtomic(target, JSON.stringify({ ...copy, cells }, null, 1) + "\n");
    changed.push(notebookName(path));
  }
  return changed;
}
