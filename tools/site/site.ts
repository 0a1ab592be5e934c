/**
 * A static site of executed notebooks: an index with figures, claims and commands, a page for each notebook, and the
 * pages of the API. It needs no kernel: sliders have the positions that were drawn ahead.
 *
 * @module
 */
import { join } from "node:path";
import { CLAIM_HEADINGS, claimCells, judgedAtQuick, RULE } from "../../experiments/claims.ts";
import { escapeXml, svgUri } from "../../lib/plots/svg.ts";
import type { JudgedClaim } from "../../lib/report/claims.ts";
import { writeAtomic } from "../../lib/runtime/files.ts";
import { showStep } from "../../lib/runtime/progress.ts";
import { type JupyterSetup, setUpJupyter } from "../jupyter/kernelspec.ts";
import { cellText, listNotebooks, notebookName, readNotebook } from "../jupyter/notebook.ts";
import { capture, captureDeno, ROOT } from "../project.ts";

/** Where a site is made from, and where to. */
export interface SiteOptions {
  /** The folder that gets the site. */
  out: string;
  /** The folder of executed notebooks. */
  notebooks: string;
  /** Whether pages of the API are made, which takes some seconds. */
  api: boolean;
}

/** A notebook with its page. */
interface Page {
  /** `"08_choosing_k"`. */
  name: string;
  /** Its first heading. */
  title: string;
  /** What nbconvert makes of it: the inside of a page. */
  body: string;
  /** Its first figure as a data URI, where it has one. */
  figure?: string;
}

