/**
 * What every notebook has: parameters, the configuration that they give, findings, and a place in README.md.
 *
 * @module
 */
import { basename, join } from "node:path";
import {
  cellText,
  listNotebooks,
  type Notebook,
  parameterNames,
  readNotebook,
} from "../jupyter/notebook.ts";
import { type Check, exists } from "./check.ts";

/** Findings stand in Markdown, and say of which run they are: its scale, its seed and its date. */
const FINDINGS = /^## Findings\b[^]*\bscale, seed \d+, \d{4}-\d\d-\d\d/im;

/** What a notebook lacks, in words. */
function lackingIn(notebook: Notebook): string[] {
  const textOf = (kind: string) =>
    notebook.cells.filter(({ cell_type }) => cell_type === kind).map(cellText);
  const code = textOf("code").join("\n");
  const lacking: [boolean, string][] = [
    [parameterNames(notebook).includes("scale"), "a cell tagged parameters that declares scale"],
    [/\bshowConfiguration\(/.test(code), "what is run: showConfiguration(configs, committed)"],
    [
      textOf("markdown").some((text) => FINDINGS.test(text)),
      "findings in Markdown: ## Findings, with scale, seed and date of their run",
    ],
  ];
  return lacking.filter(([there]) => !there).map(([, what]) => what);
}

/** Each notebook in notebooks/ can be run at a scale, shows something, says what was found, and is found. */
export const notebookForm: Check = {
  name: "notebook form",
  run: async (root) => {
    const file = join(root, "README.md");
    const readme = await exists(file) ? await Deno.readTextFile(file) : "";
    const problems: string[] = [];
    for (const path of await listNotebooks(join(root, "notebooks"))) {
      const name = basename(path);
      const lacking = lackingIn(await readNotebook(path));
      problems.push(...lacking.map((what) => `${name} lacks ${what}`));
      if (!readme.includes(`notebooks/${name}`)) problems.push(`README.md does not name ${name}`);
    }
    return problems;
  },
};
