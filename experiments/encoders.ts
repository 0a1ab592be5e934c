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
  applyDiff,
  type Claim,
  type CocoFiles,
  configure,
  type DatasetConfig,
  type EncoderRow,
  type ExperimentConfig,
  type ExperimentDefinition,
  type NotRun,
  type PaperRow,
  paperTable,
  percent,
  type ResultRow,
  type RowsOf,
  type RunOptions,
  runSeries,
  type Scale,
  type Series,
  type SeriesMember,
  type SeriesRow,
} from "detailclip";
import { baseline, paperScale } from "./baseline.ts";
import { CC10, coverAt, detailClip } from "./fusion.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** A data set with COCO-format annotations; without a split to learn from nothing is fused. */
export interface GivenDataset extends CocoFiles {
  /** Images that the fusion learns from. */
  train?: CocoFiles;
  /** Images that its best epoch is chosen by. */
  val?: CocoFiles;
}

/** The embedded encoder. */
const EMBEDDED = "tiny-clip";

/** Table 3's encoders (and Table 2's ViT-B/32): hub id or folder; those without have no export in the hub's layout. */
export const ENCODERS: Readonly<Record<string, string>> = {
  [EMBEDDED]: EMBEDDED,
  "CLIP-ViT-B/32": "Xenova/clip-vit-base-patch32",
  "CLIP-ViT-B/16": "Xenova/clip-vit-base-patch16",
  "CLIP-ViT-L/14": "Xenova/clip-vit-large-patch14",
  "SLIP": "",
  "RegionCLIP": "",
  "BLIP2": "",
};

/** Table 3's data sets. */
export const DATASETS: readonly string[] = ["CLEVR-DS", "LVIS", "COCO", "Unity-Retail"];

/** The full image, patches, and one vector of them, as 05_main_result has them. */
const at = (scale: Scale): ExperimentDefinition["scales"][Scale] => ({
  dataset: datasetAt(MIXED, scale),
  covers: [{ scheme: "full" }, coverAt(scale), ...(scale === "quick" ? [CC10] : [])],
  fusion: [detailClip(coverAt(scale), scale)],
});

/** One encoder on one data set; others differ in those two alone. */
const definition: ExperimentDefinition = {
  name: "encoders",
  title: "Other encoders and data sets",
  paper: ["Table 3"],
  baseline,
  scales: {
    smoke: { ...at("smoke"), bootstrap: { resamples: 100 } },
    quick: at("quick"),
    paper: { ...at("paper") },
  },
};

/** What a real CLIP gets at the quick scale: encoding costs a hundred times as much as with the embedded one. */
const FEW = { searched: 100, train: 150, val: 50 };

const slug = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");

/** Name of the experiment of a pair: that of its rows. */
export const pairName = (encoder: string, dataset: string): string =>
  `encoders_${slug(encoder)}_${slug(dataset)}`;

/** The configuration of an encoder on a data set. */
function pairConfig(
  [encoder, id]: readonly [string, string],
  [dataset, given]: readonly [string, GivenDataset | undefined],
  { scale, seed }: { scale: Scale; seed: number },
): ExperimentConfig {
  const own = configure({ ...definition, name: pairName(encoder, dataset) }, scale, { seed });
  const real = id !== EMBEDDED;
  const config: ExperimentConfig = {
    ...own,
    encoder: real
      ? { ...own.encoder, id, preprocessing: paperScale.encoder!.preprocessing }
      : own.encoder,
    ...(given && { dataset: { source: "coco", ...given } satisfies DatasetConfig }),
    ...(given && !(given.train && given.val) && { fusion: [] }),
  };
  if (scale !== "quick" || (!real && !given)) return config;
  const few = applyDiff(config, { covers: [{ scheme: "full" }, coverAt(scale)] });
  return {
    ...few,
    dataset: { ...few.dataset, limit: few.dataset.limit ?? FEW.searched },
    learn: { train: FEW.train, val: FEW.val },
  };
}

const TASK = "deno task notebooks 07_encoders";

