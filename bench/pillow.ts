/**
 * On how many photographs decoding and preprocessing give the very bytes that Pillow gives.
 *
 *     python lib/images/testdata/make_pillow_parity.py PHOTO_DIR > sums.jsonl
 *     deno run -A bench/pillow.ts PHOTO_DIR sums.jsonl
 *
 * @module
 */
import { cutPatches, decodeImage } from "detailclip";
import { type Preprocessing } from "detailclip/images";
import { sha256 } from "detailclip/runtime";

const [directory, sums] = Deno.args;
if (!sums) {
  console.error("Cannot compare: name a folder of photographs and the file of Pillow's sums");
  Deno.exit(2);
}
const equal: Record<string, number> = {};
const count = (what: string, same: boolean) => equal[what] = (equal[what] ?? 0) + Number(same);

const lines = (await Deno.readTextFile(sums)).trim().split("\n");
for (const line of lines) {
  const golden: Record<string, string | boolean> = JSON.parse(line);
  const image = await decodeImage(`${directory}/${golden.name}`);
  const { width, height } = image;
  count("decoded", sha256(image.data) === golden.decoded);
  const whole = { left: 0, top: 0, width, height };
  const cover = { width, height, fit: "pad" as const, levels: [[whole]] };
  for (const mode of ["squash", "clip"] as Preprocessing["mode"][]) {
    for (const size of [64, 224]) {
      const { data } = await cutPatches(image, cover, { mode, size });
      count(`${mode} ${size}`, sha256(data) === golden[`${mode} ${size}`]);
      count(
        `${mode} ${size}: Pillow itself, one call against two`,
        golden[`${mode} ${size} same in one call`] === true,
      );
    }
  }
}
console.log(`${lines.length} photographs, of which equal to the byte:`);
for (const [what, same] of Object.entries(equal)) {
  console.log(`${String(same).padStart(6)}  ${what}`);
}
