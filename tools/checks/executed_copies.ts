/**
 * The executed copies in results/notebooks are those of the notebooks as they are, and what the findings say can be seen
 * in them.
 *
 * @module
 */
import { basename, join } from "node:path";
import { cellText, listNotebooks, type Notebook, readNotebook } from "../jupyter/notebook.ts";
import { copiesFolder, runOf, sameCells, shownText } from "../jupyter/executed_copies.ts";
import type { Check } from "./check.ts";

/** The numbers of a text as they stand there, without signs and thousands separators. */
const numbersIn = (text: string): string[] =>
  (text.match(/\d[\d,]*(?:\.\d+)?/g) ?? []).map((number) => number.replaceAll(",", ""));

/** Measured numbers: those with decimals, and percentages. */
function measuredIn(text: string): string[] {
  const found = text.match(/\d[\d,]*\.\d+|\d[\d,]*(?=(?: |\u00a0|\n)?%)/g) ?? [];
  return found.map((number) => number.replaceAll(",", ""));
}

/** The findings of a notebook, if it has any. */
const findingsOf = (notebook: Notebook): string =>
  notebook.cells.filter(({ cell_type }) => cell_type === "markdown").map(cellText)
    .find((text) => text.startsWith("## Findings")) ?? "";

/**
 * Numbers of the findings that the executed copy does not show, neither as they are nor rounded to as many digits.
 *
 * @param findings Markdown
 * @param shown what is under the cells of the executed copy, and the text of the notebook, which has the paper's numbers
 */
function unseenNumbers(findings: string, shown: string): string[] {
  const seen = new Set(numbersIn(shown));
  const rounded = (digits: number) =>
    new Set([...seen].map((text) => Number(text).toFixed(digits)));
  const whole = rounded(0);
  return measuredIn(findings).filter((text) =>
    !seen.has(text) && !(text.includes(".") ? false : whole.has(text))
  );
}

/** The dates on which the committed rows were measured. */
async function datesOfRuns(root: string): Promise<Set<string>> {
  const dates = new Set<string>(), folder = join(root, "results", "rows");
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".run.json")) continue;
    dates.add(JSON.parse(await Deno.readTextFile(join(folder, name))).started.slice(0, 10));
  }
  return dates;
}

/** What is wrong with the executed copy of one notebook. */
function problemsOf(source: Notebook, copy: Notebook, dates: ReadonlySet<string>): string[] {
  const { added, failed } = runOf(copy);
  const known = added.split("\n").every((line) => /^(\/\/.*|const scale = "quick";|)$/.test(line));
  if (!sameCells(source, copy, { codeOnly: true }) || failed || !known) {
    return ["is not what its executed copy was: run deno task notebooks NAME --keep"];
  }
  const problems = sameCells(source, copy, { codeOnly: false })
    ? []
    : ["has other text than its executed copy: run deno task notebooks --text"];
  const findings = findingsOf(source);
  const [, date] = /scale, seed \d+, (\d{4}-\d\d-\d\d)/.exec(findings) ?? [];
  if (date !== undefined && !dates.has(date)) {
    problems.push(`has findings of ${date}, no run's date`);
  }
  const text = source.cells.map(cellText).filter((text) => text !== findings).join("\n");
  const unseen = unseenNumbers(findings, `${shownText(copy)}\n${text}`);
  if (unseen.length > 0) {
    problems.push(`has numbers in its findings that its copy does not show: ${unseen.join(", ")}`);
  }
  return problems;
}

/** Each notebook has an executed copy of its own code and text, in which the numbers of its findings can be seen. */
export const executedCopies: Check = {
  name: "executed copies",
  run: async (root) => {
    const dates = await datesOfRuns(root), problems: string[] = [];
    const sources = await listNotebooks(join(root, "notebooks")),
      names = sources.map((path) => basename(path));
    for (const copy of (await listNotebooks(copiesFolder(root))).map((path) => basename(path))) {
      if (!names.includes(copy)) problems.push(`results/notebooks/${copy} is of no notebook`);
    }
    for (const path of sources) {
      const name = basename(path);
      const copy = await readNotebook(join(copiesFolder(root), name)).catch(() => undefined);
      const found = copy
        ? problemsOf(await readNotebook(path), copy, dates)
        : ["has no executed copy in results/notebooks: run deno task notebooks NAME --keep"];
      problems.push(
        ...found.map((what) => `${name} ${what.replace("NAME", name.replace(".ipynb", ""))}`),
      );
    }
    return problems;
  },
};
