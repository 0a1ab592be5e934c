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
  percent,
  type ResultRow,
  type RowsOf,
  runSeries,
  type Scale,
  type Series,
} from "detailclip";
import {
  EMBEDDED,
  embeddedConfig,
  type EncodersOptions,
  isPair,
  pairName,
  pairsOf,
} from "./encoders_pairs.ts";
import { compared, paperGains } from "./encoders_rows.ts";

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
};

/** Rows of every pair that ran and has a fused vector. */
function pairsThatRan(
  rowsOf: RowsOf,
  experiments: readonly string[],
): readonly (readonly ResultRow[])[] {
  const pairs = experiments.filter(isPair).map((name) => rowsOf(name)).filter((rows) =>
    rows.some(({ method }) => method.startsWith("DetailCLIP"))
  );
  if (pairs.length > 0) return pairs;
  throw new NotMeasured("no pair with a fused vector was run");
}

/** How many points the fused vector may lie below the patches and still count as equal. */
const ROOM = 2;

/** What the paper reads off Table 3. */
export const claims: Claim[] = [
  {
    ...where,
    claim: "DetailCLIP surpasses the full image, whatever the encoder",
    measure: "Recall@1 of DetailCLIP minus full image, points, over all pairs that ran; paper: " +
      "on CLEVR-DS",
    paper: paperGains("full image"),
    judge(rowsOf, experiments) {
      const pairs = pairsThatRan(rowsOf, experiments).map(compared);
      const gains = pairs.map(({ fused, full }) => (100 * (fused.value - full.value)).toFixed(1));
      const ahead = pairs.filter(({ fused, full }) => fused.value > full.value).length;
      const clear = pairs.every(({ fused, full }) => fused.low > full.high);
      return {
        ours: `${gains.join(", ")} (${ahead} of ${pairs.length} ${
          pairs.length === 1 ? "pair" : "pairs"
        })`,
        holds: clear ? "yes" : ahead > 0 ? "partly" : "no",
      };
    },
  },
  {
    ...where,
    claim: "DetailCLIP surpasses the patches that it is made of on most data sets",
    measure: `Recall@1 of DetailCLIP minus best patch on CLEVR-DS, points; yes from −${ROOM} on, ` +
      "partly where it closes over half of the gap from the full image to the patches",
    paper: `${paperGains("cc@10")}; on LVIS ${paperGains("cc@10", "LVIS")}`,
    judge(rowsOf) {
      const { full, patches, fused } = compared(rowsOf(OWN));
      const gain = 100 * (fused.value - patches.value);
      const closes = fused.value - full.value > (patches.value - full.value) / 2;
      return {
        ours: `${gain.toFixed(1)} (${EMBEDDED}: ${percent(fused.value)} against ${
          percent(patches.value)
        })`,
        holds: gain >= -ROOM ? "yes" : closes ? "partly" : "no",
      };
    },
  },
];
