import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readArguments } from "./demo.ts";
import { captureDeno } from "../project.ts";

Deno.test("the demo's command line becomes a configuration", () => {
  const plain = readArguments([]);
  assert.deepEqual([plain.name, plain.scale, plain.seed], ["main_result", "quick", 7]);
  const own = readArguments(["--annotations", "a.json", "--images", "dir", "--limit", "3"]);
  assert.equal(own.name, "main_result_coco"); // rows of its own
  assert.deepEqual(own.dataset, {
    source: "coco",
    annotations: "a.json",
    root: "dir",
    limit: 3,
  });
  const { encoder, seed } = readArguments(["--encoder", "./clip", "--seed", "0"]);
  assert.deepEqual([encoder.id, encoder.dtype, seed], ["./clip", "fp32", 0]);
});

for (
  const [args, message] of [
    [["--scale", "huge"], /scale must be one of smoke, quick, paper, got huge/],
    [["--seed", "1.5"], /--seed must be a whole number from 0 on, got "1.5"/],
    [["--seed", ""], /--seed must be a whole number from 0 on, got ""/],
    [["--annotations", "a.json"], /--annotations and --images go together/],
    [["--images", "dir"], /--annotations and --images go together/],
    [["--limit", "5"], /--limit is for --annotations and --images/],
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
  const demo = fileURLToPath(new URL("./demo.ts", import.meta.url));
  const wrong = await captureDeno(["run", "-A", "--no-check", demo, "--limit", "5"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.output, /--limit is for [^]*Usage: deno task demo/);
  const absent = ["--annotations", "absent.json", "--images", "."];
  const failed = await captureDeno(["run", "-A", "--no-check", demo, ...absent]);
  assert.equal(failed.code, 1);
  assert.match(failed.output, /Cannot run main_result_coco: there is no file .*absent\.json/);
  assert.doesNotMatch(failed.output, /Usage/);
});

Deno.test("the demo refuses an empty folder of images, and says what it looked for", async () => {
  const demo = fileURLToPath(new URL("./demo.ts", import.meta.url));
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
