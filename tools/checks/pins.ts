/**
 * Everything that comes from outside is pinned to one exact version.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { DENO_VERSION } from "../project.ts";
import { type Check, exists, listFiles } from "./check.ts";

const NPM_PIN = /^npm:(@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+(-[\w.]+)?(\/.*)?$/;
const PYTHON_PIN = /^[\w.[\]-]+==[\w.!+]+( ?;.*)?$/;
const ACTION_PIN = /@[0-9a-f]{40}$/;

/** What is wrong with a package that a file names. */
function npmProblem(file: string, name: string, target: string, locked: boolean): string | null {
  if (!NPM_PIN.test(target)) return `${file}: ${name} is not pinned exactly: ${target}`;
  return locked ? null : `${dirname(file)}/deno.lock: ${target} of ${file} is missing`;
}

/** The imports of every deno.json, the overrides of package.json, and their entries in deno.lock. */
async function npmProblems(root: string): Promise<string[]> {
  const read = async (file: string) => JSON.parse(await Deno.readTextFile(join(root, file)));
  const problems: (string | null)[] = [];
  for (const file of await listFiles(root, ".", (path) => /(^|\/)deno\.json$/.test(path))) {
    const { imports = {} } = await read(file);
    const { workspace } = await read(join(dirname(file), "deno.lock"));
    for (const [name, target] of Object.entries<string>(imports)) {
      if (/^\.{0,2}\//.test(target)) continue;
      const locked = workspace?.dependencies?.includes(target) ?? false;
      problems.push(npmProblem(file, name, target, locked));
    }
  }
  if (await exists(join(root, "package.json"))) {
    const { npm = {} } = await read("deno.lock");
    const { overrides = {} } = await read("package.json");
    for (const [name, target] of Object.entries<string>(overrides)) {
      problems.push(npmProblem("package.json", name, target, target.replace("npm:", "") in npm));
    }
  }
  return problems.filter((problem) => problem !== null);
}

/** The lines of a file that `accept` refuses, each with its place. */
async function badLines(
  root: string,
  file: string,
  problem: (line: string) => string | null,
): Promise<string[]> {
  if (!await exists(join(root, file))) return [];
  const text = await Deno.readTextFile(join(root, file));
  // a line that goes on stands where it begins
  const lines = text.replace(
    /(\\\r?\n[^\n\\]*)+/g,
    (rest) => rest.replace(/\s*\\\r?\n\s*/g, " ") + "\n".repeat(rest.split("\n").length - 1),
  ).split(/\r?\n/);
  return lines.flatMap((line, i) => {
    const found = problem(line.trim());
    return found ? [`${file}:${i + 1}: ${found}`] : [];
  });
}

/** A requirement that pins nothing, or whose files may change. */
function pythonProblem(line: string): string | null {
  const requirement = line.replace(/(^| )#.*$/, "").trim();
  if (requirement === "" || requirement.startsWith("--")) return null;
  const [pin, ...hashes] = requirement.split(/\s+--hash=/);
  if (!PYTHON_PIN.test(pin)) return `not pinned exactly: ${requirement}`;
  const hashed = hashes.length > 0 && hashes.every((hash) => /^sha256:[0-9a-f]{64}$/.test(hash));
  return hashed ? null : `without a hash: ${pin}`;
}

/** A line that names another Deno than the pinned one. */
function denoProblem(line: string): string | null {
  const other = [...line.matchAll(/\bdeno@([\w.-]+)/g)].find((match) => match[1] !== DENO_VERSION);
  return other ? `names deno@${other[1]}, but the project is pinned to ${DENO_VERSION}` : null;
}

/** A line of a workflow that uses an action whose content can change. */
function actionProblem(line: string): string | null {
  const action = line.match(/^(?:- )?uses:\s*(\S+)/)?.[1];
  return action && !ACTION_PIN.test(action) ? `not pinned to a commit: ${action}` : null;
}

/** Packages, Python packages, Deno itself and CI actions. */
export const pins: Check = {
  name: "exact pins",
  run: async (root) => {
    const requirements = await listFiles(
      root,
      ".",
      (path) => /requirements([^/]*|\/[^/]*)\.txt$/.test(path),
    );
    const workflows = await listFiles(root, ".github", (path) => path.endsWith(".yml"));
    const docs = await listFiles(root, ".", (path) => path.endsWith(".md"));
    const problems = [
      npmProblems(root),
      ...requirements.map((file) => badLines(root, file, pythonProblem)),
      ...workflows.map((file) => badLines(root, file, actionProblem)),
      ...[...docs, ...workflows, ".ci/run"].map((file) => badLines(root, file, denoProblem)),
    ];
    return (await Promise.all(problems)).flat();
  },
};
