import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { filesOf, RESULTS_DIR } from "detailclip";
import { KEEP_VARIABLE } from "detailclip/report";
import { ownData } from "../../lib/runner/testing.ts";
import { readArguments, remarksOn } from "./demonstrate.ts";
import { captureDeno } from "../project.ts";

const demo = fileURLToPath(new URL("./demo.ts", import.meta.url));

Deno.test("the demo's command line becomes a configuration", () => {
  const { config: plain, keep } = readArguments([]);
  assert.deepEqual([plain.name, plain.scale, plain.seed], ["main_result", "quick", 7]);
  assert.equal(keep, false);
  const methods = (args: string[]) =>
    readArguments(args).config.fusion!.map(({ method }) => method);
  const [published] = methods(["--published"]);
  assert.equal(published, "DetailCLIP, as published");
  assert.deepEqual(methods([]), methods(["--published"]).slice(1));
  assert.deepEqual(methods(["--keep"]), methods(["--published"]));
  const { config: own } = readArguments(["--annotations", "a.json", "--images", "dir"]);
  const limited = readArguments(["--annotations", "a.json", "--images", "dir", "--limit", "3"]);
  assert.equal(own.name, "main_result");
  assert.deepEqual(limited.config.dataset, {
    source: "coco",
    annotations: resolve("a.json"),
    root: resolve("dir"),
    limit: 3,
  });
  const voc = fileURLToPath(new URL("../../lib/datasets/readers/testdata/voc", import.meta.url));
  const { config: named } = readArguments(["--dataset", `voc:${voc}`, "--limit", "1"]);
  const place = { annotations: voc, root: voc };
  assert.deepEqual(named.dataset, {
    ...{ source: "voc", ...place, part: "test", limit: 1 },
    ...{ train: { ...place, part: "train" }, val: { ...place, part: "val" } },
  });
  assert.deepEqual(named.fusion, plain.fusion); // there are images to learn from
  const { config: untaught } = readArguments(["--dataset", voc.replace(/voc$/, "solo")]);
  assert.deepEqual(untaught.fusion!.map(({ method }) => method), ["closed form"]);
  assert.throws(
    () => readArguments(["--published", "--dataset", voc.replace(/voc$/, "solo")]),
    /--published needs images to train on, which .*solo lacks; half:/,
  );
  const { config: small } = readArguments(["--dataset", "clevr-ds-S:90"]);
  assert.deepEqual(small.dataset, { ...plain.dataset, variant: "S", images: 90 });
  const { config: { encoder, seed } } = readArguments(["--encoder", "./clip", "--seed", "0"]);
  assert.deepEqual([encoder.id, encoder.dtype, seed], ["./clip", "fp32", 0]);
  const { config } = readArguments(["--encoder", "a/b", "--dtype", "q8", "--device", "webgpu"]);
  assert.deepEqual(config.encoder, { id: "a/b", dtype: "q8", device: "webgpu" });
});

Deno.test("the demo's remarks are of what its table shows, on any data set", () => {
  const remarks = (...args: string[]) =>
    remarksOn(readArguments(args).config).map((line) => line.split(/[ ,:]/, 3).join(" "));
  const ours = ["The paper's column", "DetailCLIP  as"], smoke = "Scale smoke only";
  assert.deepEqual(remarks(), ours);
  assert.deepEqual(remarks("--published"), ours.slice(0, 1));
  assert.deepEqual(remarks("--dataset", "retail"), ours.slice(1));
  assert.deepEqual(remarks("--dataset", "retail", "--scale", "smoke"), [smoke]);
  assert.deepEqual(remarks("--annotations", "a", "--images", "b"), ["No DetailCLIP "]);
});

Deno.test("the demo keeps the committed configuration only", () => {
  const { config, keep } = readArguments(["--keep"]);
  const options = { keep, runsDir: "runs", resultsDir: "results" };
  assert.equal(filesOf(config.name, config, options).folder, "results");
  const changes = [["--seed", "8"], ["--encoder", "b"], ["--dtype", "q8"], ["--device", "webgpu"], [
    "--annotations",
    "a",
    "--images",
    "b",
  ]];
  const folders = changes.map((change) => {
    assert.throws(() => readArguments([...change, "--keep"]), /--keep is for the committed/);
    const { config } = readArguments(change);
    return filesOf(config.name, config, { ...options, keep: true }).folder;
  });
  assert.equal(new Set(folders).size, changes.length);
  assert.ok(folders.every((folder) => folder.startsWith("runs")));
});

