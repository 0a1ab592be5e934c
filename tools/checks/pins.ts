/**
 * Everything that comes from outside is pinned to one exact version.
 *
 * @module
 */
import { join } from "node:path";
import { DENO_VERSION } from "../project.ts";
import { type Check, exists, listFiles } from "./check.ts";

const NPM_PIN = /^npm:(@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+(-[\w.]+)?(\/.*)?$/;
const PYTHON_PIN = /^[\w.[\]-]+==[\w.!+]+( ?;.*)?$/;
const ACTION_PIN = /@(v\d+\.\d+\.\d+|[0-9a-f]{40})$/;

/** What is wrong with a package that a file names. */
function npmProblem(file: string, name: string, target: string, locked: boolean): string | null {
  if (!NPM_PIN.test(target)) return `${file}: ${name} is not pinned exactly: ${target}`;
  return locked ? null : `deno.lock: ${target} of ${file} is missing`;
}

/** What deno.json, package.json, deno.lock and the sources name. */
async function npmProblems(root: string): Promise<string[]> {
  const { imports } = await readJson(root, "deno.json");
  const { overrides = {} } = await readJson(root, "package.json");
  const { specifiers = {}, npm = {}, workspace } = await readJson(root, "deno.lock");
  const dependencies: string[] = workspace?.dependencies ?? [];
  const problems = [
    ...Object.entries<string>(imports).filter(([, target]) => !/^\.{0,2}\//.test(target))
      .map(([name, to]) => npmProblem("deno.json", name, to, dependencies.includes(to))),
    ...Object.entries<string>(overrides)
      .map(([name, to]) => npmProblem("package.json", name, to, to.replace("npm:", "") in npm)),
    ...Object.keys(specifiers).map((target) => npmProblem("deno.lock", target, target, true)),
  ];
  for (const file of await listFiles(root, ".", (path) => /(?<!\.test)\.ts$/.test(path))) {
    const text = await Deno.readTextFile(join(root, file));
    for (const [, target] of text.matchAll(/"(npm:[^"]+)"/g)) {
      problems.push(npmProblem(file, target, target, target in specifiers));
    }
  }
  return problems.filter((problem) => problem !== null);
}

/** A file of JSON; an empty object when there is none. */
async function readJson(root: string, file: string) {
  const path = join(root, file);
  return await exists(path) ? JSON.parse(await Deno.readTextFile(path)) : {};
}

/** The lines of a file that `accept` refuses, each with its place. */
async function badLines(
  root: string,
  file: string,
  problem: (line: string) => string | null,
): Promise<string[]> {
  if (!await exists(join(root, file))) return [];
  const lines = (await Deno.readTextFile(join(root, file))).split(/\r?\n/);
  return lines.flatMap((line, i) => {
    const found = problem(line.trim());
    return found ? [`${file}:${i + 1}: ${found}`] : [];
  });
}

/** A line of requirements that pins nothing. */
function pythonProblem(line: string): string | null {
  const requirement = line.replace(/(^| )#.*$/, "").trim();
  if (requirement === "" || requirement.startsWith("--") || PYTHON_PIN.test(requirement)) {
    return null;
  }
  return `not pinned exactly: ${requirement}`;
}

/** A line that names another Deno than the pinned one. */
function denoProblem(line: string): string | null {
  const other = [...line.matchAll(/\bdeno@([\w.-]+)/g)].find((match) => match[1] !== DENO_VERSION);
  return other ? `names deno@${other[1]}, but the project is pinned to ${DENO_VERSION}` : null;
}

/** A line of a workflow that uses an action whose content can change. */
function actionProblem(line: string): string | null {
  const action = line.match(/^(?:- )?uses:\s*(\S+)/)?.[1];
  return action && !ACTION_PIN.test(action) ? `not pinned exactly: ${action}` : null;
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
