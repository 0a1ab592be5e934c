/**
 * The figure of time against the number of vectors: our search in three precisions beside the peers.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { type Figure, plots } from "detailclip/plots";
import type { PeerRow } from "./search_peers.ts";

/** Ours dark to light by precision, peers in colours of their own. */
const COLORS: Record<string, string> = {
  "ours, float32": "#1f4e9c",
  "ours, int8": "#4f86d9",
  "ours, int4": "#9dbff0",
  faiss: "#c2410c",
  numpy: "#6b7280",
  usearch: "#15803d",
};

/**
 * Draws time against the number of vectors, a panel for each number of queries, on the fewest threads that were measured.
 *
 * @param rows of `measurePeers`
 * @param options D, and the machine in words
 */
export function searchFigure(
  rows: readonly PeerRow[],
  { dim, machine }: { dim: number; machine: string },
): Figure {
  const threads = Math.min(...rows.map((row) => row.threads));
  const shown = rows.filter((row) => row.threads === threads);
  const systems = Object.keys(COLORS).filter((name) => shown.some((row) => row.system === name));
  const color = { domain: systems, range: systems.map((name) => COLORS[name]) };
  const sizes = [...new Set(shown.map(({ vectors }) => vectors))].sort((a, b) => a - b);
  const panel = (queries: number) => {
    const data = shown.filter((row) => row.queries === queries);
    const times = data.map(({ ms }) => ms), least = Math.min(...times), most = Math.max(...times);
    const series = { x: "vectors", y: "ms", z: "system" } as const;
    return {
      color,
      height: 300,
      marginRight: 20,
      x: {
        ...{
          type: "log" as const,
          ticks: sizes,
          tickFormat: (n: number) => n.toLocaleString("en"),
        },
        label: "vectors (log scale)",
      },
      y: {
        ...{
          type: "log" as const,
          grid: true,
          ticks: [0.1, 1, 10, 100, 1000, 10_000].filter((ms) => ms >= least && ms <= most),
          tickFormat: String,
        },
        label: `ms for ${queries === 1 ? "one query" : `${queries} queries`} (log scale)`,
      },
      marks: [
        Plot.lineY(data, { ...series, stroke: "system", strokeWidth: 2 }),
        Plot.dot(data, { ...series, fill: "system", r: 4 }),
      ],
    };
  };
  return plots({
    title: "Exact search: time against the number of vectors",
    subtitle:
      `${dim} dims, the ten best, ${threads} thread${
        threads === 1 ? "" : "s"
      }, least time of the rounds; ` +
      `numpy only multiplies; ${machine}`,
    key: systems.map((label, i) => ({ label, color: color.range[i], marker: "circle" })),
    columns: 2,
  }, [...new Set(shown.map(({ queries }) => queries))].sort((a, b) => a - b).map(panel));
}
