/**
 * README.md tells no tales: its snippets compile, its tasks and files exist, its tables, and those of
 * results/CLAIMS.md, are the rows.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { recallBars } from "../../lib/plots/mod.ts";
import { parseResults } from "../../lib/report/results.ts";
import { readTextIfThere } from "../../lib/runtime/files.ts";
import { capture, captureDeno } from "../project.ts";
import { fillTables, isUsedBy, PAGES } from "./readme_table.ts";
import { type Check, exists, messages } from "./check.ts";

/** Tasks that the text names, as `deno task NAME` or `deno@2.8.1 task NAME`. */
function namedTasks(text: string): string[] {
  return [...text.matchAll(/\bdeno(?:@[\d.]+)? task ([\w:-]+)/g)].map((match) => match[1]);
}

/** Files that the text names: targets of links and images, and paths in backticks. */
function namedFiles(text: string): string[] {
  const prose = text.replace(/^```[^]*?^```/gm, "");
  const links = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)|(?:src|href)="([^"]+)"/g)]
    .map((match) => match[1] ?? match[2])
    .filter((target) => !/^([a-z]+:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ""));
  const paths = [...prose.matchAll(/`((?:lib|tools|data|experiments|notebooks|bench)\/[\w./-]+)`/g)]
    .map((match) => match[1]);
  return [...links, ...paths];
}

/** What git says in a checkout; nothing elsewhere. */
async function git(root: string, ...args: string[]): Promise<string | undefined> {
  const { code, output } = await capture("git", args, { cwd: root })
    .catch(() => ({ code: 1, output: "" })); // no git
  return code === 0 ? output : undefined;
}

/**
 * A page with the rows that are committed. A run of one's own writes other rows over them (training
 * differs in its last digits from machine to machine) and makes the text no less true.
 *
 * @returns `undefined` outside a checkout
 */
async function fillFromCommit(text: string, root: string): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const listed = await git(root, "ls-tree", "-r", "--name-only", "HEAD", "results");
    if (listed === undefined) return undefined;
    for (const path of listed.split("\n").filter(isUsedBy(text))) {
      const committed = await git(root, "show", `HEAD:./${path}`);
      if (committed === undefined) return undefined;
      await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), committed);
    }
    return await fillTables(text, folder).catch(() => undefined); // rows that are not committed yet
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is wrong with the tables of a page. */
async function staleTables(page: string, root: string): Promise<string[]> {
  const path = join(root, page);
  if (!await exists(path)) return [];
  const text = await Deno.readTextFile(path);
  const filled = await fillTables(text, root).catch((error: Error) => error);
  if (filled instanceof Error) return [filled.message];
  if (filled === text || await fillFromCommit(text, root) === text) return [];
  return [`${page} has a table that differs from its rows: run tools/checks/readme_table.ts`];
}

/** The first picture of README.md, which the demo draws, and the rows in it, which a notebook renews, too. */
const PICTURE = "results/figures/main_result.quick.svg";
const PICTURED = "results/rows/main_result.quick.jsonl";

/** Whether a picture says what its rows do, as far as its description goes. */
function shows(svg: string, rows: string): boolean {
  const { alt } = recallBars(parseResults(rows, PICTURED));
  return svg.includes(`aria-label="${alt}"`);
}

/** What is wrong with the first picture: it may be as in the tree or, like tables, as it is committed. */
async function stalePicture(root: string): Promise<string[]> {
  const [svg, rows] = await Promise.all(
    [PICTURE, PICTURED].map((path) => readTextIfThere(join(root, path))),
  );
  if (svg === undefined || rows === undefined || shows(svg, rows)) return [];
  const committed = await git(root, "show", `HEAD:./${PICTURED}`);
  if (committed !== undefined && shows(svg, committed)) return [];
  return [`${PICTURE} differs from its rows: run deno task demo --keep`];
}

/** The snippets, tasks and files of README.md. */
export const readme: Check = {
  name: "README",
  run: async (root) => {
    const file = join(root, "README.md");
    if (!await exists(file)) return ["README.md is missing"];
    const text = await Deno.readTextFile(file);
    const problems: string[] = [];
    const { tasks = {} } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
    for (const task of new Set(namedTasks(text))) {
      if (!(task in tasks)) problems.push(`README.md names task ${task}; deno.json has none`);
    }
    for (const path of new Set(namedFiles(text))) {
      if (!await exists(join(root, path))) problems.push(`README.md names ${path}; there is none`);
    }
    for (const page of PAGES) problems.push(...await staleTables(page, root));
    problems.push(...await stalePicture(root));
    const { code, output } = await captureDeno(["check", "--doc-only", "README.md"], { cwd: root });
    if (code !== 0) problems.push(messages(output));
    return problems;
  },
};
