import assert from "node:assert/strict";
import { join } from "node:path";
import { remoteScene } from "../../lib/datasets/mod.ts";
import { withFolder } from "../../lib/features/testing.ts";
import { writeTiledTiff } from "../../lib/images/mod.ts";
import { ROOT } from "../project.ts";

const SIDE = 300;

/** Runs the task in a folder, with its own set of permissions. */
async function run(args: readonly string[], cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--frozen", "-P=extract", "--config"],
      ...[join(ROOT, "deno.json"), join(ROOT, "tools", "commands", "scene.ts"), ...args],
    ],
    cwd,
    env: { NO_COLOR: "1", DETAILCLIP_CACHE: join(cwd, "cache") },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

/** A scene of half a metre a pixel in UTM zone 31N. */
async function writeScene(path: string): Promise<void> {
  const scene = await remoteScene({ width: SIDE, height: SIDE, seed: 9, lengths: [20, 40] });
  const content = { width: SIDE, height: SIDE, bands: 3, bits: 8 } as const;
  const map = { epsg: 32631, origin: [500_000, 5_000_000], pixel: [0.5, 0.5] };
  await writeTiledTiff(
    path,
    { ...content, map } as never,
    (box) => Promise.resolve(scene.draw(box).data),
  );
}

Deno.test("scene tool: hits with boxes and degrees, as GeoJSON too; a second run encodes nothing", () =>
  withFolder(async (folder) => {
    await writeScene(join(folder, "scene.tif"));
    const args = ["scene.tif", "locomotive", "taxi", "--objects", "20,60", "--count", "3"];
    const { code, out, err } = await run(
      [...args, "--tile", "128", "--out", "hits.geojson"],
      folder,
    );
    assert.equal(code, 0, err);
    assert.match(
      out,
      /^locomotive\n {2}1\. -?0\.\d+ {2}\d+x\d+ px at \d+, \d+ {2}\(longitude, latitude 3\.0\d+, 45\.\d+\)/,
    );
    assert.match(out, /300x300 px: \d+ patches, \d+ a megapixel/);
    const { features } = JSON.parse(await Deno.readTextFile(join(folder, "hits.geojson")));
    assert.equal(
      features.filter((one: { properties: { query: string } }) => one.properties.query === "taxi")
        .length,
      3,
    );
    const [[x, y]] = features[0].geometry.coordinates[0];
    assert.ok(x > 2.99 && x < 3.01 && y > 45.1 && y < 45.2, `${x}, ${y}`);
    assert.match(err, /note: tiny-clip knows drawn objects only/);
    const again = await run([...args, "--tile", "128"], folder);
    assert.match(again.err, /tiles, cached/);
  }));

Deno.test("scene tool: what cannot be meant is refused before any work, and a scene that cannot be read is an error", () =>
  withFolder(async (folder) => {
    const path = join(folder, "scene.tif");
    await writeScene(path);
    const before = await Deno.readFile(path);
    for (
      const [args, code, message] of [
        [
          ["scene.tif", "taxi", "--out", "scene.tif"],
          2,
          /Cannot read --out: expected FILE\.geojson/,
        ],
        [["scene.tif", "taxi", "--objects", "60,20"], 2, /the shortest comes first/],
        [["scene.tif"], 2, /name a file and the words/],
        [["scene.tif", "taxi", "--bands", "1,2"], 2, /expected 3 positive integers/],
        [
          ["scene.tif", "taxi", "--objects", "8,400"],
          1,
          /objects of 400 px do not fit into its 300 px/,
        ],
        [["none.tif", "taxi"], 1, /none\.tif": unreadable file/],
      ] as const
    ) {
      const ended = await run(args, folder);
      assert.match(ended.err, message);
      assert.equal(ended.code, code);
    }
    assert.deepEqual(await Deno.readFile(path), before);
    await Deno.writeFile(path, before.map((byte, i) => i > 20 && i < 20_000 ? byte ^ 85 : byte));
    const damaged = await run(["scene.tif", "taxi", "--objects", "20,60"], folder);
    assert.equal(damaged.code, 1);
    assert.match(damaged.err, /Cannot search scene\.tif: .*truncated or corrupt/);
  }));
