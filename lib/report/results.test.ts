import assert from "node:assert/strict";
import { join } from "node:path";
import { commandLine, peakMemoryMiB, versions } from "./provenance.ts";
import { readResults, type ResultRow } from "./results.ts";

const row: ResultRow = {
  method: "full image",
  metric: "recall@1",
  value: 0.25,
  low: 0.2,
  high: 0.3,
  subset: "all",
  cover: "full",
  vectors: 1,
  images: 10,
  classes: 3,
};

Deno.test("a broken line is named by file and number", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "broken.jsonl");
    await Deno.writeTextFile(path, `${JSON.stringify(row)}\n{"method": \n`);
    await assert.rejects(readResults(path), /Cannot read results: .*broken\.jsonl:2 is not JSON/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("versions name the runtime and every pinned dependency", async () => {
  const all = versions();
  assert.equal(all.deno, Deno.version.deno);
  const imports = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  ).imports;
  for (const [name, target] of Object.entries<string>(imports)) {
    if (target.startsWith("npm:")) assert.ok(target.endsWith(`@${all[name]}`), name);
  }
});

Deno.test("peak memory covers an allocation that has been made", () => {
  const block = new Uint8Array(64 * 2 ** 20).fill(1);
  assert.ok(peakMemoryMiB() >= 64);
  assert.equal(block[block.length - 1], 1);
});

Deno.test("the command is what started the process, and made up by nobody", () => {
  const root = new URL("../../", import.meta.url).href;
  const before = Deno.env.get("DETAILCLIP_COMMAND");
  try {
    Deno.env.delete("DETAILCLIP_COMMAND");
    assert.equal(commandLine(`${root}$deno$eval.mts`, []), "unknown");
    const args = ["--k", "5"];
    assert.equal(
      commandLine(`${root}tools/commands/demo.ts`, args),
      "deno run tools/commands/demo.ts --k 5",
    );
    assert.equal(commandLine("file:///elsewhere/own.ts", []), "deno run file:///elsewhere/own.ts");
    Deno.env.set("DETAILCLIP_COMMAND", "deno task notebooks 02_retrieval");
    assert.equal(commandLine(), "deno task notebooks 02_retrieval");
  } finally {
    if (before === undefined) Deno.env.delete("DETAILCLIP_COMMAND");
    else Deno.env.set("DETAILCLIP_COMMAND", before);
  }
});
