import assert from "node:assert/strict";
import { createRandom, type Random } from "../../numeric/random.ts";
import { clevrDsClasses, loadPyramids } from "./classes.ts";
import type { SpritePyramid } from "./pyramid.ts";
import { MIN_VISIBLE, planScene, SIDE_RANGES } from "./recipe.ts";
import { drawScene, type SceneOptions } from "./scene.ts";

const SIZE = 320;

/** The same shape in the opposite colours: what depends on outlines alone stays as it is. */
function invert({ levels, outline }: SpritePyramid): SpritePyramid {
  const inverted = levels.map(({ width, height, data }) => ({
    width,
    height,
    data: data.map((value, at) => at % 4 === 3 ? value : data[at - at % 4 + 3] - value),
  }));
  return { levels: inverted, outline };
}

async function prepare(random: Random) {
  const { slugs } = await clevrDsClasses();
  const plan = planScene(random, "mixed", slugs, []);
  const sprite = await loadPyramids(plan.map(({ slug }) => slug), "fluent-3d");
  const options: SceneOptions = { size: SIZE, overlap: true, sprite };
  return { plan, options };
}

Deno.test("recolouring an object changes pixels inside its box only, up to every edge of it", async () => {
  let compared = 0;
  for (let scene = 0; scene < 4; scene++) {
    const random = createRandom(`boxes ${scene}`);
    const { plan, options } = await prepare(random.fork("plan"));
    const { image, objects } = drawScene(random.fork("draw"), plan, options);
    for (const { slug, box, area, visible } of objects.slice(0, 6)) {
      const other = drawScene(random.fork("draw"), plan, {
        ...options,
        sprite: (name) => name === slug ? invert(options.sprite(name)) : options.sprite(name),
      });
      let left = SIZE, top = SIZE, right = -1, bottom = -1, changed = 0;
      for (let at = 0; at < SIZE * SIZE; at++) {
        if ([0, 1, 2].every((c) => image.data[3 * at + c] === other.image.data[3 * at + c])) {
          continue;
        }
        const x = at % SIZE, y = Math.floor(at / SIZE);
        changed++;
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
      const what = `${slug} of scene ${scene}`;
      assert.ok(left >= box.left && right < box.left + box.width, what);
      assert.ok(top >= box.top && bottom < box.top + box.height, what);
      if (visible < 1) continue;
      // mid-grey pixels do not change under inversion, faint rims change without being solid
      assert.ok(Math.abs(changed - area) <= 0.25 * area + 8, `${what}: ${changed} of ${area} px`);
      const slack = [
        left - box.left,
        top - box.top,
        box.left + box.width - 1 - right,
        box.top + box.height - 1 - bottom,
      ];
      assert.ok(Math.max(...slack) <= 1, `${what}: ${slack}`);
      compared++;
    }
  }
  assert.ok(compared >= 8, `${compared} unhidden objects`);
});

Deno.test("no object is cut off, too large, too small or hidden by more than the bound", async () => {
  for (let scene = 0; scene < 12; scene++) {
    const random = createRandom(`bounds ${scene}`);
    const { plan, options } = await prepare(random.fork("plan"));
    for (const { box, size, visible } of drawScene(random.fork("draw"), plan, options).objects) {
      assert.ok(box.left > 0 && box.left + box.width < SIZE);
      assert.ok(box.top > 0 && box.top + box.height < SIZE);
      assert.ok(visible >= MIN_VISIBLE && visible <= 1);
      // mirrored and turned, an object misses its size a little; its soft rim adds a pixel or two
      const [least, most] = SIDE_RANGES[size], side = Math.max(box.width, box.height);
      assert.ok(
        side >= 0.9 * least * SIZE - 2 && side <= 1.12 * most * SIZE + 3,
        `${size}: ${side} px`,
      );
    }
  }
});

Deno.test("the fullest scenes find room, too", async () => {
  const { slugs } = await clevrDsClasses();
  const sprite = await loadPyramids(slugs, "fluent-3d");
  for (let scene = 0; scene < 3; scene++) {
    const plan = slugs.slice(scene, scene + 50).map((slug, i) => ({
      slug,
      category: scene + i,
      size: i < 3 ? "large" as const : "small" as const,
    }));
    const options: SceneOptions = { size: SIZE, overlap: true, sprite };
    const { objects } = drawScene(createRandom(`full ${scene}`), plan, options);
    assert.deepEqual(objects.map(({ slug }) => slug), plan.map(({ slug }) => slug));
  }
});

Deno.test("a scene without room says so", async () => {
  const { plan, options } = await prepare(createRandom("no room"));
  const crowd = Array.from({ length: 40 }, () => ({ ...plan[0], size: "large" as const }));
  assert.throws(
    () => drawScene(createRandom(1), crowd, { ...options, overlap: false }),
    /Cannot draw scene: 40 objects find no room in 320 px/,
  );
});
