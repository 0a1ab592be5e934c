import assert from "node:assert/strict";
import { join } from "node:path";
import { InterruptError } from "../../lib/runtime/interrupt.ts";
import { ROOT } from "../project.ts";
import { readEncoder, readOptions, statusOf, UsageError } from "./arguments.ts";

/** The arguments of Deno that run the programs of the tasks, by task. */
const PROGRAMS = Object.fromEntries(
  Object.entries<{ command: string }>(
    JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))).tasks,
  ).map(([task, { command }]) => [task, command.split("&& ").at(-1)!.split(" ").slice(1)]),
);

/** Calls a task; one that goes to work instead of ending is ended. */
async function call(task: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...PROGRAMS[task], ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

for (const task of Object.keys(PROGRAMS)) {
  Deno.test(`${task} explains itself with --help`, async () => {
    const { code, out, err } = await call(task, "--help");
    assert.equal(code, 0, err);
    assert.ok(out.startsWith(`Usage: deno task ${task}`), out);
  });
}

Deno.test("a task that is called wrongly ends with 2 and its usage", async () => {
  const calls = {
    ok: ["--quick"],
    ci: ["some"],
    notebooks: ["no-such-notebook"],
    lab: ["--port", "x"],
    generate: ["--images", "x", "--out", "none"],
    engine: ["--cudda"],
    demo: ["--scale", "huge"],
  };
  for (const [task, args] of Object.entries(calls)) {
    const { code, err } = await call(task, ...args);
    assert.equal(code, 2, `${task}: ${err}`);
    assert.match(err, new RegExp(`^error: Cannot [^]*^Usage: deno task ${task}`, "m"));
  }
});

Deno.test("the status tells a wrong call, Ctrl-C and other errors apart", () => {
  const errors = [new UsageError("call"), new InterruptError(), new Error("other"), "text"];
  assert.deepEqual(errors.map(statusOf), [2, 130, 1, 1]);
});

Deno.test("an unknown option names the nearest one, and --help where there is no other", () => {
  const read = (...args: string[]) => () => readOptions({ args, options: {} });
  assert.throws(read("--fast"), /Unknown option '--fast' \(there are: --help\)/);
  assert.throws(read("--halp"), /did you mean --help\?/);
});

Deno.test("readEncoder: who looks, as far as the command line says; a folder that is there by its whole path", () => {
  assert.deepEqual(readEncoder({}), {});
  const all = { encoder: "Xenova/clip-vit-base-patch32", dtype: "q8", device: "webgpu" };
  assert.deepEqual(readEncoder(all), { id: all.encoder, dtype: "q8", device: "webgpu" });
  assert.deepEqual(readEncoder({ encoder: "." }), { id: Deno.cwd() });
  assert.throws(() => readEncoder({ dtype: "q4" }), /--dtype: expected fp32, fp16, q8, got q4/);
  assert.throws(
    () => readEncoder({ device: "gpu" }),
    /--device: expected auto, cpu, webgpu, .*got gpu/,
  );
});
