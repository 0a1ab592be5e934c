/**
 * Writes a CLEVR-DS data set: scenes of 138 classes after the paper's recipe, drawn with openly licensed emoji
 * sprites (ShapeNet, which the paper renders, cannot be shipped), with COCO annotations.
 *
 *     deno run -A tools/generate_clevr_ds.ts --out DIRECTORY [--seed 1] [--images 1000]
 *       [--variant mixed|S|L|reduced] [--family fluent-3d|noto] [--size 480]
 *
 * Interrupted, it goes on from where it was when started again.
 */
import { parseArgs } from "node:util";
import { CLEVR_DS_VARIANTS, type ClevrDsVariant } from "../lib/datasets/clevr_ds/recipe.ts";
import { generateClevrDs } from "../lib/datasets/clevr_ds/generate.ts";
import { SPRITE_FAMILIES, type SpriteFamily } from "../lib/datasets/clevr_ds/sprites.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    out: { type: "string" },
    seed: { type: "string", default: "1" },
    images: { type: "string", default: "1000" },
    variant: { type: "string", default: "mixed" },
    family: { type: "string", default: "fluent-3d" },
    size: { type: "string", default: "480" },
  },
});

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found) return found;
  console.error(`Cannot read --${option}: expected ${allowed.join(", ")}, got ${value}`);
  Deno.exit(2);
}
if (!values.out) {
  console.error("Cannot generate: --out DIRECTORY is missing");
  Deno.exit(2);
}

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort(new Error("interrupted")));
const start = performance.now();
const print = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
try {
  const result = await generateClevrDs(values.out, {
    seed: Number(values.seed),
    images: Number(values.images),
    variant: oneOf<ClevrDsVariant>("variant", values.variant, CLEVR_DS_VARIANTS),
    family: oneOf<SpriteFamily>("family", values.family, SPRITE_FAMILIES),
    size: Number(values.size),
    signal: stop.signal,
    onProgress(done, total) {
      if (done % 20 !== 0 && done !== total) return;
      const rate = done / ((performance.now() - start) / 1000);
      const left = Math.round((total - done) / rate);
      print(`\r${done}/${total} images, ${rate.toFixed(1)}/s, ${left} s left  `);
    },
  });
  print("\n");
  console.log(`${result.drawn} images drawn, ${result.kept} kept; annotations:`);
  for (const path of Object.values(result.annotations)) console.log(`  ${path}`);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
Deno.exit(0); // the listener would keep the process alive
