/**
 * The process that `runTrials` asks: reads what each line of its standard input names (a file, or a data set as JSON), and answers with a line of JSON.
 *
 *     deno run -P=extract tools/prove/child.ts images|polyglots
 *     deno run -P=extract tools/prove/child.ts annotations IMAGES
 *
 * @module
 */
import { loadCoco, loadDataset } from "../../lib/datasets/mod.ts";
import { decodeImage, ImageError } from "../../lib/images/mod.ts";
import { peakMemoryMiB } from "../../lib/report/provenance.ts";
import { SECRET_SIZE } from "./polyglots.ts";
import type { Answer } from "./trials.ts";

type Outcome = Omit<Answer, "peakMiB">;
const [subject, images] = Deno.args;

/** An image is whole, or refused for a reason. */
async function tryImage(path: string): Promise<Outcome> {
  try {
    const { width, height, data } = await decodeImage(path);
    if (data.length !== 3 * width * height) {
      return { outcome: "wrong", detail: `${data.length} bytes for ${width}x${height} px` };
    }
    if (subject === "polyglots" && width === SECRET_SIZE[0] && height === SECRET_SIZE[1]) {
      return { outcome: "wrong", detail: "a format that is not allowed was decoded" };
    }
    return { outcome: "accepted" };
  } catch (error) {
    return error instanceof ImageError ? { outcome: "refused" } : unexpected(error);
  }
}

/** Annotations become objects within their images, or are refused with a message for people. */
async function tryAnnotations(question: string): Promise<Outcome> {
  try {
    const dataset = question.startsWith("{")
      ? await loadDataset(JSON.parse(question), { keepMissing: true })
      : await loadCoco(question, images, { keepMissing: true });
    for (const { id, width, height, objects } of dataset.images) {
      for (const { category, box } of objects) {
        const { left, top, width: w, height: h } = box;
        const inside = left >= 0 && top >= 0 && w > 0 && h > 0 &&
          (width === undefined || left + w <= width + 1e-6) &&
          (height === undefined || top + h <= height + 1e-6);
        if (!inside) return { outcome: "wrong", detail: `box ${JSON.stringify(box)} in ${id}` };
        if (typeof dataset.categories[category] !== "string") {
          return { outcome: "wrong", detail: `category ${category} in ${id}` };
        }
      }
    }
    return { outcome: "accepted" };
  } catch (error) {
    return error instanceof Error && error.message.startsWith("Cannot ")
      ? { outcome: "refused" }
      : unexpected(error);
  }
}

const unexpected = (error: unknown): Outcome => ({
  outcome: "wrong",
  detail: String(error).slice(0, 300),
});

let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const outcome = await (subject === "annotations" ? tryAnnotations(line) : tryImage(line));
    const answer: Answer = { ...outcome, peakMiB: peakMemoryMiB() };
    await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
  }
}
