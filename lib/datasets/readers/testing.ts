/**
 * What the tests of readers share: samples of every format, and damaged copies of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom, type Random } from "../../numeric/random.ts";
import type { Dataset } from "../dataset.ts";
import { loadDataset } from "./load.ts";
import type { DatasetSource } from "./place.ts";

/** A sample in a format's exact form, and the files of it that mutants damage. */
export interface Sample {
  /** Folder below `testdata/`. */
  folder: string;
  /** Format, annotations and images, relative to the folder. */
  source: DatasetSource;
  /** Files that hold annotations or say where they are, relative to the folder. */
  files: readonly string[];
  /** Whether a file that ends early cannot be whole: JSON and XML. */
  structured: boolean;
}

/** A sample of every format. */
export const SAMPLES: readonly Sample[] = [
  {
    folder: "voc",
    source: { source: "voc", annotations: "", root: "" },
    files: ["Annotations/000001.xml", "Annotations/000002.xml", "Annotations/000003.xml"],
    structured: true,
  },
  {
    folder: "yolo",
    source: { source: "yolo", annotations: "data.yaml", root: "" },
    files: ["labels/train/a.txt", "labels/val/c.txt", "data.yaml"],
    structured: false,
  },
  {
    folder: "yolo_obb",
    source: { source: "yolo", annotations: "data.yaml", root: "" },
    files: ["labels/train/P0000__1024__0___0.txt", "labels/val/P0003__1024__0___0.txt"],
    structured: false,
  },
  {
    folder: "dota",
    source: { source: "dota", annotations: "", root: "" },
    files: ["train/labelTxt/P0000.txt", "train/labelTxt/P0001.txt", "val/labelTxt/P0003.txt"],
    structured: false,
  },
  {
    folder: "visdrone",
    source: { source: "visdrone", annotations: "", root: "" },
    files: [
      "VisDrone2019-DET-train/annotations/0000002_00005_d_0000014.txt",
      "VisDrone2019-DET-val/annotations/0000001_02999_d_0000005.txt",
    ],
    structured: false,
  },
  {
    folder: "xview",
    source: { source: "xview", annotations: "xView_train.geojson", root: "train_images" },
    files: ["xView_train.geojson"],
    structured: true,
  },
  {
    folder: "solo",
    source: { source: "solo", annotations: "", root: "" },
    files: ["sequence.0/step0.frame_data.json", "sequence.8/step0.frame_data.json"],
    structured: true,
  },
];

/** The folder of a sample. */
export function sampleFolder(folder: string): string {
  return fileURLToPath(new URL(`testdata/${folder}/`, import.meta.url));
}

/** A sample's source in a folder that holds a copy of it, or in its own. */
export function sourceIn({ folder, source }: Sample, root = sampleFolder(folder)): DatasetSource {
  return {
    ...source,
    annotations: join(root, source.annotations),
    root: join(root, source.root),
  };
}

/** Runs a test with a copy of a sample that is gone afterwards. */
export async function withCopy(
  sample: Sample,
  test: (folder: string, source: DatasetSource) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    cpSync(sampleFolder(sample.folder), folder, { recursive: true });
    await test(folder, sourceIn(sample, folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What must be true of a damaged copy: it reads the same, what is lost is told, or what is read can be used. */
type Demand = "same" | "told" | "sane";

/** A way to damage a file. */
interface Damage {
  name: string;
  demand: Demand;
  apply: (text: string, random: Random) => string | Uint8Array | undefined;
}

const NUMBER = /(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])/g;

/** Puts something in the place of one of the numbers. */
function withNumber(value: string): Damage["apply"] {
  return (text, random) => {
    const hits = [...text.matchAll(NUMBER)];
    const { index, 0: found } = hits[random.integer(0, hits.length - 1)];
    return text.slice(0, index) + value + text.slice(index + found.length);
  };
}

const utf16 = (text: string) => {
  const bytes = new Uint8Array(2 + 2 * text.length);
  const view = new DataView(bytes.buffer);
  [0xfeff, ...Array.from(text, (sign) => sign.charCodeAt(0))]
    .forEach((code, i) => view.setUint16(2 * i, code, true));
  return bytes;
};

/** Puts a byte that no UTF-8 text has somewhere. */
function withByte(byte: number): Damage["apply"] {
  return (text, random) => {
    const bytes = new TextEncoder().encode(text);
    bytes[random.integer(0, bytes.length - 1)] = byte;
    return bytes;
  };
}

/** Changes a line: leaves it out, or writes it twice. */
function withLine(times: number): Damage["apply"] {
  return (text, random) => {
    const lines = text.split("\n"), at = random.integer(0, lines.length - 1);
    lines.splice(at, 1, ...Array(times).fill(lines[at]));
    return lines.join("\n");
  };
}

function damages(structured: boolean): readonly Damage[] {
  const [told, sane, same] = ["told", "sane", "same"] as const;
  return [
    {
      name: "truncated",
      demand: structured ? told : sane,
      apply: (text, random) => text.slice(0, random.integer(0, text.trimEnd().length - 2)),
    },
    { name: "byte order mark", demand: same, apply: (text) => `\ufeff${text}` },
    { name: "CRLF", demand: same, apply: (text) => text.replaceAll("\n", "\r\n") },
    { name: "UTF-16", demand: same, apply: utf16 },
    { name: "blank lines", demand: same, apply: (text) => `${text}\n \n` },
    { name: "invalid UTF-8", demand: told, apply: withByte(0xff) },
    { name: "NUL", demand: told, apply: withByte(0) },
    { name: "NaN", demand: told, apply: withNumber("NaN") },
    { name: "Infinity", demand: told, apply: withNumber("Infinity") },
    { name: "word", demand: told, apply: withNumber("twelve") },
    { name: "nothing", demand: told, apply: withNumber("") },
    { name: "huge", demand: sane, apply: withNumber("1e308") },
    { name: "negative", demand: sane, apply: withNumber("-7") },
    { name: "zero", demand: sane, apply: withNumber("0") },
    { name: "large", demand: sane, apply: withNumber("99999999999") },
    { name: "line left out", demand: sane, apply: withLine(0) },
    { name: "line twice", demand: sane, apply: withLine(2) },
    { name: "empty", demand: structured ? told : sane, apply: () => "" },
    { name: "another format", demand: told, apply: () => "<html>Not found</html>" },
    { name: "list", demand: told, apply: () => "[1, null, {}]" },
    {
      name: "picture",
      demand: told,
      apply: () => Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10, 0]),
    },
    { name: "missing", demand: told, apply: () => undefined },
  ];
}