for (
  const [args, message] of [
    [["--scale", "huge"], /--scale: expected smoke, quick, full, paper, got huge/],
    [["--seed", "1.5"], /--seed must be a whole number from 0 on, got "1.5"/],
    [["--seed", ""], /--seed must be a whole number from 0 on, got ""/],
    [["--annotations", "a.json"], /--annotations and --images go together/],
    [["--images", "dir"], /--annotations and --images go together/],
    [
      ["--published", "--annotations", "a", "--images", "b"],
      /--published needs images to train on/,
    ],
    [["--limit", "5"], /--limit is for --dataset, or --annotations and --images/],
    [["--dataset", "a", "--annotations", "a", "--images", "b"], /name two data sets/],
    [["--dataset", "/nowhere/at/all"], /Cannot find data set \/nowhere\/at\/all: there is nothing/],
    [["--annotations", "a", "--images", "b", "--limit", "0"], /--limit must be .* from 1 on/],
    [["--colour"], /Unknown option '--colour' \(there are: --scale, --seed, /],
    [["--encodr", "x"], /Unknown option '--encodr'; did you mean --encoder\?/],
    [["--image=x"], /Unknown option '--image'; did you mean --images\?/],
    [["--scael", "smoke"], /did you mean --scale\?/],
    [["--seed", "1e3"], /--seed must be a whole number from 0 on, got "1e3"/],
    [["extra"], /Unexpected argument 'extra'/],
  ] as [string[], RegExp][]
) {
  Deno.test(`the demo refuses ${args.join(" ")}`, () => {
    assert.throws(() => readArguments(args), message);
  });
}

Deno.test("called wrongly the demo shows its usage and exits with 2; a failure exits with 1", async () => {
  const wrong = await captureDeno(["run", "-A", "--no-check", demo, "--limit", "5"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.output, /--limit is for [^]*Usage: deno task demo/);
  const absent = ["--annotations", "absent.json", "--images", "."];
  const failed = await captureDeno(["run", "-A", "--no-check", demo, ...absent]);
  assert.equal(failed.code, 1);
  assert.match(failed.output, /Cannot run main_result: there is no file .*absent\.json/);
  assert.doesNotMatch(failed.output, /Usage/);
});

Deno.test("the demo refuses a folder of runs or caches that is a file before any work", async () => {
  const file = await Deno.makeTempFile();
  try {
    for (const variable of ["DETAILCLIP_RUNS", "DETAILCLIP_CACHE"]) {
      const args = ["run", "-A", "--no-check", demo, "--scale", "smoke"];
      const { code, output } = await captureDeno(args, { env: { [variable]: file } });
      assert.equal(code, 1);
      assert.match(
        output,
        new RegExp(`^error: Cannot use the folder .* of ${variable}: .* is no folder`),
      );
    }
  } finally {
    await Deno.remove(file);
  }
});

/** The demo's options for data of one's own. */
async function ownOptions(folder: string): Promise<string[]> {
  const { annotations, root } = await ownData(folder, ["boat", "car"]);
  return ["--annotations", annotations, "--images", root];
}

/** Every file of the committed results, with the time of its last change. */
const committed = () =>
  [...Deno.readDirSync(RESULTS_DIR)].flatMap(({ name, isDirectory }) => {
    const path = join(RESULTS_DIR, name);
    const files = isDirectory ? [...Deno.readDirSync(path)].map((f) => join(path, f.name)) : [path];
    return files.map((file) => [file, Deno.statSync(file).mtime?.getTime()]);
  });

Deno.test("a demo on own data says where it wrote, and leaves what is committed alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const own = await ownOptions(folder), before = committed();
    await Deno.writeTextFile(join(folder, "3.jpg"), "not a photo");
    const runs = join(folder, "runs"), cache = join(folder, "cache");
    const env = { DETAILCLIP_RUNS: runs, DETAILCLIP_CACHE: cache, [KEEP_VARIABLE]: "1" };
    const args = ["run", "-A", "--no-check", demo, "--scale", "smoke", ...own];
    const { code, output } = await captureDeno(args, { env });
    assert.equal(code, 0, output);
    const told = [...output.matchAll(/^(?:rows|figure) +(\S+)$/gm)].map(([, path]) => path);
    assert.equal(told.length, 3, output);
    assert.match(output, /1 of 4 images could not be encoded[^]*3\.jpg: \S/);
    for (const path of told) {
      assert.ok(path.startsWith(join(runs, "main_result", "own", "smoke-")), path);
      assert.ok(Deno.statSync(path).size > 0);
    }
    assert.deepEqual(committed(), before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the demo refuses an empty folder of images, and says what it looked for", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const annotations = join(folder, "own.json"), images = join(folder, "images");
    await Deno.mkdir(images);
    await Deno.writeTextFile(annotations, '{"images": [], "categories": [], "annotations": []}');
    const args = ["--annotations", annotations, "--images", images, "--encoder", "nobody/nothing"];
    const { code, output } = await captureDeno(["run", "-A", "--no-check", demo, ...args]);
    assert.equal(code, 1);
    assert.match(
      output,
      /images is empty: it holds no image \(\.jpg, .*\.avif\); .*nobody\/nothing/s,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
