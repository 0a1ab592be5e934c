/**
 * Puts tables into README.md and results/CLAIMS.md: `deno run -A tools/checks/readme_table.ts` fills every block
 *
 *     <!-- table: results/rows/NAME.jsonl -->
 *     <!-- /table -->
 *
 * with the rows of that file (after `A.jsonl + B.jsonl` also those of B whose methods A has with another training, where
 * both searched the same images by the same encoder), and
 *
 *     <!-- claims -->
 *     <!-- /claims -->
 *
 * with what the notebooks' rows at the quick scale say of the paper's claims, a block `tally` with how many of them
 * hold, a block `rule` with what decides, a block `units` with what is done of the headline and a block `seeds` with what
 * its seeds give, blocks `photos` and `photos in short` with what was measured on photographs, and a block `bench` with
 * what benchmarks measured. The gate refuses a block that says something else than its files.
 *
 * @module
 */
import { join } from "node:path";
import { benchMarkdown } from "../../bench/bench_page.ts";
import {
  CLAIM_HEADINGS,
  claimCells,
  judgedAtQuick,
  NEEDED_EXPERIMENTS,
  RULE,
} from "../../experiments/claims.ts";
import { seedsMarkdown, unitsMarkdown } from "../../experiments/headline_list.ts";
import { photosInShort, photosMarkdown } from "../../experiments/photos_page.ts";
import { paperRecalls } from "../../lib/report/paper.ts";
import { readResults, type ResultRow } from "../../lib/report/results.ts";
import { markdownTable, methodText, recallMarkdown } from "../../lib/report/tables.ts";
import { writeAtomic } from "../../lib/runtime/files.ts";
import { ROOT } from "../project.ts";

const TABLE =
  /(?<open><!-- table: (?<paths>\S+(?: \+ \S+)*) -->\n)[^]*?(?<close><!-- \/table -->)/g;

/** A block by its name. */
const block = (name: string) =>
  new RegExp(`(?<open><!-- ${name} -->\\n)[^]*?(?<close><!-- /${name} -->)`, "g");

/** The pages that have such blocks, relative to the workspace. */
export const PAGES = [
  "README.md",
  "bench/README.md",
  "results/CLAIMS.md",
  "results/HEADLINE.md",
  "results/PHOTOS.md",
];

/**
 * Whether a page is made from a file, by its path relative to the workspace: rows that it names, and, where it speaks of
 * claims, all that is kept of their experiments, also of other seeds.
 *
 * @param text the page
 */
export function isUsedBy(text: string): (path: string) => boolean {
  const named = [...text.matchAll(TABLE)].flatMap(({ groups }) => {
    const rows = groups!.paths.split(" + ");
    return rows.length > 1 ? [...rows, ...rows.map(provenanceOf)] : rows;
  });
  const experiments = /<!-- (claims|tally) -->/.test(text) ? NEEDED_EXPERIMENTS : [];
  const kept = experiments.map((name) =>
    new RegExp(`^results/rows/(seeds/)?${name}\\.quick\\.(?!.*run\\.json$)`)
  );
  if (/<!-- (units|seeds) -->/.test(text)) kept.push(/^results\/rows\/(seeds\/)?headline_/);
  if (/<!-- photos( in short)? -->/.test(text)) kept.push(/^results\/rows\/photos/);
  if (text.includes("<!-- bench -->")) {
    kept.push(/^results\/(bench\/.*|notebooks\/times\.quick)\.json$/);
  }
  return (path) => named.includes(path) || kept.some((pattern) => pattern.test(path));
}

/** The file beside rows that says where they come from. */
const provenanceOf = (rows: string) => rows.replace(/jsonl$/, "run.json");

/** How many claims there are, and how many hold. */
async function tallyMarkdown(root: string): Promise<string> {
  const all = await judgedAtQuick(join(root, "results"));
  const count = (verdict: string) => all.filter(({ holds }) => holds === verdict).length;
  const [undecided, lacking] = [count("undecided"), count("not measured")];
  return `Of ${all.length} claims ${count("yes")} hold here, ${count("partly")} in part, ` +
    `${count("no")} not; ${undecided} ${undecided === 1 ? "is" : "are"} undecided, ` +
    `${lacking} ${lacking === 1 ? "needs" : "need"} more seeds or encoders.`;
}

