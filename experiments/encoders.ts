/**
 * Encoders and data sets: full image, patches and one fused vector of each. What is not on this machine is named, with
 * the command that runs it.
 *
 * Command: `deno task notebooks 07_encoders`, seconds after 05_main_result; with other encoders and data sets
 * `--set 'encoders={…}' --set 'datasets={…}'`.
 * Paper: Table 3 (§5.2.2).
 *
 * @module
 */
import {
  type Claim,
  type ExperimentConfig,
  NotMeasured,
  type ResultRow,
  runSeries,
  type Scale,
  type Series,
} from "detailclip";
import { better, type Evidence, type MeasuredRun } from "detailclip/report";
import { type Interval } from "detailclip/retrieval";
import {
  EMBEDDED,
  embeddedConfig,
  type EncodersOptions,
  isPair,
  pairName,
  pairsOf,
} from "./encoders_pairs.ts";
import { compared, paperGains } from "./encoders_rows.ts";
import { against, verdictOn } from "./judging.ts";

/** A series of pairs. */
export interface EncodersRun extends Series {
  /** What is shown: the configurations of the pairs that ran, or of all where none did. */
  configs: ExperimentConfig[];
}

/**
 * Runs every encoder on every data set of Table 3 that this machine has.
 *
 * @param options what, and how
 * @returns the series; `notRun` has every pair that lacks something
 */
export async function runEncoders(options: EncodersOptions = {}): Promise<EncodersRun> {
  const { members, unnamed } = pairsOf(options);
  const series = await runSeries(members, options);
  const ran = members.filter(({ label }) => series.runs.has(label));
  return {
    ...series,
    notRun: [...series.notRun, ...unnamed],
    configs: (ran.length > 0 ? ran : members).map(({ config }) => config),
  };
}

const OWN = pairName(EMBEDDED, "CLEVR-DS");

const where = {
  notebook: "07_encoders",
  where: "Table 3",
  needs: { [OWN]: (scale: string) => embeddedConfig(scale as Scale) },
  about: "model",
} as const;

/** Every pair that ran and has a fused vector, by name of its experiment. */
function pairsThatRan({ runs }: Evidence): string[] {
  const fused = ({ rows }: MeasuredRun) =>
    (rows as readonly ResultRow[]).some(({ method }) => method.startsWith("DetailCLIP"));
  const pairs = [...runs].filter(([name, run]) => isPair(name) && fused(run));
  if (pairs.length > 0) return pairs.map(([name]) => name);
  throw new NotMeasured("no pair with a fused vector was run");
}

const encoderOf = ({ config }: MeasuredRun) => (config as ExperimentConfig).encoder.id;

/** The fused vector of a pair less another method. */
function gainOver(
  { rowsOf, differenceOf }: Evidence,
  experiment: string,
  other: "full" | "patches",
): Interval {
  const { fused, [other]: second } = compared(rowsOf(experiment));
  return differenceOf(experiment, fused.method, second.method);
}

/** What the paper reads off Table 3. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "DetailCLIP surpasses the full image with each of several encoders",
    measure: "Recall@1 of DetailCLIP minus full image, points, of each pair that ran, two " +
      "encoders at least (better); paper: on CLEVR-DS",
    paper: paperGains("full image"),
    judge(evidence) {
      const pairs = pairsThatRan(evidence);
      const encoders = new Set(pairs.map((name) => encoderOf(evidence.runs.get(name)!))).size;
      const verdict = verdictOn(
        better,
        pairs.map((name) => ({ difference: gainOver(evidence, name, "full") })),
      );
      if (encoders > 1) return verdict;
      return { ours: `${verdict.ours}; 1 of 2 encoders`, holds: "not measured" };
    },
  },
  {
    ...where,
    claim: "DetailCLIP surpasses the patches that it is made of",
    measure: `Recall@1 of DetailCLIP minus best patch on CLEVR-DS, ${EMBEDDED}, points (better)`,
    paper: `${paperGains("cc@10")}; on LVIS ${paperGains("cc@10", "LVIS")}`,
    judge(evidence) {
      const { fused, patches } = compared(evidence.rowsOf(OWN));
      const difference = gainOver(evidence, OWN, "patches");
      return verdictOn(better, [{ label: against(fused, patches), difference }]);
    },
  },
];
