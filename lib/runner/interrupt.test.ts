import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const ENCODER = fileURLToPath(new URL("../encoders/testdata/random-clip", import.meta.url));

/** Operations far longer than the test, none of which is handed a signal. */
const OPERATIONS: Record<string, string> = {
  generateClevrDs: `lib.generateClevrDs(folder, { seed: 1, images: 999_999, size: 160 })`,
  classPrompts: `lib.classPrompts(encoder, Array.from({ length: 20_000 }, (_, i) => "thing " + i))`,
  encodeTexts: `encoder.encodeTexts(Array.from({ length: 50_000 }, (_, i) => "thing " + i))`,
  scoreStream: `lib.scoreStream(endless(), [lib.createMaxScorer(new Float32Array(8), { dim: 8 })])`,
};

/** Interrupts every operation once it runs; the script reports the name of what each threw. */
const SCRIPT = `
  const folder = await Deno.makeTempDir();
  const encoder = await lib.loadEncoder(${JSON.stringify(ENCODER)});
  function* endless() { for (;;) yield { features: new Float32Array(80) }; }
  const operations = {${
  Object.entries(OPERATIONS).map(([name, call]) => `${name}: () => ${call}`).join(",")
}};
  for (const [name, start] of Object.entries(operations)) {
    using _interrupts = lib.interruptible();
    const running = start();
    setTimeout(() => console.log("ready"), 50);
    console.error(name, await running.then(() => "finished", (error) => error.name));
  }
  await Deno.remove(folder, { recursive: true });`;

Deno.test("long operations stop at an interrupt though nobody handed them a signal", async () => {
  const library = new URL("../mod.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--no-check",
      `--config=${CONFIG}`,
      `import * as lib from ${JSON.stringify(library)};\n${SCRIPT}`,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  for await (const _ready of child.stdout) child.kill("SIGINT");
  const seen = (await errors).trim().split("\n");
  assert.deepEqual(seen, Object.keys(OPERATIONS).map((name) => `${name} InterruptError`));
  assert.equal((await child.status).code, 0);
});
