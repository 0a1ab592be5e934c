/**
 * Imports run one way: a folder knows nothing of the folders after it, nor a room of the library of the rooms after it, and
 * no files import each other in a circle, types included.
 *
 * @module
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { captureDeno } from "../project.ts";
import { type Check, listFiles, messages } from "./check.ts";

/** The folders in their order: one imports itself and earlier ones. */
const FOLDERS: readonly string[] = ["lib", "experiments", "bench", "tools"];

/** The rooms in the order of the data's way; a room imports itself and earlier ones. */
const ROOMS: readonly (readonly string[])[] = [
  ["runtime", "numeric"],
  ["covers"],
  ["images"],
  ["datasets"],
  ["encoders"],
  ["features"],
  ["tensor"],
  ["fusion"],
  ["retrieval"],
  ["report"],
  ["runner"],
  ["plots"],
];

/** Packages that one room alone imports, and everyone else gets through it. */
const ONE_IMPORTER: Record<string, string> = { sharp: "images" };

/** The part of `deno info --json` that is looked at. */
interface Graph {
  modules: {
    specifier: string;
    error?: string;
    dependencies?: {
      specifier: string;
      code?: { specifier?: string; span: { start: { line: number } } };
      type?: { specifier?: string; span: { start: { line: number } } };
    }[];
  }[];
}

/** The room of a library file: its folder, or its own name without endings when it lies in lib/. */
function roomOf(path: string): string {
  return path.split("/")[1].replace(/\.(test\.)?ts$/, "");
}

/** The place of a room in the order; -1 for a room that the order does not know. */
function rank(room: string): number {
  return ROOMS.findIndex((rooms) => rooms.includes(room));
}

/** The folder of a file. */
const folderOf = (path: string) => path.split("/")[0];

/** What is wrong with a file's import of another file of the project, if anything. */
function problemWith(from: string, to: string): string | null {
  const [own, other] = [folderOf(from), folderOf(to)];
  if (own !== "lib") {
    return FOLDERS.indexOf(other) > FOLDERS.indexOf(own) ? `${other} comes after ${own}` : null;
  }
  if (other !== "lib") {
    if (to.startsWith("data/") || to === "deno.json") return null;
    return "the library imports nothing outside lib/ but data/ and deno.json";
  }
  if (to === "lib/mod.ts") return "the public surface is for users of the library";
  const [here, there] = [roomOf(from), roomOf(to)];
  if (
    rank(there) > rank(here) || (rank(there) === rank(here) && here !== there)
  ) {
    return `${there} comes after ${here}`;
  }
  return null;
}

/** The problems in one graph of modules. */
function graphProblems(graph: Graph, base: string): string[] {
  const problems: string[] = [];
  const imports = new Map<string, string[]>(); // of each file
  for (const { specifier, error, dependencies = [] } of graph.modules) {
    if (!specifier.startsWith(base)) continue;
    const from = decodeURI(specifier.slice(base.length)), inLibrary = folderOf(from) === "lib";
    if (!FOLDERS.includes(folderOf(from))) continue;
    if (error) problems.push(`${from}: ${error}`);
    if (from === "lib/mod.ts") continue;
    imports.set(from, []);
    if (inLibrary && rank(roomOf(from)) < 0) {
      problems.push(`${from}: unknown room; give it its place in tools/checks/imports.ts`);
      continue;
    }
    for (const { specifier: name, code, type } of dependencies) {
      const target = code ?? type;
      const place = `${from}:${(target?.span.start.line ?? 0) + 1} imports ${name}`;
      const owner = ONE_IMPORTER[name.replace(/^npm:/, "").replace(/@.*$/, "")];
      if (inLibrary && owner && roomOf(from) !== owner) {
        problems.push(`${place}: only ${owner} may`);
      }
      if (!target?.specifier?.startsWith(base)) continue;
      const to = decodeURI(target.specifier.slice(base.length));
      if (to.startsWith("node_modules/")) continue; // a package
      imports.get(from)!.push(to);
      const problem = problemWith(from, to);
      if (problem) problems.push(`${place}: ${problem}`);
    }
  }
  const circles = findCircles(imports);
  return [...problems, ...circles.map((files) => `imports in a circle: ${files.join(" -> ")}`)];
}

/**
 * Circles of imports, each from a file back to itself. A file is in one of them at most: of circles that share
 * a file the first is named.
 *
 * @param imports the files that each file imports
 */
function findCircles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  for (const file of [...imports.keys()].sort()) {
    if (circles.some((circle) => circle.includes(file))) continue;
    const circle = shortestCircle(imports, file);
    if (circle) circles.push(circle);
  }
  return circles;
}

/** The shortest way along imports from a file back to itself, found breadth first. */
function shortestCircle(
  imports: ReadonlyMap<string, readonly string[]>,
  file: string,
): string[] | undefined {
  const seen = new Set<string>();
  for (let ways = [[file]]; ways.length > 0;) {
    const longer: string[][] = [];
    for (const way of ways) {
      for (const next of imports.get(way[way.length - 1]) ?? []) {
        if (next === file) return [...way, file];
        if (seen.has(next)) continue;
        seen.add(next);
        longer.push([...way, next]);
      }
    }
    ways = longer;
  }
  return undefined;
}

/** The imports of all folders, tests included, as Deno's own parser sees them. */
export const oneWayImports: Check = {
  name: "one-way imports",
  run: async (root) => {
    const base = pathToFileURL(root).href + "/";
    const listed = FOLDERS.map((folder) => listFiles(root, folder, (path) => path.endsWith(".ts")));
    const files = (await Promise.all(listed)).flat();
    const entry = join(root, ".cache", `imports-${crypto.randomUUID()}.ts`);
    await Deno.mkdir(join(root, ".cache"), { recursive: true });
    await Deno.writeTextFile(entry, files.map((file) => `import "../${file}";\n`).join(""));
    try {
      const { code, output } = await captureDeno(["info", "--json", entry], { cwd: root });
      if (code !== 0) return [messages(output)];
      return graphProblems(JSON.parse(output.slice(output.indexOf("{"))), base);
    } finally {
      await Deno.remove(entry);
    }
  },
};
