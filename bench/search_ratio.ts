/**
 * Why all patches cost so much more than one vector here, and so little more in the paper's Table 6: from measured times.
 *
 * @module
 */
import { paperValue } from "../lib/report/paper.ts";

/** What a query over images with so many vectors each takes. */
export interface VectorTime {
  vectors: number;
  /** Milliseconds. */
  ms: number;
}

/** A search as a part that does not depend on the number of vectors, and one that is proportional to it. */
export interface SearchLaw {
  /** Milliseconds a query, whatever is searched; 0 where the line would begin below. */
  fixed: number;
  /** Milliseconds for each vector of an image. */
  perVector: number;
}

/**
 * Fits time = fixed + perVector x vectors, with equal weight to each relative error: the times span two decades.
 *
 * @param times at two numbers of vectors at least
 */
export function fitSearchLaw(times: readonly VectorTime[]): SearchLaw {
  const sum = (value: (time: VectorTime) => number) =>
    times.reduce((all, time) => all + value(time), 0);
  const w = ({ ms }: VectorTime) => ms ** -2;
  const s = sum(w), sx = sum((t) => w(t) * t.vectors), sy = sum((t) => w(t) * t.ms);
  const sxx = sum((t) => w(t) * t.vectors ** 2), sxy = sum((t) => w(t) * t.vectors * t.ms);
  const perVector = (s * sxy - sx * sy) / (s * sxx - sx ** 2), fixed = (sy - perVector * sx) / s;
  return fixed >= 0 ? { fixed, perVector } : { fixed: 0, perVector: sxy / sxx };
}

/** Which share of a search over one vector is fixed, if one over `vectors` takes `ratio` times as long. */
export function fixedShare(ratio: number, vectors: number): number {
  const fixed = (vectors - ratio) / (ratio - 1); // in units of the part for one vector
  return fixed / (fixed + 1);
}

/** Three digits, without an exponent. */
const digits = (value: number) => Number(value.toPrecision(3)).toLocaleString("en");
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/**
 * Says what the measured ratio is made of, and what the paper's would have to be made of.
 *
 * @param times of one query, one vector an image among them
 */
export function explainRatio(times: readonly VectorTime[]): string[] {
  const sorted = times.toSorted((a, b) => a.vectors - b.vectors);
  const one = sorted[0], all = sorted[sorted.length - 1];
  const { fixed, perVector } = fitSearchLaw(times);
  const papers = paperValue("table 6", { method: "CC" }, "timeMs") /
    paperValue("table 6", { method: "DetailCLIP" }, "timeMs");
  const share = fixedShare(papers, all.vectors);
  return [
    `${all.vectors} vectors an image take ${
      (all.ms / one.ms).toFixed(0)
    } times as long as ${one.vectors} ` +
    `(${digits(all.ms)} against ${
      digits(one.ms)
    } ms): every vector is read once a query, so time ` +
    `goes with their number. Fitted, a query takes ${digits(fixed)} ms whatever it searches and ` +
    `${digits(perVector)} ms a vector of each image; over one vector ${
      percent(fixed / (fixed + perVector))
    } of its time is fixed.`,
    `The paper's ratio, ${papers.toFixed(1)}, is that of a search of which ${
      percent(share)
    } is fixed where there is ` +
    `one vector: ${
      percent(share)
    } of its time is not the comparison of vectors. It does not say what was timed.`,
  ];
}
