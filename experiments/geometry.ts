/**
 * Why one vector can hold what many patches see, or cannot: the ceiling of the paper's loss against what texts have in
 * common, and against how many classes an image shows; and how near a training comes with more images.
 *
 * Command: `deno task notebooks 17_geometry`; the trainings are those of `deno task headline`.
 * Paper: equation 7, of which it asks neither.
 *
 * @module
 */
import {
  type Claim,
  configure,
  type ExperimentConfig,
  type ExperimentDefinition,
  recallOf,
  type ResultRow,
  type Scale,
  type SeriesMember,
  type SeriesRow,
  subsetRows,
} from "detailclip";
import { MEAN_OBJECTS } from "detailclip/datasets";
import { asGood } from "detailclip/report";
import { baseline } from "./baseline.ts";
import { FULL } from "./covers.ts";
import { recallsBySeed, trainedRow, type UnitState } from "./headline_list.ts";
import { verdictOn } from "./judging.ts";
import { checkList, checkNumber, type Knobs, seriesWith } from "./knobs.ts";
import { needsOf } from "./needs.ts";
import { fusedCover, lossCeiling } from "./recipes.ts";
import { datasetAt, MIXED } from "./variants.ts";

/** The common parts of texts and images, as tiny-clip has them: a mean cosine of two prompts of about 0.49. */
export const OWN = 0.7, IMAGE = 0.3;

/** What is measured: the common part of texts, 0 for none (of images, too), and the mean number of objects an image. */
interface Point {
  text: number;
  objects: number;
}

/** Common parts of texts, and objects an image, unless told. */
const TEXTS = [0, 0.1, 0.2, 0.3, 0.5, OWN], OBJECTS = [3, 6, 10, 20];

/** One point. With the number of objects of CLEVR-DS the images are those of 05_main_result. */
function at({ text, objects }: Point, k?: number): ExperimentDefinition {
  const own = objects === MEAN_OBJECTS;
  const sized = (scale: Scale) => ({
    dataset: {
      ...datasetAt(MIXED, scale),
      ...(!own && { objects, ...(scale === "quick" && { images: 500 }) }),
    },
    covers: [FULL, fusedCover(scale, k)],
    fusion: [lossCeiling(fusedCover(scale, k))],
  });
  return {
    name: `geometry_${text}_${objects}_objects`,
    title: "One vector holds what texts with a common direction ask for",
    paper: [],
    baseline,
    // the encoder's own is left to it
    ...(text !== OWN && {
      always: { encoder: { commonDirection: text === 0 ? false : { text, image: IMAGE } } },
    }),
    scales: {
      smoke: { ...sized("smoke"), bootstrap: { resamples: 100 } },
      quick: sized("quick"),
      paper: sized("paper"), // with tiny-clip: the direction is a setting of its own
    },
  };
}

/** All points: common parts on CLEVR-DS, then numbers of objects without a common direction and with the encoder's. */
function pointsOf(texts: readonly number[], objects: readonly number[]): Point[] {
  return [
    ...texts.map((text) => ({ text, objects: MEAN_OBJECTS })),
    ...objects.filter((mean) => mean !== MEAN_OBJECTS)
      .flatMap((mean) => [0, OWN].map((text) => ({ text, objects: mean }))),
  ];
}

/** What a point is called. */
const labelOf = ({ text, objects }: Point) => `common part ${text}, ${objects} objects`;

/**
 * The configuration of each point.
 *
 * @param scale how many images
 * @param options what was turned; `texts`: common parts of a text, from 0 to below 1; `objects`: mean numbers an image, from
 *   3 to 25; `k` of the cover, from 2 to 15
 * @throws {RangeError} when one is outside, or there twice
 */
export function geometryOn(
  scale: Scale,
  { texts = TEXTS, objects = OBJECTS, k, ...knobs }:
    & Pick<Knobs, "seed" | "images">
    & { texts?: readonly number[]; objects?: readonly number[]; k?: number } = {},
): SeriesMember[] {
  for (const text of checkList("texts", texts)) checkNumber("each of texts", text, [0, 0.99]);
  for (const mean of checkList("objects", objects)) checkNumber("each of objects", mean, [3, 25]);
  const members = pointsOf(texts, objects).map((point) => ({
    label: labelOf(point),
    config: configure(at(point, k), scale),
  }));
  return seriesWith(members, knobs);
}

/** The lines of the figure. */
export const LINES = ["patches", "ceiling of the loss", "DetailCLIP, as published"] as const;

