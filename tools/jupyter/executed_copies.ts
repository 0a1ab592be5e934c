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

const textsOf = ({ cells }: Notebook, kind: string) =>
  cells.filter((cell) => cell.cell_type === kind && !isAdded(cell)).map(cellText);

/** Whether two notebooks have the same cells of a kind, in the same order. */
export function sameCells(a: Notebook, b: Notebook, kind: "code" | "markdown"): boolean {
  const [mine, theirs] = [textsOf(a, kind), textsOf(b, kind)];
  return mine.length === theirs.length && mine.every((text, i) => text === theirs[i]);
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
    if (!copy || !sameCells(source, copy, "code") || sameCells(source, copy, "markdown")) continue;
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
