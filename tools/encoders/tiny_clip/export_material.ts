/**
 * Writes what the training of the embedded encoder draws its pictures from: sprites with shadows and empty
 * grounds, as raw bytes that NumPy reads at once.
 *
 *     deno run -A tools/encoders/tiny_clip/export_material.ts DIRECTORY [--grounds 200] [--side 128] [--seed 1]
 *
 * `index.json` describes `sprites.bin` (RGBA), `shadows.bin` (darkness) and `grounds.bin` (RGB); all bytes are
 * row-major. Sprites of the family `noto` are marked `heldOut`: training must not use them.
 */
import { parseArgs } from "node:util";
import { resizeRgba } from "../../../lib/images/rgba.ts";
import { createRandom } from "../../../lib/numeric/random.ts";
import { writeAtomic } from "../../../lib/runtime/files.ts";
import { drawGround, type Light, randomLight } from "../../../lib/datasets/clevr_ds/ground.ts";
import { castShadow } from "../../../lib/datasets/clevr_ds/shadow.ts";
import { loadSprite, SPRITE_FAMILIES, spriteName } from "../../../lib/datasets/clevr_ds/sprites.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    grounds: { type: "string", default: "200" },
    side: { type: "string", default: "128" },
    size: { type: "string", default: "480" },
    seed: { type: "string", default: "1" },
  },
});
const directory = positionals[0];
if (!directory) {
  console.error("usage: deno run -A tools/encoders/tiny_clip/export_material.ts DIRECTORY");
  Deno.exit(2);
}
const side = Number(values.side), size = Number(values.size);
const random = createRandom(values.seed);
const lights: Light[] = [
  { shear: -0.6, depth: 0.28, strength: 0.4, softness: 0.05 },
  { shear: 0.6, depth: 0.28, strength: 0.4, softness: 0.05 },
  { shear: -0.3, depth: 0.16, strength: 0.45, softness: 0.04 },
  { shear: 0.4, depth: -0.13, strength: 0.38, softness: 0.05 },
];

const classFile = new URL("../../../data/classes/clevr-ds.json", import.meta.url);
const slugs: string[] = JSON.parse(await Deno.readTextFile(classFile)).slugs;

const spriteBytes: Uint8Array[] = [],
  shadowBytes: Uint8Array[] = [],
  groundBytes: Uint8Array[] = [];
let spriteOffset = 0, shadowOffset = 0;
const sprites = [];
for (const family of SPRITE_FAMILIES) {
  for (const [classId, slug] of slugs.entries()) {
    const full = await loadSprite(slug, family);
    if (!full) continue;
    const scale = side / Math.max(full.width, full.height);
    const width = Math.max(1, Math.round(full.width * scale));
    const sprite = await resizeRgba(full, width, Math.max(1, Math.round(full.height * scale)));
    const shadows = lights.map((light) => {
      const { dark, left, top, width, height } = castShadow(sprite, light);
      const offset = shadowOffset;
      shadowBytes.push(dark);
      shadowOffset += dark.length;
      return { offset, left, top, w: width, h: height };
    });
    sprites.push({
      classId,
      slug,
      name: await spriteName(slug),
      family,
      heldOut: family === "noto",
      w: sprite.width,
      h: sprite.height,
      offset: spriteOffset,
      shadows,
    });
    spriteBytes.push(sprite.data);
    spriteOffset += sprite.data.length;
  }
}
const grounds = [];
for (let i = 0; i < Number(values.grounds); i++) {
  const own = random.fork(`ground ${i}`);
  const ground = drawGround(own, size, randomLight(own));
  grounds.push({ offset: i * size * size * 3, w: size, h: size, horizon: ground.horizon });
  groundBytes.push(ground.image.data);
}

await writeAtomic(
  `${directory}/sprites.bin`,
  new Uint8Array(await new Blob(spriteBytes as BlobPart[]).arrayBuffer()),
);
await writeAtomic(
  `${directory}/shadows.bin`,
  new Uint8Array(await new Blob(shadowBytes as BlobPart[]).arrayBuffer()),
);
await writeAtomic(
  `${directory}/grounds.bin`,
  new Uint8Array(await new Blob(groundBytes as BlobPart[]).arrayBuffer()),
);
const classes = await Promise.all(slugs.map(spriteName));
await writeAtomic(`${directory}/index.json`, JSON.stringify({ classes, lights, sprites, grounds }));
console.log(
  `${sprites.length} sprites, ${shadowBytes.length} shadows, ${grounds.length} grounds -> ${directory}`,
);
