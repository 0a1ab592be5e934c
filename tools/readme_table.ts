/**
 * Puts the tables of README.md where they belong: `deno run -A tools/readme_table.ts` fills every block
 *
 *     <!-- table: results/rows/NAME.jsonl -->
 *     <!-- /table -->
 *
 * with the rows of that file. The gate refuses a block that says something else than its file.
 *
 * @module
 */
import { join } from "node:path";
import { paperRecalls } from "../lib/experiments/paper.ts";
import { readResults } from "../lib/experiments/results.ts";
import { recallMarkdown } from "../lib/experiments/table.ts";
import { writeAtomic } from "../lib/files.ts";
import { ROOT } from "./project.ts";

const BLOCK = /(<!-- table: (\S+) -->\n)[^]*?(<!-- \/table -->)/g;

/**
 * A README with every table made anew from its rows.
 *
 * @param text the README
 * @param root folder that the files are relative to
 * @throws {Error} when a file of rows cannot be read
 */
export async function fillTables(text: string, root: string): Promise<string> {
  const paper = { heading: "paper, R@1", values: paperRecalls("recall@1") };
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(BLOCK)) {
    const [whole, open, path, close] = match;
    const table = recallMarkdown(await readResults(join(root, path)), { paper });
    parts.push(text.slice(end, match.index), open, "\n", table, "\n\n", close);
    end = match.index + whole.length;
  }
  return [...parts, text.slice(end)].join("");
}

if (import.meta.main) {
  const path = join(ROOT, "README.md");
  await writeAtomic(path, await fillTables(await Deno.readTextFile(path), ROOT));
}
