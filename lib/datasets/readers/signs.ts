/**
 * In which formats a folder may be: by what its files are called and how they begin.
 *
 * @module
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { dotaLine } from "./dota.ts";
import { isImageName, linesOf, partOf } from "./files.ts";
import type { DatasetFormat } from "./place.ts";
import { FRAME } from "./solo.ts";
import { visdroneLine } from "./visdrone.ts";

/** How deep a folder is looked into, and how many files of a kind are opened. */
const DEPTH = 5, OPENED = 6;

/** Bytes of a file's head that are looked at. */
const HEAD_BYTES = 2 ** 16;

/** What there is at a path, if anything. */
export function kindOf(path: string): "folder" | "file" | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() ? "folder" : stat?.isFile() ? "file" : undefined;
}

/** The beginning of a file as text; empty where it cannot be read. */
export function headOf(path: string): string {
  const bytes = new Uint8Array(HEAD_BYTES);
  try {
    const file = openSync(path, "r");
    try {
      return new TextDecoder().decode(bytes.subarray(0, readSync(file, bytes)));
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}

/** Files of a folder as paths relative to it, in one order, of each folder those of a kind that `opened` has room for. */
function filesIn(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string, depth: number) => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const kinds = new Map<string, number>();
    for (const entry of entries) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const ending = /\.\w+$/.exec(entry.name)?.[0].toLowerCase() ?? "";
      if (entry.isDirectory()) {
        if (depth < DEPTH) walk(path, depth + 1);
        continue;
      }
      const before = kinds.get(ending) ?? 0;
      kinds.set(ending, before + 1);
      if (before < OPENED) found.push(path);
    }
  };
  walk("", 0);
  return found;
}

/** What annotations in COCO's format begin with: other tools leave JSON beside images, too. */
export const COCO_KEYS = /"(?:images|annotations|categories)"\s*:\s*\[/;

/** Whether a text file is of a format with a line an object. */
const hasLine = (head: string, isLine: (line: string) => boolean) =>
  linesOf(head).slice(0, 20).some(({ line }) => isLine(line));

const SIGNS: Record<DatasetFormat, (path: string, head: () => string) => boolean> = {
  coco: (path, head) => path.endsWith(".json") && !FRAME.test(path) && COCO_KEYS.test(head()),
  voc: (path, head) => path.endsWith(".xml") && /<annotation[\s>]/.test(head()),
  yolo: (path, head) => /\.ya?ml$/.test(path) && /^names\s*:/m.test(head()),
  dota: (path, head) =>
    path.endsWith(".txt") && hasLine(head(), (line) => "name" in dotaLine(line)),
  visdrone: (path, head) =>
    path.endsWith(".txt") && hasLine(head(), (line) => visdroneLine(line) !== undefined),
  xview: (path, head) => /\.(?:geo)?json$/.test(path) && head().includes('"bounds_imcoords"'),
  solo: (path) => FRAME.test(path),
};

/** What was found in a folder. */
export interface Signs {
  /** Files that speak for a format, relative to the folder. */
  files: Map<DatasetFormat, string[]>;
  /** Whether it holds images. */
  images: boolean;
}

/**
 * Looks into a folder for what speaks for a format.
 *
 * @param root the folder
 */
export function signsIn(root: string): Signs {
  const files: Signs["files"] = new Map(), names = filesIn(root);
  for (const path of names) {
    let text: string | undefined;
    const head = () => text ??= headOf(join(root, path));
    for (const [format, speaks] of Object.entries(SIGNS)) {
      if (!speaks(path.toLowerCase(), head)) continue;
      const known = files.get(format as DatasetFormat);
      if (known) known.push(path);
      else files.set(format as DatasetFormat, [path]);
    }
  }
  return { files, images: names.some(isImageName) };
}

/** Parts that labelled files of a folder belong to, as their folders name them. */
export function labelledParts(files: readonly string[]): Set<string> {
  return new Set(files.map(partOf).filter((part) => part !== undefined));
}