/** A whole page around its inside. */
function page(title: string, body: string, nav: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<header>${nav}</header>
<main>
${body}
</main>
</body>
</html>
`;
}

const link = (target: string, text: string) =>
  `<a href="${escapeXml(target)}">${escapeXml(text)}</a>`;

/** An output of a cell, as far as it is looked at. */
interface Output {
  output_type: string;
  data?: Record<string, string | string[]>;
}

/** The first figure that is a cell's result; curves that grew while a cell ran are none. */
function firstFigure(outputs: readonly unknown[]): string | undefined {
  for (const { output_type, data } of outputs as Output[]) {
    const svg = data?.["image/svg+xml"];
    if (svg === undefined || output_type !== "execute_result") continue;
    return svgUri(typeof svg === "string" ? svg : svg.join(""));
  }
}

/** Converts notebooks by nbconvert, which knows all their outputs. */
async function convert(paths: readonly string[], { venv, env }: JupyterSetup): Promise<Page[]> {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["-m", "nbconvert", "--to", "html", "--template", "basic", "--output-dir", folder];
    const { code, output } = await capture(venv.python, [...args, ...paths], { env });
    if (code !== 0) throw new Error(`Cannot convert notebooks: ${output.trim()}`);
    return await Promise.all(paths.map(async (path) => {
      const name = notebookName(path), { cells } = await readNotebook(path);
      const heading = cells.map(cellText).map((text) => /^# (.+)$/m.exec(text)?.[1]).find(Boolean);
      return {
        name,
        title: heading ?? name,
        body: await Deno.readTextFile(join(folder, `${name}.html`)),
        figure: firstFigure(cells.flatMap(({ outputs = [] }) => outputs)),
      };
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Claims as a table. */
function claimsTable(judged: readonly JudgedClaim[], pages: readonly Page[]): string {
  const row = (cells: readonly string[], tag = "td") =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  const known = new Set(pages.map(({ name }) => name));
  const lines = judged.map((claim) => {
    const { notebook } = claim, name = escapeXml(notebook);
    const linked = known.has(notebook) ? link(`${notebook}.html`, notebook) : name;
    return row([linked, ...claimCells(claim).map(escapeXml)]);
  });
  const head = row(["notebook", ...CLAIM_HEADINGS], "th");
  return `<div class="scroll"><table><thead>${head}</thead><tbody>${
    lines.join("\n")
  }</tbody></table></div>`;
}

/** What tells a run from others of its notebook: `["smoke-2e3642"]` of `"00_anatomy.smoke-2e3642"`. */
const runOf = (name: string): string[] =>
  name.includes(".") ? [name.slice(name.indexOf(".") + 1)] : [];

/** The first page. */
async function indexBody(pages: readonly Page[], api: boolean): Promise<string> {
  const judged = await judgedAtQuick();
  const cards = pages.map(({ name, title, figure }) =>
    `<a href="${name}.html">${figure ? `<img src="${figure}" alt="" loading="lazy">` : ""}` +
    `${escapeXml([name.slice(0, 2), title, ...runOf(name)].join(" "))}</a>`
  );
  return `<h1>DetailCLIP workspace</h1>
<p>A CLIP feature of a whole photo loses its small objects. DetailCLIP looks through a cover of patches at many
scales, encodes each with a frozen CLIP, and fuses them into one vector that keeps the detail. These pages are
executed notebooks, each a table or figure of the paper, rerun.</p>
<pre><code>npx -y deno@2.8.1 task demo    # from images to a recall table
npx -y deno@2.8.1 task lab     # these notebooks in JupyterLab
npx -y deno@2.8.1 task test    # all tests</code></pre>
<h2>Notebooks</h2>
<div class="grid">${cards.join("\n")}</div>
${api ? `<p>${link("api/index.html", "Pages of the API")}</p>` : ""}
<h2>What the paper claims, and what is measured here</h2>
<p>At the quick scale, with the embedded encoder on generated images; the paper's numbers (“there”) are of other
objects and another encoder. ${escapeXml(RULE)}</p>
${claimsTable(judged, pages)}`;
}

/** The pages of the API: a module for each room. */
async function documentApi(out: string): Promise<void> {
  const { exports } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const rooms = Object.values<string>(exports).map((path) => join(ROOT, path));
  const args = ["doc", "--html", "--name=detailclip", `--output=${out}`, ...rooms];
  const { code, output } = await captureDeno(args, { cwd: ROOT });
  if (code !== 0) throw new Error(`Cannot document the API: ${output.trim()}`);
}

/** Refuses text that tells of the machine that made it. */
function checkPaths({ name, body }: Page): void {
  const home = Deno.env.get("HOME");
  for (const place of [ROOT, home]) {
    if (place === undefined || place === "/" || !body.includes(`${place}/`)) continue;
    throw new Error(`Cannot publish ${name}: its outputs name the folder ${place} of this machine`);
  }
}

/**
 * Makes the site.
 *
 * @param options from where, and where to
 * @returns names of its notebooks
 * @throws {Error} when there are no notebooks, one cannot be converted, or one names folders of this machine
 */
export async function buildSite({ out, notebooks, api }: SiteOptions): Promise<string[]> {
  const all = await listNotebooks(notebooks);
  const paths = all.filter((path) => !path.endsWith(".failed.ipynb")); // they did not run to the end
  if (paths.length === 0) {
    throw new Error(`Cannot make a site: there are no notebooks in ${notebooks}`);
  }
  const setup = await setUpJupyter(); // which shows steps of its own
  const label = `Convert ${paths.length} notebooks`;
  const pages = await showStep(label, () => convert(paths, setup), { about: "about 30 s" });
  pages.forEach(checkPaths);
  const write = (name: string, text: string) => writeAtomic(join(out, name), text);
  await write("style.css", await Deno.readTextFile(join(ROOT, "tools", "site", "style.css")));
  const home = link("index.html", "DetailCLIP");
  await write("index.html", page("DetailCLIP workspace", await indexBody(pages, api), home));
  for (const [i, { name, title, body }] of pages.entries()) {
    const before = pages[i - 1], after = pages[i + 1];
    const nav = [
      home,
      ...(before ? [link(`${before.name}.html`, `← ${before.title}`)] : []),
      ...(after ? [link(`${after.name}.html`, `${after.title} →`)] : []),
    ].join(" ");
    await write(`${name}.html`, page(title, body, nav));
  }
  if (api) {
    const document = () => documentApi(join(out, "api"));
    await showStep("Document the API", document, { about: "about 10 s" });
  }
  return pages.map(({ name }) => name);
}
