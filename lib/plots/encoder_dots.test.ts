import assert from "node:assert/strict";
import { encoderDots, type EncoderRow } from "./encoder_dots.ts";

const methods = ["full image", "cc@10", "DetailCLIP"];
const ours = methods.map((method, i): EncoderRow => ({
  encoder: "tiny-clip",
  dataset: "CLEVR-DS",
  method,
  value: 0.2 + 0.2 * i,
  low: 0.15 + 0.2 * i,
  high: 0.25 + 0.2 * i,
}));
const paper = ["CLEVR-DS", "COCO"].flatMap((dataset) =>
  methods.map((method, i) => ({ encoder: "CLIP", dataset, method, value: 0.1 + 0.05 * i }))
);
const notRun = [
  { encoder: "CLIP", dataset: "CLEVR-DS" },
  { encoder: "CLIP", dataset: "COCO" },
  { encoder: "tiny-clip", dataset: "COCO" },
];

Deno.test("encoder_dots looks as it did (UPDATE_SNAPSHOTS=1 accepts a change)", async () => {
  const path = new URL("./testdata/encoder_dots.svg.txt", import.meta.url);
  const now = encoderDots(ours, { notRun, paper }).svg
    .replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number)) || 0))
    .replaceAll("><", ">\n<") + "\n";
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, now);
  assert.equal(now, await Deno.readTextFile(path));
});

Deno.test("every pair that was not run says so", () => {
  const { svg, alt } = encoderDots(ours, { notRun, paper });
  assert.equal(svg.match(/>not run</g)?.length, 3);
  assert.match(alt, /DetailCLIP of tiny-clip on CLEVR-DS 60\.0 %; not run: 3 pairs/);
});

Deno.test("nothing at all and doubles are refused; nothing run is drawn", () => {
  assert.throws(() => encoderDots([]), /Cannot draw encoders: there are no rows/);
  assert.throws(
    () => encoderDots([ours[0], ours[0]]),
    /two rows are for full image of tiny-clip on CLEVR-DS/,
  );
  assert.doesNotMatch(encoderDots([], { notRun }).svg, /NaN|undefined|Infinity/);
});
