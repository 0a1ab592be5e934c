import assert from "node:assert/strict";
import type { Box } from "../../covers/mod.ts";
import { dotaLabels } from "../writers/dota.ts";
import { remoteScene } from "./generate.ts";
import { createTerrain } from "./terrain.ts";

const CONFIG = { width: 1500, height: 1200, seed: 3 };

Deno.test("remote scene: a window is the same whatever window it is drawn in", async () => {
  const scene = await remoteScene(CONFIG);
  const whole = scene.draw({ left: 0, top: 0, width: 1500, height: 1200 });
  for (
    const [left, top, width, height] of [[0, 0, 300, 200], [533, 401, 97, 211], [1499, 1199, 1, 1]]
  ) {
    const { data } = scene.draw({ left, top, width, height });
    for (let y = 0; y < height; y++) {
      const from = ((top + y) * 1500 + left) * 3;
      const row = whole.data.subarray(from, from + width * 3);
      const at = row.findIndex((v, i) => v !== data[y * width * 3 + i]);
      assert.equal(at, -1, `row ${y} of ${width}x${height}`);
    }
  }
});

Deno.test("remote scene: an object's pixels lie in its oriented box, and fill it from side to side", async () => {
  const scene = await remoteScene({ ...CONFIG, lengths: [20, 30] });
  const terrain = createTerrain(CONFIG.seed);
  assert.ok(scene.objects.length > 25);
  for (const { corners, box } of scene.objects) {
    const around: Box = {
      left: box.left - 3,
      top: box.top - 3,
      width: box.width + 6,
      height: box.height + 6,
    };
    const shown = scene.draw(around).data, bare = terrain.draw(around).data;
    const [a, b, , d] = corners; // along its width, then its height: 0 … 1
    const axes = [[b[0] - a[0], b[1] - a[1]], [d[0] - a[0], d[1] - a[1]]];
    const least = [1, 1], most = [0, 0], slack = axes.map(([x, y]) => 1.5 / Math.hypot(x, y));
    for (let at = 0; at < shown.length; at += 3) {
      const change = [0, 1, 2].reduce((sum, c) => sum + Math.abs(shown[at + c] - bare[at + c]), 0);
      if (change < 30) continue;
      const pixel = at / 3, x = around.left + pixel % around.width + 0.5 - a[0];
      const y = around.top + Math.floor(pixel / around.width) + 0.5 - a[1];
      axes.forEach(([u, v], i) => {
        const place = (x * u + y * v) / (u * u + v * v);
        least[i] = Math.min(least[i], place);
        most[i] = Math.max(most[i], place);
      });
    }
    for (const i of [0, 1]) {
      assert.ok(least[i] > -slack[i] && most[i] < 1 + slack[i], `${least} to ${most}`);
      assert.ok(least[i] < 2 * slack[i] && most[i] > 1 - 2 * slack[i], `${least} to ${most}`);
    }
  }
});

Deno.test("remote scene: objects are as long as asked, apart, where they belong, and fixed by the seed", async () => {
  const scene = await remoteScene(CONFIG), terrain = createTerrain(CONFIG.seed);
  for (const { corners: [a, b, c], category } of scene.objects) {
    const length = Math.max(
      Math.hypot(b[0] - a[0], b[1] - a[1]),
      Math.hypot(c[0] - b[0], c[1] - b[1]),
    );
    assert.ok(length > 7.99 && length < 30.01, `${length} px`);
    const isBoat = scene.categories[category] === "sailboat";
    const [x, y] = [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2];
    const near = [[0, 0], [1, 1], [-1, -1], [1, -1], [-1, 1]];
    assert.ok(
      near.some(([i, j]) =>
        isBoat ? terrain.isWater(x + i, y + j) : terrain.isGround(x + i, y + j)
      ),
    );
  }
  const overlaps = scene.objects.some((one, i) =>
    scene.objects.slice(i + 1).some(({ box }) =>
      box.left < one.box.left + one.box.width && one.box.left < box.left + box.width &&
      box.top < one.box.top + one.box.height && one.box.top < box.top + box.height
    )
  );
  assert.ok(!overlaps);
  assert.deepEqual((await remoteScene(CONFIG)).objects, scene.objects);
  assert.notDeepEqual((await remoteScene({ ...CONFIG, seed: 4 })).objects, scene.objects);
});

Deno.test("remote scene: labels in DOTA's format", async () => {
  const scene = await remoteScene(CONFIG), lines = dotaLabels(scene).trimEnd().split("\n");
  assert.deepEqual(lines.slice(0, 2), ["imagesource:generated", "gsd:null"]);
  assert.equal(lines.length, scene.objects.length + 2);
  lines.slice(2).forEach((line, i) => {
    const fields = line.split(" "), { corners, category } = scene.objects[i];
    assert.equal(fields.length, 10);
    corners.flat().forEach((n, at) => assert.ok(Math.abs(Number(fields[at]) - n) <= 0.051));
    assert.equal(fields[8], scene.categories[category].replaceAll(" ", "-"));
  });
});

Deno.test("remote scene: what cannot be drawn is refused", async () => {
  for (
    const change of [{ width: 0 }, { lengths: [30, 8] }, { density: 4000 }, { seed: 0.5 }, {
      turn: -1,
    }]
  ) {
    await assert.rejects(remoteScene({ ...CONFIG, ...change } as never), /Cannot make scene/);
  }
});
