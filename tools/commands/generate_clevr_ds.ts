/**
 * `deno task generate`: a CLEVR-DS data set, scenes of 138 classes after the paper's recipe, drawn with openly
 * licensed emoji sprites (ShapeNet, which the paper renders, cannot be shipped), with COCO annotations.
 *
 * Stopped or killed, it goes on from where it was when started again.
 *
 * @module
 */
import {
  CLEVR_DS_VARIANTS,
  type ClevrDsVariant,
  generateClevrDs,
  SPRITE_FAMILIES,
  type SpriteFamily,
} from "../../lib/datasets/mod.ts";
import { operationSignal } from "../../lib/runtime/interrupt.ts";
import { createProgress } from "../../lib/runtime/progress.ts";
import { oneOf, readOptions, UsageError } from "./arguments.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task generate --out DIRECTORY [options]
  --seed N                        seed of every draw (1)
  --images N                      how many scenes (1000)
  --variant mixed|S|L|reduced     sizes of objects; reduced: few objects of few classes (mixed)
  --family fluent-3d|noto         the renderings (fluent-3d)
  --size N                        side of an image in pixels (480)`;

function wholeNumber(option: string, value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && Number.isSafeInteger(number)) return number;
  throw new UsageError(`Cannot read --${option}: expected a whole number, got ${value}`);
}

/** Generates what the command line asks for. */
async function generate(args: string[]): Promise<void> {
  const { values } = readOptions({
    args,
    options: {
      out: { type: "string" },
      seed: { type: "string", default: "1" },
      images: { type: "string", default: "1000" },
      variant: { type: "string", default: "mixed" },
      family: { type: "string", default: "fluent-3d" },
      size: { type: "string", default: "480" },
    },
  });
  if (!values.out) throw new UsageError("Cannot generate CLEVR-DS: --out DIRECTORY is missing");
  const images = wholeNumber("images", values.images);
  const progress = createProgress({ label: "Draw CLEVR-DS", total: images });
  const { drawn, kept, annotations } = await generateClevrDs(values.out, {
    seed: wholeNumber("seed", values.seed),
    images,
    variant: oneOf<ClevrDsVariant>("variant", values.variant, CLEVR_DS_VARIANTS),
    family: oneOf<SpriteFamily>("family", values.family, SPRITE_FAMILIES),
    size: wholeNumber("size", values.size),
    signal: operationSignal(),
    onProgress: (done, _total, drawn) => progress.update(done, undefined, done - drawn),
  }).finally(() => progress.finish());
  console.log(`${drawn} images drawn, ${kept} kept; annotations:`);
  for (const path of Object.values(annotations)) console.log(`  ${path}`);
}

if (import.meta.main) await runTask(USAGE, () => generate(Deno.args));
