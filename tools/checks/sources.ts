/**
 * Checks that Deno itself carries out: format, lint, types, documentation of the public surface.
 *
 * @module
 */
import { join } from "node:path";
import { BROWSER_TEST, captureDeno } from "../project.ts";
import { listNotebooks } from "../jupyter/notebook.ts";
import { type Check, denoCheck, exists, listFiles, messages } from "./check.ts";

/** The text that `deno fmt` would make of a notebook. */
async function formatNotebook(text: string, root: string): Promise<string> {
  const formatter = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", "ipynb", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = formatter.output();
  await ReadableStream.from([new TextEncoder().encode(text)]).pipeTo(formatter.stdin);
  return new TextDecoder().decode((await output).stdout);
}

/** `deno fmt`, notebooks included. */
export const format: Check = {
  name: "format",
  run: async (root) => {
    const { fmt } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
    // --ignore takes the place of what deno.json excludes
    const ignored = [...(fmt?.exclude ?? []), "**/*.ipynb"].join(",");
    const args = ["fmt", "--check", `--ignore=${ignored}`];
    const { code, output } = await captureDeno(args, { cwd: root });
    const problems = code === 0 ? [] : [messages(output)];
    // --check of 2.8.1 refuses every notebook that it has not just written itself: compare the texts
    for (const path of await listNotebooks(join(root, "notebooks"))) {
      const text = await Deno.readTextFile(path);
      if (await formatNotebook(text, root) !== text) {
        problems.push(`${path} is not formatted: run deno fmt notebooks`);
      }
    }
    return problems;
  },
};

/** `deno lint` with the rules of deno.json. */
export const lint: Check = denoCheck("lint", ["lint"]);

/** The folders that hold TypeScript. */
const FOLDERS = ["lib", "experiments", "tools", "bench"];

/** Type check of every module, tests and tools included. */
export const types: Check = {
  name: "types",
  run: async (root) => {
    const present = await Promise.all(FOLDERS.map((folder) => exists(join(root, folder))));
    const folders = FOLDERS.filter((_folder, i) => present[i]);
    const { code, output } = await captureDeno(["check", ...folders], {
      cwd: root,
    });
    return code === 0 ? [] : [messages(output)];
  },
};

/** Format, lint and types of the test in a browser, whose folder has a configuration of its own. */
export const browserTest: Check = {
  name: "browser test",
  run: async (root) => {
    const cwd = join(root, BROWSER_TEST);
    if (!await exists(cwd)) return [];
    const runs = [["fmt", "--check"], ["lint"], ["check", "."]];
    const results = await Promise.all(runs.map((args) => captureDeno(args, { cwd })));
    return results.filter(({ code }) => code !== 0).map(({ output }) => messages(output));
  },
};

/** Types of tfjs, polars and Plot in public signatures: the lint takes all that npm packages export for private. */
const PACKAGE_TYPES = /private type '(Tensor(\dD)?|Scalar|Variable|pl|DataFrame|Expr|PlotOptions)'/;

/** Every public symbol, of the whole and of each room, is documented and typed. */
export const documentation: Check = {
  name: "doc lint",
  run: async (root) => {
    const surfaces = await listFiles(root, "lib", (path) => /^lib\/([^/]+\/)?mod\.ts$/.test(path));
    const { code, output } = await captureDeno(["doc", "--lint", ...surfaces], { cwd: root });
    if (code === 0) return [];
    const errors = output.split(/\n(?=error\[)/).filter((part) => part.startsWith("error["));
    const others = errors.filter((error) => !PACKAGE_TYPES.test(error.split("\n", 1)[0]));
    if (errors.length > 0 && others.length === 0) return [];
    return [messages(errors.length > 0 ? others.join("\n") : output)];
  },
};
