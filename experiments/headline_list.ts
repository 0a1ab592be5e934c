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
import { fusions, SEARCHED, stepsOf, type Unit, unitConfigs, unitName, UNITS } from "./headline.ts";

/** A unit with its kept rows, where it is done. */
export interface UnitState {
  unit: Unit;
  /** On the images that are searched at quick scale, and on all of them. */
  done?: { rows: ResultRow[]; provenance: Provenance }[];
}

/** A kept run of a configuration; none where there is none, or it is of another configuration of the same name. */
async function keptRun(config: ExperimentConfig, resultsDir?: string) {
  const { rows: path, provenance } = filesOf(config.name, config, { keep: true, resultsDir });
  const [text, note] = await Promise.all([path, provenance].map(readTextIfThere));
  if (text === undefined || note === undefined) return undefined;
  const noted = JSON.parse(note) as Provenance;
  if (noted.configHash !== configHash(config)) return undefined;
  return { rows: await readResults(path), provenance: noted };
}

/**
 * Looks which units are done: those of which rows of their own configuration are kept, for every number of images
 * searched.
 *
 * @param directory the folder of results
 * @throws {Error} when kept rows cannot be read
 */
export async function unitStates(directory?: string): Promise<UnitState[]> {
  return await Promise.all(UNITS.map(async (unit) => {
    const done = await Promise.all(
      unitConfigs(unit).map((config) => keptRun(config, directory)),
    );
    return done.every((run) => run !== undefined) ? { unit, done } : { unit };
  }));
}

/** The command that runs a unit. */
export const commandOf = (unit: Unit): string => `deno task headline ${unitName(unit)} --keep`;

/** The first unit that is not done. */
export const nextOf = (states: readonly UnitState[]): Unit | undefined =>
  states.find(({ done }) => done === undefined)?.unit;

/** What is trained long in a unit, as its row is called. */
export const trainedRow = (unit: Unit): string => fusions(unit)[0].method;

/** Recall@1 / 3 / 5 of a method, in per cent. */
function recalls(rows: readonly ResultRow[], method: string): string {
  const own = subsetRows(rows).filter((row) => row.method === method);
  return own.map(({ value }) => percent(value)).join(" / ");
}

/** The units as lines of a table. */
export function unitsFrame(states: readonly UnitState[]): Record<string, string | number>[] {
  return states.map(({ unit, done }) => ({
    ...{
      geometry: unit.geometry,
      images: unit.images,
      epochs: String(unit.epochs),
      seed: unit.seed,
    },
    ...Object.fromEntries(
      SEARCHED.map((images, i) => [
        `R@1 / 3 / 5 on ${images.toLocaleString("en")}, %`,
        done ? recalls(done[i].rows, trainedRow(unit)) : "not run",
      ]),
    ),
    command: done ? "" : commandOf(unit),
  }));
}

/**
 * The list of units in Markdown: what is done, with its numbers, and the command of what is not.
 *
 * @param directory the folder of results
 */
export async function unitsMarkdown(directory?: string): Promise<string> {
  const states = await unitStates(directory), next = nextOf(states);
  const lines = states.map(({ unit, done }) => {
    const { geometry, images, epochs, seed } = unit;
    const what = [geometry, images.toLocaleString("en"), String(epochs), String(seed)];
    const steps = stepsOf(unit).toLocaleString("en");
    if (done === undefined) {
      const mark = unit === next ? "**next**" : "not run";
      return [...what, steps, mark, ...SEARCHED.map(() => ""), `\`${commandOf(unit)}\``];
    }
    const [{ provenance }] = done, name = trainedRow(unit);
    const seconds = (provenance.training?.[name] ?? []).reduce((sum, e) => sum + e.seconds, 0);
    const when = `${provenance.started.slice(0, 10)}, ${(seconds / 60).toFixed(0)} min`;
    return [...what, steps, when, ...done.map(({ rows }) => recalls(rows, name)), ""];
  });
  const head = [
    ...["geometry", "images", "epochs", "seed", "steps", "trained"],
    ...SEARCHED.map((images) => `R@1 / 3 / 5 on ${images.toLocaleString("en")}`),
    "command",
  ];
  return markdownTable(head, lines);
}
