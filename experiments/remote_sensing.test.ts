import assert from "node:assert/strict";
import { filesOf, readResults } from "detailclip";
import {
  type FoundRow,
  remoteSensingConfig,
  type RemoteSensingRun,
  runRemoteSensing,
} from "./remote_sensing.ts";
import { hitsOf, windowAround } from "./remote_sensing_rows.ts";

Deno.test("remote sensing: a row a cover and class, and what is found grows with the windows that fit", async () => {
  const runsDir = await Deno.makeTempDir();
  try {
    const config = remoteSensingConfig("smoke", {
      seed: 12,
      turn: 20,
      lengths: [14, 30],
      tile: 512,
    });
    const { rows, scene, hits } = await runRemoteSensing(config, { runsDir });
    const { rows: path } = filesOf("remote_sensing", config, { runsDir });
    assert.equal((await readResults<FoundRow>(path)).length, rows.length);
    const whole = rows.filter((row) => row.class === undefined);
    assert.deepEqual(whole.map(({ cover }) => cover), [
      "full tiles",
      ...["grid of 64 px", "cc down to 64 px", "grid of 128 px", "cc down to 128 px"],
      "verified from 14 px on",
    ]);
    for (const { cover, objects, found, patches, density } of whole) {
      assert.equal(objects, scene.objects.length);
      assert.ok(found >= 0 && found <= 1 && Math.abs(density - patches / 0.36) < 1e-9);
      const parts = rows.filter((row) => row.cover === cover && row.class !== undefined);
      const sum = parts.reduce((sum, row) => sum + row.objects * row.found, 0);
      assert.ok(Math.abs(sum / objects - found) < 1e-9);
      assert.equal(hits.get(cover)!.length, scene.categories.length);
    }
    assert.equal(whole[0].found, 0, "a whole tile answers for no object of 30 px");
    assert.ok(whole.at(-1)!.found > 0.3, `${whole.at(-1)!.found} found`);
  } finally {
    await Deno.remove(runsDir, { recursive: true });
  }
});

Deno.test("remote sensing: knobs out of range are refused by name", () => {
  for (
    const [knobs, message] of [
      [{ side: 100 }, /Cannot set side/],
      [{ turn: 181 }, /Cannot set turn/],
      [{ lengths: [2, 9] }, /Cannot set each of lengths/],
      [{ k: 1 }, /Cannot set k/],
      [{ windows: [4000] }, /Cannot set each of windows/],
      [{ seed: -1 }, /Cannot set seed/],
    ] as const
  ) {
    assert.throws(() => remoteSensingConfig("quick", knobs as never), message);
  }
});

Deno.test("remote sensing: the encoder's precision and device are settings beside it", () => {
  const own = remoteSensingConfig("quick");
  assert.deepEqual(remoteSensingConfig("quick", { encoder: "photo-clip" }), {
    ...own,
    encoder: "photo-clip",
  });
  const turned = remoteSensingConfig("quick", { encoder: { device: "webgpu", dtype: "fp16" } });
  assert.deepEqual(turned, { ...own, device: "webgpu", dtype: "fp16" });
});

Deno.test("remote sensing: a view holds as many hits as one can, and stays inside the scene", () => {
  const hit = (left: number, top: number) => ({
    box: { left, top, width: 20, height: 20 },
    score: 0,
  });
  const run = { scene: { width: 2000, height: 1500 } } as RemoteSensingRun;
  const near = [hit(1900, 1400), hit(1950, 1450), hit(1800, 1300)];
  assert.deepEqual(windowAround(run, [hit(5, 5), ...near]), {
    left: 1360,
    top: 860,
    width: 640,
    height: 640,
  });
  assert.deepEqual(windowAround(run, []), { left: 680, top: 430, width: 640, height: 640 });
});

Deno.test("remote sensing: a class that the scene does not have is refused with those it has", () => {
  const run = { scene: { categories: ["bus"], objects: [] }, hits: new Map([["a", [[]]]]) };
  assert.deepEqual(hitsOf(run as unknown as RemoteSensingRun, "bus"), []);
  assert.throws(
    () => hitsOf(run as unknown as RemoteSensingRun, "ship"),
    /Cannot show ship: the scene has bus/,
  );
});
