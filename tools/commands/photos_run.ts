/**
 * The work of `deno task photos measure`. A module of its own because it loads the whole library.
 *
 * @module
 */
import { join } from "node:path";
import { loadCoco, recallMarkdown } from "detailclip";
import { datasetNamed, type FilesConfig } from "detailclip/runner";
import listed from "../../data/photos/coco-128.json" with { type: "json" };
import { measurePhotos } from "../../experiments/photos.ts";
import { choiceTable } from "../../experiments/photos_choice.ts";
import { operationSignal } from "../../lib/runtime/interrupt.ts";
import { fillPages } from "../checks/readme_table.ts";
import { ROOT } from "../project.ts";
import type { EncoderChoice } from "./arguments.ts";

/** What is measured. */
export interface MeasureCall {
  dataset: string;
  encoder: EncoderChoice;
  keep: boolean;
}

/**
 * The data set that is measured.
 *
 * @throws {Error} when it has no annotations in COCO's format, or names only some of its images
 */
export function photographs(name: string): FilesConfig {
  const found = datasetNamed(name);
  const why = found.source !== "coco"
    ? `it is no data set in COCO's format, but ${found.source}`
    : (found.part ?? found.draw)
    ? "half of a data set is measured anyhow, and one of its folders cannot be by itself"
    : undefined;
  if (found.source === "coco" && why === undefined) return found;
  throw new Error(`Cannot measure ${name}: ${why}`);
}

/** Refuses to keep rows of other photographs than those of the list. */
async function checkListed({ annotations, root }: FilesConfig): Promise<void> {
  const { images } = await loadCoco(annotations, root);
  const here = new Set(images.map(({ id }) => id));
  const lacking = listed.images.filter((name) => !here.has(name));
  if (lacking.length === 0 && images.length === listed.images.length) return;
  throw new Error(
    `Cannot keep what is measured on ${annotations}: it has ${images.length} photographs, and of the ` +
      `${listed.images.length} of ${listed.name} ${lacking.length} are not among them`,
  );
}

/**
 * Measures, and prints the recalls.
 *
 * @param call the command line
 * @param command as it was typed, noted with the rows
 * @throws {Error} when photographs are not there, or rows of others are to be kept
 */
export async function measure(
  { dataset, encoder, keep }: MeasureCall,
  command: string,
): Promise<void> {
  const files = photographs(dataset);
  if (keep) await checkListed(files);
  // kept rows say nothing of where the photographs lay
  const noted = keep ? `deno task photos measure ${listed.name} --keep` : command;
  const { whole, half, choices } = await measurePhotos(files, {
    ...{ encoder, command: noted, keep, signal: operationSignal() },
  });
  for (const { rows, path } of [whole, half]) {
    console.log(`\n${recallMarkdown(rows)}\n\nrows     ${path}`);
  }
  console.log(`\n${choiceTable(choices)}`);
  if (keep) await fillPages(ROOT, [join("results", "PHOTOS.md")]);
}