/** What was left out, and what images show, in words that can be compared. */
function contentOf(
  { categories, images, report }: Dataset,
): { shown: string[]; told: Record<string, number> } {
  const {
    listed: _,
    images: _i,
    objects: _o,
    examples: _e,
    sizesRead: _s,
    formats: _f,
    archiveFormats: _a,
    ...problems
  } = report;
  return {
    shown: images.flatMap(({ id, objects }) =>
      objects.map(({ category, box, corners }) =>
        JSON.stringify([id, categories[category], box, corners])
      )
    ).sort(),
    told: problems,
  };
}

/** Fails unless everything in a data set can be used: boxes inside images, categories that there are. */
export function assertUsable({ categories, images }: Dataset, label: string): void {
  assert.equal(new Set(images.map(({ id }) => id)).size, images.length, label);
  for (const { id, width = Infinity, height = Infinity, objects } of images) {
    assert.ok(!id.startsWith("/") && !id.split("/").includes(".."), label);
    for (const { category, box: { left, top, width: w, height: h }, corners } of objects) {
      assert.ok(categories[category] !== undefined, label);
      assert.ok([left, top, w, h].every(Number.isFinite) && w > 0 && h > 0, label);
      assert.ok(
        left >= 0 && top >= 0 && left + w <= width + 1e-9 && top + h <= height + 1e-9,
        label,
      );
      if (!corners) continue;
      assert.ok(Math.min(...corners.map(([x]) => x)) <= left + 1e-6, label);
      assert.ok(Math.max(...corners.map(([, y]) => y)) >= top + h - 1e-6, label);
    }
  }
}

/** Damages a sample `count` times, and reads it each time: an error that names the data set, or nothing lost untold. */
export async function assertSurvives(sample: Sample, count: number): Promise<void> {
  const kinds = damages(sample.structured);
  await withCopy(sample, async (folder, source) => {
    const whole = contentOf(await loadDataset(source));
    assert.ok(whole.shown.length > 0);
    for (let i = 0; i < count; i++) {
      const random = createRandom(`${sample.folder}/${i}`);
      const { name, demand, apply } = kinds[i % kinds.length];
      const path = sample.files[random.integer(0, sample.files.length - 1)];
      const file = join(folder, path), original = await Deno.readFile(file);
      const changed = apply(new TextDecoder().decode(original), random);
      await Deno.remove(file);
      if (changed !== undefined) {
        await Deno.writeFile(
          file,
          typeof changed === "string" ? new TextEncoder().encode(changed) : changed,
        );
      }
      await assertRead(source, whole, demand, `mutant ${i} (${name}) of ${sample.folder}/${path}`);
      await Deno.writeFile(file, original);
    }
  });
}

async function assertRead(
  source: DatasetSource,
  whole: ReturnType<typeof contentOf>,
  demand: Demand,
  label: string,
): Promise<void> {
  let dataset: Dataset;
  try {
    dataset = await loadDataset(source);
  } catch (error) {
    assert.notEqual(demand, "same", `${label}: ${error}`);
    assert.match((error as Error).message, /^Cannot load data set .* as \w+: ./, label);
    assert.equal((error as Error).name, "Error", `${label}: ${error}`);
    return;
  }
  assertUsable(dataset, label);
  const read = contentOf(dataset);
  if (demand === "same") assert.deepEqual(read, whole, label);
  const kept = new Set(read.shown); // there may be more: of a line without its flag, which may be left out
  if (demand !== "told" || whole.shown.every((object) => kept.has(object))) return;
  const more = Object.keys(read.told).some((key) => read.told[key] > (whole.told[key] ?? 0));
  assert.ok(more, `${label}: nothing is told`);
}
