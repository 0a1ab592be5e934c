/**
 * Which units of the headline are done, by the rows that are kept, and how the next one is run.
 *
 * @module
 */
import {
  configHash,
  type ExperimentConfig,
  filesOf,
  type Provenance,
  readResults,
  type ResultRow,
} from "detailclip";
import { markdownTable, percent, subsetRows } from "detailclip/report";
import { readTextIfThere } from "detailclip/runtime";
import {
  coverOf,
  fusions,
  SEARCHED,
  seedlessName,
  stepsOf,
  type Unit,
  unitConfigs,
  unitName,
  UNITS,
} from "./headline.ts";

/** Rows that were kept. */
export interface KeptRun {
  rows: ResultRow[];
  provenance: Provenance;
}

/** A unit with its kept rows. */
export interface UnitState {
  unit: Unit;
  /** One run for each number of images searched (`SEARCHED`); undefined where it is not kept. */
  runs: (KeptRun | undefined)[];
}

/** A kept run of a configuration; none where there is none, or it is of another configuration of the same name. */
async function keptRun(
  config: ExperimentConfig,
  resultsDir?: string,
): Promise<KeptRun | undefined> {
  const { rows: path, provenance } = filesOf(config.name, config, { keep: true, resultsDir });
  const [text, note] = await Promise.all([path, provenance].map(readTextIfThere));
  if (text === undefined || note === undefined) return undefined;
  const noted = JSON.parse(note) as Provenance;
  if (noted.configHash !== configHash(config)) return undefined;
  return { rows: await readResults(path), provenance: noted };
}

/**
 * Looks which rows of units are kept: those of their own configurations, for every number of images searched.
 *
 * @param directory the folder of results
 * @throws {Error} when kept rows cannot be read
 */
export async function unitStates(directory?: string): Promise<UnitState[]> {
  return await Promise.all(UNITS.map(async (unit) => ({
    unit,
    runs: await Promise.all(unitConfigs(unit).map((config) => keptRun(config, directory))),
  })));
}

/** The command that runs a unit. */
export const commandOf = (unit: Unit): string => `deno task headline ${unitName(unit)} --keep`;

const isDone = ({ runs }: UnitState) => runs.every((run) => run !== undefined);

/** The first unit that is not done. */
export const nextOf = (states: readonly UnitState[]): Unit | undefined =>
  states.find((state) => !isDone(state))?.unit;

/** What is trained long in a unit, as its row is called. */
export const trainedRow = (unit: Unit): string => fusions(unit)[0].method;

/** Recall@1 / 3 / 5 of a method, in per cent. */
function recalls(rows: readonly ResultRow[], method: string): string {
  const own = subsetRows(rows).filter((row) => row.method === method);
  return own.map(({ value }) => percent(value)).join(" / ");
}

/** When and where a training ran, and how long. */
function trainedWhen(
  { provenance: { started, training, engine, machine } }: KeptRun,
  name: string,
) {
  const seconds = (training?.[name] ?? []).reduce((sum, epoch) => sum + epoch.seconds, 0);
  const where = engine?.adapter ?? machine.replace(/,.*/, "");
  return `${started.slice(0, 10)}, ${Math.ceil(seconds / 60)} min, ${engine?.name}, ${where}`;
}

/** The heading of what was measured on so many test images. */
const onSearched = (what: string, searched: number) =>
  `${what} on ${searched.toLocaleString("en")}, %`;

/** A unit as a line of a table. */
function lineOf(state: UnitState): Record<string, string | number> {
  const { unit, runs } = state, { geometry, images, epochs, seed } = unit;
  const name = trainedRow(unit);
  const trainings = runs.flatMap((run) => run ? [trainedWhen(run, name)] : []);
  return {
    ...{ geometry, cover: coverOf(unit), images, epochs: String(epochs), seed },
    steps: stepsOf(unit),
    ...Object.fromEntries(
      SEARCHED.map((searched, i) => [
        onSearched("R@1 / 3 / 5", searched),
        runs[i] ? recalls(runs[i].rows, name) : "not run",
      ]),
    ),
    trained: [...new Set(trainings)].join("; "), // one, but for rows of two trainings
    command: isDone(state) ? "" : commandOf(unit),
  };
}

/** The units as lines of a table: what is done, with its numbers, and the command of what is not. */
export function unitsFrame(states: readonly UnitState[]): Record<string, string | number>[] {
  return states.map(lineOf);
}

/**
 * Recall@1 of a method with each seed, from 0 to 1, where it is kept.
 *
 * @param states of units that differ in nothing but their seed
 * @param method the name of its rows
 * @param searched which number of test images, as an index of `SEARCHED`
 */
export function recallsBySeed(
  states: readonly UnitState[],
  method: string,
  searched = 0,
): number[] {
  return states.flatMap(({ runs }) =>
    subsetRows(runs[searched]?.rows ?? [])
      .filter((row) => row.metric === "recall@1" && row.method === method)
      .map(({ value }) => value)
  );
}

/** Their mean, and of several the least and the greatest. */
function spreadText(recalls: readonly number[]): string {
  if (recalls.length === 0) return "not run";
  const mean = percent(recalls.reduce((sum, value) => sum + value) / recalls.length);
  if (recalls.length === 1) return mean;
  return `${mean} (${percent(Math.min(...recalls))}–${percent(Math.max(...recalls))})`;
}

/**
 * What is trained in units that are to be run with several seeds: a line for each method, with the mean over the seeds
 * that are done, the least and the greatest. A seed is of the images and of the training.
 */
export function seedsFrame(states: readonly UnitState[]): Record<string, string | number>[] {
  const groups = [...Map.groupBy(states, ({ unit }) => seedlessName(unit)).values()];
  return groups.filter((group) => group.length > 1).flatMap((group) => {
    const [{ unit }] = group, { geometry, images } = unit, done = group.filter(isDone);
    return fusions(unit).flatMap(({ method, fuser }) =>
      fuser.kind !== "trained" ? [] : [{
        ...{ geometry, cover: coverOf(unit), images, method },
        epochs: String(fuser.train.epochs),
        seeds: done.map(({ unit }) => unit.seed).join(", ") || "none",
        ...Object.fromEntries(SEARCHED.map((searched, i) => [
          onSearched("R@1", searched),
          spreadText(recallsBySeed(done, method, i)),
        ])),
      }]
    );
  });
}

/** Lines of a table in Markdown. */
function linesMarkdown(lines: readonly Record<string, string | number>[]): string {
  const cell = (value: string | number, name: string) =>
    name === "seed"
      ? String(value)
      : name === "command" && value
      ? `\`${value}\``
      : value.toLocaleString("en");
  return markdownTable(
    Object.keys(lines[0]),
    lines.map((line) => Object.entries(line).map(([name, value]) => cell(value, name))),
  );
}

/**
 * The units in Markdown.
 *
 * @param directory the folder of results
 */
export async function unitsMarkdown(directory?: string): Promise<string> {
  return linesMarkdown(unitsFrame(await unitStates(directory)));
}

/**
 * What several seeds give, in Markdown.
 *
 * @param directory the folder of results
 */
export async function seedsMarkdown(directory?: string): Promise<string> {
  return linesMarkdown(seedsFrame(await unitStates(directory)));
}