/** The command that runs a pair, with placeholders for what nobody named yet. */
function commandFor(
  [encoder, id]: readonly [string, string],
  [dataset, given]: readonly [string, GivenDataset | undefined],
  scale: Scale,
): string {
  const settings = [`${TASK} --scale ${scale}`];
  if (id !== ENCODERS[encoder] || id === "") {
    settings.push(`--set 'encoders=${JSON.stringify({ [encoder]: id || "/path/to/export" })}'`);
  }
  if (dataset !== "CLEVR-DS") {
    const files = { annotations: "/path/to/test.json", root: "/path/to/images" };
    const split = { annotations: "/path/to/other.json", root: "/path/to/images" };
    const shown = given ?? { ...files, train: split, val: split };
    settings.push(`--set 'datasets=${JSON.stringify({ [dataset]: shown })}'`);
  }
  return settings.join(" ");
}

/** What to run, and what nobody named. */
interface Pairs {
  members: SeriesMember[];
  unnamed: NotRun[];
}

/** What has to be exported where the hub has nothing in the layout of two towers. */
const EXPORT =
  "no export named: it takes an image tower and a text tower that give one vector each, in the hub's layout, " +
  "with preprocessor_config.json and a tokenizer (tools/export_encoder.py makes one from a CLIP in transformers' layout)";

/** Label of a pair in the series. */
export const labelOf = (encoder: string, dataset: string): string => `${encoder} on ${dataset}`;

/** What is run, where, and how. */
export interface EncodersOptions extends RunOptions {
  /** How much. */
  scale?: Scale;
  /** Seed of every draw. */
  seed?: number;
  /** Hub ids or folders by name, in place of or beside {@linkcode ENCODERS}. */
  encoders?: Readonly<Record<string, string>>;
  /** Data sets by name, beside the generated CLEVR-DS; absolute paths. */
  datasets?: Readonly<Record<string, GivenDataset>>;
  /** Changes every configuration further, such as to fewer images. */
  change?: (config: ExperimentConfig) => ExperimentConfig;
}

/** All pairs of an encoder and a data set. */
function pairsOf(
  { scale = "quick", seed = 7, encoders = {}, datasets = {}, change = (c) => c }: EncodersOptions,
): Pairs {
  const pairs: Pairs = { members: [], unnamed: [] };
  const all = { ...ENCODERS, ...encoders };
  for (const encoder of Object.entries(all)) {
    for (const name of new Set([...DATASETS, ...Object.keys(datasets)])) {
      const dataset = [name, datasets[name]] as const;
      const label = labelOf(encoder[0], name), command = commandFor(encoder, dataset, scale);
      const absent = [
        ...(name !== "CLEVR-DS" && !datasets[name] ? [`no annotations of ${name} named`] : []),
        ...(encoder[1] === "" ? [EXPORT] : []),
      ];
      if (absent.length > 0) {
        pairs.unnamed.push({ member: label, missing: absent.join("; "), command });
      } else {
        const config = change(pairConfig(encoder, dataset, { scale, seed }));
        pairs.members.push({ label, config, command });
      }
    }
  }
  return pairs;
}

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

/** Encoder and data set of a label. */
function pairOf(label: string): { encoder: string; dataset: string } {
  const at = label.lastIndexOf(" on ");
  return { encoder: label.slice(0, at), dataset: label.slice(at + " on ".length) };
}

/** Which kind of vectors a row is of; `undefined` for those that Table 3 lacks. */
function kindOf(method: string): EncoderRow["method"] | undefined {
  if (method === "full image") return "full image";
  if (method.startsWith("cc@")) return method;
  return method.startsWith("DetailCLIP") ? "DetailCLIP" : undefined;
}

/** Our Recall@1 as `encoderDots` draws it. */
export function ourRows(rows: readonly SeriesRow[]): EncoderRow[] {
  return rows.flatMap(({ member, method, metric, subset, value, low, high }): EncoderRow[] => {
    const kind = kindOf(method);
    if (!kind || metric !== "recall@1" || subset !== "all") return [];
    return [{ ...pairOf(member), method: kind, value, low, high }];
  });
}

