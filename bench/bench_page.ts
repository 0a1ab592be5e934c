/**
 * What results/bench says, and how long notebooks take, as tables for bench/README.md.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "../lib/report/tables.ts";
import type { PeerRow } from "./search_peers.ts";

/** What is read of search.json. */
export interface SearchResultFile {
  images: number;
  dim: number;
  rows: { vectors: number; kilobytes: number; oneQueryMs: number }[];
  peers: PeerRow[];
  /** What Table 6's ratio is made of. */
  explained: string[];
}

/** What is read of encode.json and photo-clip.json. */
export interface EncodeResultFile {
  ratios: { what: string; value: number }[];
}

/** What is read of train.json. */
export interface TrainResultFile {
  step: { images: number; patches: number; dim: number };
  lines: {
    engine: string;
    dropout: number;
    torchDevice: string;
    ratio: number;
    ours: { seconds: number; peakMiB: number };
    largestDifference?: { gradient: number };
  }[];
}

/** Of how many digits a time is written. */
const digits = (value: number) => Number(value.toPrecision(2)).toLocaleString("en");
const time = (ms: number) => ms < 1000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
const named = (engine: string) => engine === "webgpu" ? "WebGPU" : engine;

/** A paragraph in lines of at most 100 characters, as `deno fmt` has them. */
function paragraph(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!, longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= 100) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.join("\n");
}

/** What is read of the notebooks' times, in seconds. */
export interface NotebookTimes {
  notebooks: Record<string, unknown>;
  wholeSetCold?: number;
}

/** A line of the table: what was measured, the numbers, and the task. */
type Line = [what: string, measured: string, task: string];

/** One vector an image beside all patches (Table 6). */
function searchLine({ images, dim, rows }: SearchResultFile): Line {
  const one = rows.find(({ vectors }) => vectors === 1)!, all = rows.at(-1)!;
  return [
    `one vector against ${all.vectors}, search in ${
      images.toLocaleString("en")
    } images of ${dim} dims`,
    `one query ${time(one.oneQueryMs)} against ${time(all.oneQueryMs)}; ` +
    `${one.kilobytes.toFixed(1)} kB an image against ${all.kilobytes.toFixed(0)}`,
    "bench search",
  ];
}

/** A training step beside PyTorch's: a line an engine. */
function trainLines({ step, lines }: TrainResultFile): Line[] {
  return [...Map.groupBy(lines, ({ engine, torchDevice }) => `${engine} ${torchDevice}`).values()]
    .map((of): Line => {
      const [{ engine, torchDevice, ours, largestDifference }] = of;
      const ratios = of.map(({ dropout, ratio }) =>
        `${ratio.toFixed(2)}${dropout === 0 ? "" : " with dropout"}`
      );
      return [
        `a training step (B ${step.images}, P ${step.patches}, D ${step.dim}) on ${
          named(engine)
        } ` +
        `against PyTorch's on ${torchDevice}`,
        `${ratios.join(", ")} times the time (${time(1000 * ours.seconds)})` +
        (largestDifference
          ? `, gradients equal to ${largestDifference.gradient.toExponential(0)}`
          : "") +
        `; ${(of.at(-1)!.ours.peakMiB / 1024).toFixed(1)} GiB`,
        "bench train",
      ];
    });
}

/** All notebooks from cold caches, where that was measured. */
function notebooksLine({ notebooks, wholeSetCold }: NotebookTimes): Line[] {
  if (wholeSetCold === undefined) return [];
  const count = Object.keys(notebooks).length;
  const minutes = `${(wholeSetCold / 60).toFixed(0)} min`;
  return [[`${count} notebooks at quick scale, from cold caches`, minutes, "notebooks --cold"]];
}

/** Our search beside the peers on the fewest threads: a line a system, a column a number of vectors and of queries. */
function peersTable(rows: readonly PeerRow[], dim: number): string {
  const threads = Math.min(...rows.map((row) => row.threads));
  const shown = rows.filter((row) => row.threads === threads);
  const cases = [...Map.groupBy(shown, ({ queries, vectors }) => `${queries}/${vectors}`).values()]
    .map(([first]) => first).toSorted((a, b) => a.queries - b.queries || a.vectors - b.vectors);
  const systems = [...new Set(shown.map(({ system }) => system))];
  const lines = systems.map((system) => [
    system,
    ...cases.map(({ queries, vectors }) => {
      const row = shown.find((row) =>
        row.system === system && row.queries === queries && row.vectors === vectors
      )!;
      return `${digits(row.ms)} (${row.ofFaiss.toFixed(2)})`;
    }),
  ]);
  const headings = cases.map(({ queries, vectors }) =>
    `${vectors.toLocaleString("en")}, ${queries === 1 ? "one query" : `${queries} queries`}`
  );
  return markdownTable(
    [`ms, vectors of ${dim}, ${threads} thread${threads === 1 ? "" : "s"}`, ...headings],
    lines,
    [false, ...headings.map(() => true)],
  );
}

/**
 * The tables and the figure.
 *
 * @param directory the folder of kept results
 * @throws {Error} when a file cannot be read
 */
export async function benchMarkdown(directory: string): Promise<string> {
  const pathOf = (name: string) => join(directory, "bench", name);
  const read = async <T>(name: string): Promise<T> =>
    JSON.parse(await Deno.readTextFile(pathOf(`${name}.json`)));
  const search = await read<SearchResultFile>("search");
  const lines: Line[] = [];
  for (const [name, model] of [["encode", "ViT-B/32"], ["photo-clip", "photo-clip"]]) {
    if (!existsSync(pathOf(`${name}.json`))) continue;
    const { ratios } = await read<EncodeResultFile>(name);
    lines.push(...ratios.map(({ what, value }): Line => [
      ...[`${model}: images a second, ${what}`, value.toFixed(2), `bench ${name}`] as const,
    ]));
  }
  lines.push(...trainLines(await read<TrainResultFile>("train")), searchLine(search));
  const times = join(directory, "notebooks", "times.quick.json");
  if (existsSync(times)) lines.push(...notebooksLine(JSON.parse(await Deno.readTextFile(times))));
  const table = markdownTable(
    ["what", "measured", "command"],
    lines.map(([what, measured, task]) => [what, measured, `\`deno task ${task}\``]),
  );
  const told = [table, ...search.explained.map(paragraph)];
  if (search.peers.length === 0) return told.join("\n\n");
  return [
    ...told,
    "Exact search, numpy's product alone; in brackets the time over that of faiss's flat index:",
    peersTable(search.peers, search.dim),
    "![Time of an exact search against the number of vectors](../results/bench/search.svg)",
  ].join("\n\n");
}
