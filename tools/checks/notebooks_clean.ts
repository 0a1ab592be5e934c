/**
 * Notebooks in git hold sources only: executed copies lie in runs/ and results/.
 *
 * @module
 */
import { basename, join } from "node:path";
import { KERNEL_NAME } from "../jupyter/kernelspec.ts";
import { listNotebooks, type Notebook, readNotebook } from "../jupyter/notebook.ts";
import type { Check } from "./check.ts";

/** What a run or an editor left in a notebook. */
function leftovers(name: string, notebook: Notebook): string[] {
  const problems = notebook.cells.flatMap((cell, index) => {
    const place = `${name}: cell ${index + 1}`;
    const found: string[] = [];
    if (cell.outputs && cell.outputs.length > 0) found.push(`${place} has outputs`);
    if (typeof cell.execution_count === "number") found.push(`${place} has an execution count`);
    if ("execution" in cell.metadata) found.push(`${place} has the times of a run`);
    return found;
  });
  const kernel = notebook.metadata.kernelspec?.name;
  if (kernel !== KERNEL_NAME) problems.push(`${name}: its kernel is ${kernel}, not ${KERNEL_NAME}`);
  const language = notebook.metadata.language_info?.name;
  if (language !== "typescript") { // deno fmt passes over the cells of any other
    problems.push(`${name}: its language is ${language}, not typescript`);
  }
  return problems;
}

/** The notebooks in notebooks/ are clean of outputs and ask for the Deno kernel. */
export const notebooksClean: Check = {
  name: "notebooks clean",
  run: async (root) => {
    const problems: string[] = [];
    for (const path of await listNotebooks(join(root, "notebooks"))) {
      problems.push(...leftovers(basename(path), await readNotebook(path)));
    }
    return problems;
  },
};
