import assert from "node:assert/strict";
import { join } from "node:path";
import { createRandom } from "../../numeric/random.ts";
import { clevrDsClasses } from "./classes.ts";
import { drawGround } from "./ground.ts";
import { openIconSet } from "./icon_sets.ts";
import { buildPyramid, drawSprite, turnedSide } from "./pyramid.ts";
import { applyShadow, castShadow } from "./shadow.ts";
import { loadSprite, SPRITE_SIDE, spriteName, trimRgba } from "./sprites.ts";

const upright = { angle: 0, flip: false, gains: [1, 1, 1], shade: 0 } as const;

Deno.test("both scene families draw every class and distractor, trimmed, large enough for large objects", async () => {
  const { slugs, distractors } = await clevrDsClasses("S");
  for (const family of ["fluent-3d", "noto"] as const) {
    for (const slug of [...slugs, ...distractors]) {
      const sprite = await loadSprite(slug, family);
      assert.ok(sprite, `${slug} of ${family}`);
      const side = Math.max(sprite.width, sprite.height);
      assert.ok(side >= 180 && side <= SPRITE_SIDE, `${slug} of ${family}: ${side} px`);
    }
  }
});

Deno.test("a family that does not draw an object says so, an unknown slug is an error", async () => {
  assert.equal(await loadSprite("gorilla", "fxemoji"), undefined);
  assert.equal(await spriteName("red_apple"), "red apple");
  await assert.rejects(spriteName("no_such_thing"), /no emoji has the slug "no_such_thing"/);
  await assert.rejects(loadSprite("no_such_thing", "noto"), /Cannot load sprite/);
});

Deno.test("a family whose package cannot be installed is refused, and why is said", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(root, "noto"));
    await Deno.writeTextFile(join(root, "noto", "deno.json"), "{ broken");
    await assert.rejects(
      openIconSet("noto", root),
      /Cannot draw family noto: @iconify-json\/noto, .* could not be installed: .*deno\.json/,
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("trimming keeps exactly what is visible", () => {
  const data = new Uint8Array(5 * 4 * 4);
  data[(1 * 5 + 2) * 4 + 3] = 255;
  data[(2 * 5 + 3) * 4 + 3] = 255;
  data[3] = 10; // too faint to count
  const { width, height } = trimRgba({ width: 5, height: 4, data });
  assert.deepEqual([width, height], [2, 2]);
  assert.throws(() => trimRgba({ width: 5, height: 4, data: new Uint8Array(80) }), /no pixel/);
});

/** A picture of one colour with a mark in its right half. */
function marked(side: number) {
  const data = new Uint8Array(side * side * 4).fill(255);
  for (let y = 0; y < side; y++) {
    for (let x = side / 2; x < side; x++) data[(y * side + x) * 4] = 0; // no red on the right
  }
  return { width: side, height: side, data };
}

Deno.test("a sprite keeps its size, colours and orientation in every pose", () => {
  const pyramid = buildPyramid(marked(64));
  assert.equal(turnedSide(pyramid, 0), 64);
  assert.ok(Math.abs(turnedSide(pyramid, Math.PI / 4) - 64 * Math.SQRT2) < 1e-3);
  for (const scale of [1, 0.6, 0.5, 0.3, 0.17]) {
    const { width, height, data } = drawSprite(pyramid, { ...upright, scale });
    assert.ok(Math.abs(width - 64 * scale) <= 1.5 && width === height, `${width} px at ${scale}`);
    const row = Math.floor(height / 2) * width, right = (row + Math.floor(0.8 * width)) * 4;
    const left = (row + Math.floor(0.2 * width)) * 4;
    assert.ok(data[left] > 245 && data[right] < 10, `at ${scale}`);
    const mirrored = drawSprite(pyramid, { ...upright, scale, flip: true }).data;
    assert.ok(mirrored[left] < 10 && mirrored[right] > 245, `mirrored at ${scale}`);
  }
  assert.throws(() => drawSprite(pyramid, { ...upright, scale: 1.01 }), /scale must be/);
});

Deno.test("a quarter turn moves right to below: rotation is clockwise", () => {
  const turned = drawSprite(buildPyramid(marked(64)), {
    ...upright,
    scale: 0.5,
    angle: Math.PI / 2,
  });
  const red = (y: number) => turned.data[(Math.floor(y * turned.height) * turned.width + 16) * 4];
  assert.ok(red(0.2) > 245 && red(0.8) < 10);
});

Deno.test("shadows fall to the side of the light's shear, fade before their edge and only darken", () => {
  const object = marked(40);
  for (const shear of [-0.5, 0.5]) {
    const shadow = castShadow(object, { shear, depth: 0.3, strength: 0.4, softness: 0.05 });
    let weight = 0, moment = 0;
    for (let y = 0; y < shadow.height; y++) {
      for (let x = 0; x < shadow.width; x++) {
        const dark = shadow.dark[y * shadow.width + x];
        weight += dark;
        moment += dark * (x + shadow.left - 20);
        const rim = x === 0 || y === 0 || x === shadow.width - 1 || y === shadow.height - 1;
        if (rim) assert.ok(dark <= 4, `${dark} at the layer's edge`);
      }
    }
    assert.equal(Math.sign(moment / weight), Math.sign(shear));
    const image = { width: 60, height: 60, data: new Uint8Array(60 * 60 * 3).fill(200) };
    applyShadow(image, shadow, 10, 15); // reaches beyond the picture: clipped
    assert.ok(image.data.every((value) => value <= 200) && image.data.some((value) => value < 160));
  }
});

Deno.test("grounds depend on the generator alone and differ between generators", () => {
  const light = { shear: 0.4, depth: 0.2, strength: 0.4, softness: 0.05 };
  const [a, b, c] = [1, 1, 2].map((seed) => drawGround(createRandom(seed), 64, light));
  assert.deepEqual(a, b);
  assert.notDeepEqual(a.image.data, c.image.data);
  assert.equal(a.image.data.length, 64 * 64 * 3);
  assert.ok(a.horizon > 0 && a.horizon < 32);
});
