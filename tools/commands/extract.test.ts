import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withFolder, writeImages } from "../../lib/features/testing.ts";
import { parseShard } from "./extract.ts";

const TOOL = fileURLToPath(new URL("./extract.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const ENCODER = fileURLToPath(new URL("../../lib/encoders/testdata/random-clip", import.meta.url));

function start(
  args: string[],
  env?: Record<string, string>,
  cwd?: string,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    cwd,
    args: ["run", "-A", `--config=${CONFIG}`, TOOL, "--encoder", ENCODER, ...args],
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...env },
  }).spawn();
}

async function run(args: string[], env?: Record<string, string>, cwd?: string) {
  const { code, stdout, stderr } = await start(args, env, cwd).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("extract tool: shards together are the whole; bad images are listed, exit status 0", () =>
  withFolder(async (folder) => {
    const images = join(folder, "images"), cache = join(folder, "cache");
    await writeImages(images, 5);
    await Deno.writeTextFile(join(images, "letter.png"), "not an image");
    const args = ["--dataset", images, "--cache", cache, "--cover", "cc@2"];
    const shards = await Promise.all(["0/2", "1/2"].map((i) => run([...args, "--shard", i])));
    for (const { code, stdout, stderr } of shards) {
      assert.equal(code, 0, stderr);
      assert.match(stdout, /\/2: 3 images in = [23] cached \+ [01] in the ledger/);
    }
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /: 6 images in = 5 cached \+ 1 in the ledger/);
    assert.match(stdout, /25 patches in .*cc@2-random-clip-fp32-.*; 0 images encoded in this run/);
    assert.match(stdout, /not encoded: .*letter\.png: Cannot decode .*not an image/);
    assert.match(stderr, /images: 6 images$/m);
  }));

Deno.test("extract tool: listed images that do not exist are in the ledger", () =>
  withFolder(async (folder) => {
    await writeImages(folder, 2);
    const images = ["image-0000.png", "gone.png", "image-0001.png"]
      .map((file_name, id) => ({ id, file_name }));
    const dataset = join(folder, "own.json");
    await Deno.writeTextFile(dataset, JSON.stringify({ images, categories: [], annotations: [] }));
    const args = ["--dataset", dataset, "--cache", join(folder, "cache"), "--cover", "full"];
    for (const encoded of [2, 0]) {
      const { code, stdout, stderr } = await run(args);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /own: 3 images in = 2 cached \+ 1 in the ledger/);
      assert.match(stdout, /not encoded: gone\.png: Cannot decode .*unreadable file/);
      assert.ok(stdout.includes(`${encoded} images encoded in this run`), stdout);
    }
    const absent = await run(["--dataset", join(folder, "absent")]);
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /Cannot find data set .*absent/);
  }));

