import assert from "node:assert/strict";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { filesOf } from "detailclip";
import { readArguments } from "./demo.ts";
import { captureDeno } from "../project.ts";

Deno.test("the demo's command line becomes a configuration", () => {
  const { config: plain, keep } = readArguments([]);
  assert.deepEqual([plain.name, plain.scale, plain.seed], ["main_result", "quick", 7]);
  assert.equal(keep, false);
  const { config: own } = readArguments(["--annotations", "a.json", "--images", "dir"]);
  const limited = readArguments(["--annotations", "a.json", "--images", "dir", "--limit", "3"]);
  assert.equal(own.name, "main_result");
  assert.deepEqual(limited.config.dataset, {
    source: "coco",
    annotations: resolve("a.json"),
    root: resolve("dir"),
    limit: 3,
  });
  const { config: { encoder, seed } } = readArguments(["--encoder", "./clip", "--seed", "0"]);
  assert.deepEqual([encoder.id, encoder.dtype, seed], ["./clip", "fp32", 0]);
});

Deno.test("the demo keeps the committed configuration only", () => {
  const { config, keep } = readArguments(["--keep"]);
  const options = { keep, runsDir: "runs", resultsDir: "results" };
  assert.equal(filesOf(config.name, config, options).folder, "results");
  const changes = [["--seed", "8"], ["--encoder", "b"], ["--annotations", "a", "--images", "b"]];
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
    [["--scale", "huge"], /scale must be one of smoke, quick, paper, got huge/],
    [["--seed", "1.5"], /--seed must be a whole number from 0 on, got "1.5"/],
    [["--seed", ""], /--seed must be a whole number from 0 on, got ""/],
    [["--annotations", "a.json"], /--annotations and --images go together/],
    [["--images", "dir"], /--annotations and --images go together/],
    [["--limit", "5"], /--limit is for --annotations and --images/],
    [["--annotations", "a", "--images", "b", "--limit", "0"], /--limit must be .* from 1 on/],
    [["--colour"], /Unknown option '--colour'/],
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
  assert.match(failed.output, /Cannot load data set \S*absent\.json/);
  assert.doesNotMatch(failed.output, /Usage/);
});