/** The encoder of a line of Table 3. */
const encoderOf = ({ method }: PaperRow) =>
  /^DetailCLIP \((.*)\)$/.exec(String(method))?.[1] ?? String(method);

/** Table 3 as `encoderDots` draws it. */
export function paperRows(): EncoderRow[] {
  return paperTable("table 3").rows.flatMap((row) =>
    DATASETS.map((dataset): EncoderRow => {
      const fused = String(row.method).startsWith("DetailCLIP");
      const method = fused ? "DetailCLIP" : row.input === "Full Image" ? "full image" : "cc@10";
      return { encoder: encoderOf(row), dataset, method, value: Number(row[dataset]) / 100 };
    })
  );
}

/** Pairs without a number, as `encoderDots` marks them. */
export const missingPairs = (
  { notRun }: Pick<Series, "notRun">,
): { encoder: string; dataset: string }[] => notRun.map(({ member }) => pairOf(member));

/** Ours beside the paper's: a line an encoder and method, a column a data set. */
export function tableThree(series: Series): Record<string, string>[] {
  const ours = ourRows(series.rows), theirs = paperRows();
  const always = Object.keys(ENCODERS).flatMap((encoder) =>
    (["full image", "DetailCLIP"] as const).map((method) => ({ encoder, method }))
  );
  const lines = new Map(
    [...ours, ...theirs, ...always].map(({ encoder, method }) => [
      `${encoder}\n${method}`,
      { encoder, method },
    ]),
  );
  const skipped = new Set(series.notRun.map(({ member }) => member));
  const order = Object.keys(ENCODERS);
  const last = ({ method }: Pick<EncoderRow, "method">) => Number(method === "DetailCLIP");
  return [...lines.values()].toSorted((a, b) =>
    order.indexOf(a.encoder) - order.indexOf(b.encoder) || last(a) - last(b)
  )
    .map(({ encoder, method }) => {
      const cell = (rows: readonly EncoderRow[], dataset: string, digits: number) => {
        const row = rows.find((row) =>
          row.encoder === encoder && row.method === method && row.dataset === dataset
        );
        return row && (100 * row.value).toFixed(digits);
      };
      const columns = DATASETS.flatMap((dataset) => [
        [
          `${dataset}, %`,
          cell(ours, dataset, 1) ?? (skipped.has(labelOf(encoder, dataset)) ? "not run" : ""),
        ],
        [`paper: ${dataset}`, cell(theirs, dataset, 2) ?? ""],
      ]);
      return { encoder, method, ...Object.fromEntries(columns) };
    });
}

/** What is missing, and the command that runs it. */
export const notRunTable = ({ notRun }: Pick<Series, "notRun">): Record<string, string>[] =>
  notRun.map(({ member, missing, command }) => ({
    "not run": member,
    why: missing.replaceAll(/\s*\n\s*/g, " "),
    "command, once it is there": command,
  }));

/** The rows that Table 3 compares for one encoder on one data set. */
function compared(rows: readonly ResultRow[]): Record<"full" | "patches" | "fused", ResultRow> {
  const recall = rows.filter(({ metric, subset }) => metric === "recall@1" && subset === "all");
  const fused = recall.find(({ method }) => method.startsWith("DetailCLIP"))!;
  return {
    full: recall.find(({ method }) => method === "full image")!,
    patches: recall.find(({ method, cover }) => method === cover && cover === fused.cover)!,
    fused,
  };
}

/** Table 3's DetailCLIP minus another method on a data set, by encoder, in points as printed. */
function paperGains(against: "full image" | "cc@10", on = "CLEVR-DS"): string {
  const rows = paperRows().filter(({ dataset }) => dataset === on);
  return rows.filter(({ method }) => method === "DetailCLIP").map(({ encoder, value }) => {
    const other = rows.find((row) => row.encoder === encoder && row.method === against)!;
    return `${(100 * (value - other.value)).toFixed(2)} (${encoder.replace("CLIP-", "")})`;
  }).join(", ");
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
