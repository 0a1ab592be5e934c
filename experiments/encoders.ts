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
  percent,
  type ResultRow,
  type RowsOf,
  runSeries,
  type Series,
} from "detailclip";
import {
  DATASETS,
  EMBEDDED,
  ENCODERS,
  type EncodersOptions,
  pairName,
  pairsOf,
} from "./encoders_pairs.ts";
import { compared, paperGains } from "./encoders_rows.ts";

/**
 * Runs every encoder on every data set of Table 3 that this machine has.
 *
 * @param options what, and how
 * @returns the series; `notRun` has every pair that lacks something
 */
export async function runEncoders(options: EncodersOptions = {}): Promise<Series> {
  const { members, unnamed } = pairsOf(options);
  const series = await runSeries(members, options);
  return { ...series, notRun: [...series.notRun, ...unnamed] };
}

const where = {
  notebook: "07_encoders",
  where: "Table 3",
  needs: [pairName(EMBEDDED, "CLEVR-DS")],
};

/** Rows of every pair that ran and has a fused vector; those of the embedded encoder must be there. */
function pairsThatRan(rowsOf: RowsOf): readonly (readonly ResultRow[])[] {
  const names = Object.keys(ENCODERS).flatMap((encoder) =>
    DATASETS.map((dataset) => pairName(encoder, dataset))
  ).filter((name) => !where.needs.includes(name));
  const others = names.flatMap((name) => {
    try {
      return [rowsOf(name)];
    } catch (error) {
      if (error instanceof RangeError) return []; // it was not run
      throw error;
    }
  });
  return [rowsOf(where.needs[0]), ...others].filter((rows) =>
    rows.some(({ method }) => method.startsWith("DetailCLIP"))
  );
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
    judge(rowsOf) {
      const pairs = pairsThatRan(rowsOf).map(compared);
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
      const { full, patches, fused } = compared(rowsOf(where.needs[0]));
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