const [PATCHES, CEILING, PUBLISHED] = LINES;

/** A recall of a figure of lines. */
export interface GeometryPoint {
  /** Where it is on the axis. */
  x: number;
  /** The line. */
  series: (typeof LINES)[number];
  /** Whether vectors have no common direction. */
  plain: boolean;
  /** Recall@1, in per cent. */
  recall: number;
}

/** Recall@1 of the patches and of the ceiling, in per cent. */
function recallsOf(rows: readonly ResultRow[]): { patches: number; ceiling: number } {
  const at1 = subsetRows(rows).filter(({ metric }) => metric === "recall@1");
  const of = (fits: (row: ResultRow) => boolean) => 100 * at1.find(fits)!.value;
  return {
    patches: of(({ method, cover }) => method === cover && cover !== "full"),
    ceiling: of(({ method }) => method === CEILING),
  };
}

/** The share and the number of objects that a configuration has. */
function pointOf({ encoder, dataset }: ExperimentConfig): Point {
  const { commonDirection } = encoder; // undefined: the encoder's own
  const objects = dataset.source === "clevr-ds" ? dataset.objects : undefined;
  return {
    text: commonDirection === undefined ? OWN : commonDirection ? commonDirection.text : 0,
    objects: objects ?? MEAN_OBJECTS,
  };
}

/**
 * Patches and ceiling against the mean cosine of two prompts, which is the square of their common part.
 *
 * @param members what was run
 * @param rows its rows
 */
export function byCosine(
  members: readonly SeriesMember[],
  rows: readonly SeriesRow[],
): GeometryPoint[] {
  return members.flatMap(({ label, config }) => {
    const { text, objects } = pointOf(config);
    if (objects !== MEAN_OBJECTS) return [];
    const { patches, ceiling } = recallsOf(rows.filter(({ member }) => member === label));
    const x = text ** 2, plain = false; // where the line begins stands on the axis
    return [
      { x, plain, series: PATCHES, recall: patches },
      { x, plain, series: CEILING, recall: ceiling },
    ];
  });
}

/** Patches and ceilings against the number of objects an image, without a common direction and with the encoder's. */
export function byObjects(
  members: readonly SeriesMember[],
  rows: readonly SeriesRow[],
): GeometryPoint[] {
  return members.flatMap(({ label, config }) => {
    const { text, objects } = pointOf(config);
    if (text !== 0 && text !== OWN) return [];
    const { patches, ceiling } = recallsOf(rows.filter(({ member }) => member === label));
    const x = objects, plain = text === 0;
    return [
      ...(plain ? [{ x, plain: false, series: PATCHES, recall: patches }] : []),
      { x, plain, series: CEILING, recall: ceiling },
    ];
  });
}

/**
 * Recall@1 of the trainings as published on cc@5 that are done, against the images that they learned from, and their
 * ceilings; of several seeds the mean.
 *
 * @param states of the units
 * @returns points of both geometries; none while no unit is done
 */
export function byImages(states: readonly UnitState[]): GeometryPoint[] {
  const done = states.filter(({ unit, runs }) =>
    runs[0] && unit.epochs !== "ten in all" && unit.cover === undefined
  );
  const alike = Map.groupBy(done, ({ unit: { geometry, images } }) => `${geometry} ${images}`);
  return [...alike.values()].flatMap((group) =>
    ([[CEILING, CEILING], [PUBLISHED, trainedRow(group[0].unit)]] as const).flatMap(
      ([series, method]) => {
        const recalls = recallsBySeed(group, method);
        if (recalls.length === 0) return [];
        const { images: x, geometry } = group[0].unit, plain = geometry === "plain";
        const recall = 100 * recalls.reduce((a, b) => a + b) / recalls.length;
        return [{ x, plain, series, recall }];
      },
    )
  );
}

const own = at({ text: OWN, objects: MEAN_OBJECTS });

/** What the geometry decides. */
export const claims: Claim[] = [
  {
    notebook: "17_geometry",
    where: "eq. 7",
    claim: "One unit vector can be as similar to every text as the best of its patches is",
    measure: "Recall@1 of the best unit vector under eq. 7 less its patches, points (as good)",
    paper: "",
    needs: needsOf(own),
    about: "data",
    judge({ rowsOf, differenceOf }) {
      const { cover } = recallOf(rowsOf(own.name), CEILING);
      return verdictOn(asGood, [{ difference: differenceOf(own.name, CEILING, cover) }]);
    },
  },
];
