/**
 * Kills trainings at random moments, in half of the runs beside a second process that trains in the same folder.
 *
 * @module
 */
import { join } from "node:path";
import { createRandom } from "../../lib/numeric/random.ts";
import { type ChildEvent, type Moment, type Run, runChild } from "./run_child.ts";

const CHILD = new URL("./training_child.ts", import.meta.url);

/** What the child says. */
type Said = ChildEvent & { step?: number; epoch?: number; weights?: string; losses?: number[] };

/** Options of {@linkcode killTrainings}. */
export interface KillTrainingsOptions {
  /** How often to kill. */
  rounds: number;
  /** Seed of the choice of moments. */
  seed: number;
  /** An existing folder to work in. */
  folder: string;
  /** Called with a line after every round. */
  log?: (line: string) => void;
}

/** What was seen. */
export interface KillTrainingsResult {
  /** Kills that hit a running process. */
  kills: number;
  /** Kills while another process did the same. */
  besides: number;
  /** Kills after the first step, before the end. */
  midway: number;
  /** Trainings finished and compared with an undisturbed one. */
  compared: number;
}

const endOf = ({ events }: Run<Said>) =>
  JSON.stringify(events.find(({ type }) => type === "finished"));
const stepsOf = ({ events }: Run<Said>) => events.filter(({ type }) => type === "step").length;

/** Compares trainings that ended with an undisturbed one, and looks at what they left. */
function check(ended: readonly Run<Said>[], reference: Run<Said>, checkpoints: string): void {
  for (const run of ended) {
    if (endOf(run) === endOf(reference)) continue;
    throw new Error(
      `Cannot trust training: ended in ${endOf(run)}, undisturbed ${endOf(reference)}`,
    );
  }
  if (
    ended.length === 2 && ended.reduce((sum, run) => sum + stepsOf(run), 0) > stepsOf(reference)
  ) {
    throw new Error("Cannot trust training: two processes took steps twice");
  }
  const left = [...Deno.readDirSync(checkpoints)].map(({ name }) => name).sort();
  if (left.length !== 2 || !/^best-.*,checkpoint\.json$/.test(left.join())) {
    throw new Error(`Cannot trust training: it left ${left.join(", ")}`);
  }
}

/**
 * Kills trainings `rounds` times, and compares those that end with an undisturbed one, bit for bit.
 *
 * @throws {Error} when one is not what it should be
 */
export async function killTrainings(options: KillTrainingsOptions): Promise<KillTrainingsResult> {
  const { rounds, seed, folder, log = () => {} } = options;
  const random = createRandom(`kill trainings ${seed}`), stores = join(folder, "stores");
  const begin = performance.now();
  const reference = await runChild<Said>(CHILD, [stores, join(folder, "undisturbed")]);
  const wholeMs = performance.now() - begin, { startUpMs } = reference.pace;
  const result: KillTrainingsResult = { kills: 0, besides: 0, midway: 0, compared: 0 };
  for (let cycle = 0; result.kills < rounds;) {
    const checkpoints = join(folder, `checkpoints-${cycle}`), two = random.next() < 0.5;
    const moment: Moment = {
      afterMs: random.uniform(0.5 * startUpMs, (two ? 1.4 : 1.1) * wholeMs),
    };
    const runs = await Promise.all([
      runChild<Said>(CHILD, [stores, checkpoints], moment),
      ...(two ? [runChild<Said>(CHILD, [stores, checkpoints])] : []),
    ]);
    const ended = runs.filter(({ killed }) => !killed), [first] = runs;
    if (first.killed) {
      result.kills++;
      if (two) result.besides++;
      const steps = stepsOf(first);
      if (steps > 0) result.midway++;
      const beside = two ? ", beside another" : "";
      log(`kill ${result.kills}/${rounds}: training, after ${steps} steps of its own${beside}`);
    }
    if (ended.length === 0) continue;
    check(ended, reference, checkpoints);
    result.compared++;
    await Deno.remove(checkpoints, { recursive: true });
    cycle++;
  }
  return result;
}