Deno.test("extract tool: exit status 1 when it cannot work, 2 when it is called wrongly", () =>
  withFolder(async (folder) => {
    await writeImages(join(folder, "images"), 1);
    const dataset = ["--dataset", join(folder, "images")];
    await Deno.writeTextFile(join(folder, "file"), "");
    const failed = await run([...dataset, "--cache", join(folder, "file", "cache")]);
    assert.equal(failed.code, 1, failed.stderr);
    for (
      const [args, message] of [
        [[], /--dataset is missing/],
        [[...dataset, "--cover", "cc10"], /Cannot read cover name "cc10"/],
        [[...dataset, "--method", "fast"], /--method: expected exact, pyramid, got fast/],
        [[...dataset, "--colour"], /Unknown option '--colour' \(there are: --dataset, --images, /],
        [[...dataset, "--encodr", "x"], /Unknown option '--encodr'; did you mean --encoder\?/],
        [["--datset", "x"], /did you mean --dataset\?/],
      ] as const
    ) {
      const { code, stderr } = await run([...args]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  }));

Deno.test("extract tool: a folder without images, or with broken ones alone, is an error that says so", () =>
  withFolder(async (folder) => {
    const images = join(folder, "images"), cache = ["--cache", join(folder, "cache")];
    await Deno.mkdir(images);
    const empty = await run(["--dataset", images, ...cache]);
    assert.equal(empty.code, 1);
    assert.match(
      empty.stderr,
      /Cannot find data set .*images: it holds neither annotations \(of coco, .*\) nor images/,
    );
    for (const name of ["a.jpg", "b.png"]) await Deno.writeTextFile(join(images, name), "no image");
    const broken = await run(["--dataset", images, ...cache, "--cover", "full"]);
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /not encoded: a\.jpg/);
    assert.match(
      broken.stderr,
      /Cannot extract features of images: none of its 2 images can be read; /,
    );
  }));

Deno.test("extract tool: features go to the cache of DETAILCLIP_CACHE, where runs look for them", () =>
  withFolder(async (folder) => {
    await writeImages(join(folder, "images"), 1);
    const args = ["--dataset", join(folder, "images"), "--cover", "full"];
    const env = { DETAILCLIP_CACHE: join(folder, "of the variable") };
    const { code, stdout, stderr } = await run(args, env);
    assert.equal(code, 0, stderr);
    const place = join(env.DETAILCLIP_CACHE, "features", "full-random-clip");
    assert.ok(stdout.includes(`1 patches in ${place}`), stdout);
    const other = await run([...args, "--cache", join(folder, "own")], env);
    assert.ok(other.stdout.includes(`in ${join(folder, "own", "full-")}`), other.stdout);
  }));

Deno.test("extract tool: a name says the format, a bare folder is recognised, and a line says as what", () =>
  withFolder(async (folder) => {
    const dota = fileURLToPath(
      new URL("../../lib/datasets/readers/testdata/dota", import.meta.url),
    );
    const args = ["--cache", join(folder, "cache"), "--cover", "objects"];
    for (const name of [`dota:${dota}`, dota]) {
      const { code, stdout, stderr } = await run(["--dataset", name, ...args]);
      assert.equal(code, 0, stderr);
      assert.match(
        stderr,
        /^note: data set in dota format: .*dota; val is searched; learned from: /m,
      );
      assert.match(stderr, /dota-val: 1 images, 2 objects; .*marked ignored or difficult/);
      assert.match(stdout, /dota-val: 1 images in = 1 cached .*\n3 patches in /);
    }
    const visdrone = dota.replace(/dota$/, "visdrone");
    const generated = ["--dataset", "clevr-ds-reduced:10", "--split", "val", "--seed", "3"];
    const cache = { DETAILCLIP_CACHE: join(folder, "generated") };
    const drawn = await run([...generated, ...args], cache);
    assert.equal(drawn.code, 0, drawn.stderr);
    assert.match(drawn.stdout, /clevr-ds-reduced-.*-seed3-val: 1 images in = 1 cached/);
    for (
      const [call, why] of [
        [
          ["--dataset", `dota:${visdrone}`],
          /0 objects; .*; \d+ annotations left out: not written as the format says/,
        ],
        [["--dataset", "dotta:x"], /there is no format dotta; did you mean dota\?/],
        [["--dataset", dota, "--split", "test"], /--split: expected train, val, got test/],
        [["--dataset", dota, "--seed", "x"], /--seed: expected a whole number/],
      ] as const
    ) assert.match((await run([...call, ...args])).stderr, why);
  }));

Deno.test("extract tool: relative paths, of variables too, mean the folder in which the task was called", () =>
  withFolder(async (folder) => {
    await writeImages(join(folder, "images"), 1);
    const root = fileURLToPath(new URL("../..", import.meta.url)); // where Deno runs a task
    const call = (args: string[], env: Record<string, string>) =>
      run(["--dataset", "images", "--cover", "full", ...args], { INIT_CWD: folder, ...env }, root);
    for (
      const [args, env, place] of [
        [["--cache", "own"], {}, "own"],
        [[], { DETAILCLIP_CACHE: "of/the variable" }, "of/the variable/features"],
      ] as [string[], Record<string, string>, string][]
    ) {
      const { code, stderr } = await call(args, env);
      assert.equal(code, 0, stderr);
      const made = [...Deno.readDirSync(join(folder, place))].map(({ name }) => name);
      assert.ok(made.some((name) => name.startsWith("full-random-clip")), made.join());
    }
  }));

Deno.test("extract tool: covers by objects are refused where there are no annotations", () =>
  withFolder(async (folder) => {
    await writeImages(join(folder, "images"), 1);
    const { code, stderr } = await run([
      ...["--dataset", join(folder, "images"), "--cache", join(folder, "cache")],
      ...["--cover", "objects"],
    ]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /Cannot use --cover objects: .*images is a folder, without annotations/);
    await assert.rejects(Deno.stat(join(folder, "cache")), Deno.errors.NotFound);
  }));

Deno.test("extract tool: a missing data set and a missing encoder are told together", async () => {
  const { code, stderr } = await run(["--dataset", "absent", "--encoder", "nobody/nothing"]);
  assert.equal(code, 1);
  assert.match(stderr, /Cannot find data set absent: .*\nCannot load encoder "nobody\/nothing"/);
});

Deno.test("extract tool: the embedded encoder says that it does not know photographs", () =>
  withFolder(async (folder) => {
    await writeImages(join(folder, "images"), 1);
    const args = ["--dataset", join(folder, "images"), "--cache", join(folder, "cache")];
    const { code, stderr } = await run([...args, "--cover", "full", "--encoder", "tiny-clip"]);
    assert.equal(code, 0, stderr);
    assert.equal(
      stderr.match(/^note: tiny-clip knows drawn objects only .*$/gm)?.length,
      1,
      stderr,
    );
  }));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`extract tool: ${signal} stops it with status 130, and the next run goes on`, () =>
    withFolder(async (folder) => {
      const images = join(folder, "images"), cache = join(folder, "cache");
      await writeImages(images, 60);
      const args = ["--dataset", images, "--cache", cache, "--cover", "cc@10"];
      const child = start(args);
      const output = child.output();
      while (!(await Deno.stat(cache).catch(() => null))) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      child.kill(signal);
      const { code, stderr } = await output;
      assert.equal(code, 130, new TextDecoder().decode(stderr));
      const next = await run(args);
      assert.equal(next.code, 0, next.stderr);
      assert.match(next.stdout, /60 images in = 60 cached \+ 0 in the ledger/);
    }));
}

Deno.test("parseShard: i/n with i below n", () => {
  assert.deepEqual(parseShard("3/16"), { index: 3, count: 16 });
  for (const text of ["4/4", "1", "-1/2", "1/x", "1/0"]) assert.throws(() => parseShard(text));
});