/** The claims with their verdicts, in Markdown, for a page in results/. */
async function claimsMarkdown(root: string): Promise<string> {
  const lines = (await judgedAtQuick(join(root, "results"))).map((claim) => [
    `[${claim.notebook}](../notebooks/${claim.notebook}.ipynb)`,
    ...claimCells(claim),
  ]);
  return markdownTable(["notebook", ...CLAIM_HEADINGS], lines);
}

/** The rows of the first run, and after each trained method those of other trainings of it in the other runs. */
function withTrainings([rows, ...others]: ResultRow[][]): ResultRow[] {
  const methods = [...Map.groupBy(rows, ({ method }) => method)];
  return methods.flatMap(([method, own]) => {
    const texts = new Set(own.map(methodText));
    const more = others.flat().filter((row) =>
      row.method === method && row.trained && !texts.has(methodText(row))
    );
    return [...own, ...more];
  });
}

/** What was searched, and by which encoder, as it is noted beside rows. */
async function searchedBy(rows: string): Promise<{ dataset?: string; encoder?: string }> {
  const { dataset, encoder } = JSON.parse(await Deno.readTextFile(provenanceOf(rows)));
  return { dataset, encoder };
}

/**
 * Refuses to put rows into one table whose runs searched other images, or by another encoder.
 *
 * @throws {Error} when they did, or when it is not noted beside the rows
 */
async function checkComparable([first, ...others]: string[], root: string): Promise<void> {
  if (others.length === 0) return;
  const own = await searchedBy(join(root, first));
  for (const path of others) {
    const other = await searchedBy(join(root, path));
    for (const what of ["dataset", "encoder"] as const) {
      if (own[what] !== undefined && own[what] === other[what]) continue;
      throw new Error(`Cannot put ${path} beside ${first}: they are of another ${what}`);
    }
  }
}

/** Replaces the inside of every block. */
async function fill(
  text: string,
  pattern: RegExp,
  content: (groups: Record<string, string>) => Promise<string>,
): Promise<string> {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const { open, close } = match.groups!;
    parts.push(
      text.slice(end, match.index),
      open,
      "\n",
      await content(match.groups!),
      "\n\n",
      close,
    );
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)].join("");
}

/**
 * A page with every table made anew from its rows.
 *
 * @param text the page
 * @param root folder that the files are relative to
 * @throws {Error} when a file of rows cannot be read
 */
export async function fillTables(text: string, root: string): Promise<string> {
  const paper = { heading: "paper, R@1", values: paperRecalls("recall@1") };
  const tables = await fill(
    text,
    TABLE,
    async ({ paths }) => {
      const files = paths.split(" + ");
      await checkComparable(files, root);
      const read = files.map((path) => readResults(join(root, path)));
      return recallMarkdown(withTrainings(await Promise.all(read)), { paper });
    },
  );
  const tallied = await fill(tables, block("tally"), () => tallyMarkdown(root));
  const ruled = await fill(tallied, block("rule"), () => Promise.resolve(RULE));
  const listed = await fill(ruled, block("units"), () => unitsMarkdown(join(root, "results")));
  const spread = await fill(listed, block("seeds"), () => seedsMarkdown(join(root, "results")));
  const short = await fill(
    spread,
    block("photos in short"),
    () => photosInShort(join(root, "results")),
  );
  const seen = await fill(short, block("photos"), () => photosMarkdown(join(root, "results")));
  const timed = await fill(seen, block("bench"), () => benchMarkdown(join(root, "results")));
  return await fill(timed, block("claims"), () => claimsMarkdown(root));
}

/**
 * Writes pages with every block made anew.
 *
 * @param root folder of the workspace
 * @param pages relative to it
 */
export async function fillPages(root: string, pages: readonly string[] = PAGES): Promise<void> {
  for (const path of pages.map((page) => join(root, page))) {
    await writeAtomic(path, await fillTables(await Deno.readTextFile(path), root));
  }
}

if (import.meta.main) await fillPages(ROOT);
