import assert from "node:assert/strict";
import { checkpoint, inNotebook, withInterrupt } from "./interrupt.ts";

/**
 * Runs a script with this library as `lib` in a process of its own (the test runner itself ends at
 * SIGINT) and interrupts it each time it prints, up to `times` times.
 */
async function interruptScript(
  source: string,
  times: number,
  signal: Deno.Signal = "SIGINT",
): Promise<Deno.CommandOutput> {
  const library = new URL("./interrupt.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", `import * as lib from ${JSON.stringify(library)};\n${source}`],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [forReading, forResult] = child.stdout.tee();
  let heard = 0;
  for await (const _line of forReading.pipeThrough(new TextDecoderStream())) {
    if (heard++ < times) child.kill(signal); // the script prints whenever it is ready for one
  }
  const stdout = new Uint8Array(await new Response(forResult).arrayBuffer());
  const stderr = new Uint8Array(await new Response(child.stderr).arrayBuffer());
  return { ...await child.status, stdout, stderr };
}

Deno.test("outside a kernel the library does not listen", async () => {
  assert.equal(inNotebook(), false);
  const result = await interruptScript(
    `console.log("ready"); await new Promise((r) => setTimeout(r, 20_000));`,
    1,
  );
  assert.equal(result.signal, "SIGINT", "without interruptible() SIGINT ends the process as usual");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} aborts what a tool does, and what it would go on with, until it listens anew`, async () => {
    const result = await interruptScript(
      `{
         using _ = lib.interruptible();
         const first = lib.operationSignal();
         console.log("ready");
         await new Promise((resolve) => first.addEventListener("abort", resolve));
         console.error(first.reason instanceof lib.InterruptError, lib.operationSignal().aborted);
       }
       console.error(lib.operationSignal().aborted);`,
      1,
      signal,
    );
    assert.equal(result.code, 0);
    assert.equal(new TextDecoder().decode(result.stderr), "true true\nfalse\n");
  });
}

Deno.test("two signals at once are one: a terminal and deno task both pass Ctrl-C on", async () => {
  const result = await interruptScript(
    `using _ = lib.interruptible();
     lib.operationSignal().addEventListener("abort", () => console.log("again"));
     console.log("ready");
     await new Promise((resolve) => setTimeout(resolve, 500));
     console.error("cleaned up");`,
    2,
  );
  assert.equal(result.code, 0);
  assert.equal(new TextDecoder().decode(result.stderr), "cleaned up\n");
});

Deno.test("withInterrupt ends an operation that does not listen", async () => {
  const result = await interruptScript(
    `using _ = lib.interruptible();
     console.log("ready");
     const endless = () => new Promise((resolve) => setTimeout(resolve, 20_000));
     await lib.withInterrupt(endless).catch((error) => { console.error(error.name); Deno.exit(3); });`,
    1,
  );
  assert.equal(result.code, 3);
  assert.equal(new TextDecoder().decode(result.stderr), "InterruptError\n");
});

Deno.test("a disposed listener leaves SIGINT to the runtime again", async () => {
  const result = await interruptScript(
    `{ using _ = lib.interruptible(); }
     console.log("ready");
     await new Promise((resolve) => setTimeout(resolve, 20_000));`,
    1,
  );
  assert.equal(result.signal, "SIGINT");
});

Deno.test("withInterrupt returns the result, passes errors on and honours the caller's signal", async () => {
  assert.equal(await withInterrupt(() => 7), 7);
  await assert.rejects(withInterrupt(() => Promise.reject(new RangeError("no"))), RangeError);
  const mine = new AbortController();
  const waiting = withInterrupt(() => new Promise<never>(() => {}), { signal: mine.signal });
  mine.abort(new Error("mine"));
  await assert.rejects(waiting, /mine/);
  await assert.rejects(withInterrupt(() => 1, { signal: mine.signal }), /mine/);
});

Deno.test("checkpoint throws the reason of an aborted signal, and only then", async () => {
  const controller = new AbortController();
  await checkpoint(controller.signal);
  controller.abort(new Error("stop"));
  await assert.rejects(checkpoint(controller.signal), /stop/);
});

Deno.test("a computation with checkpoints can be interrupted in a tool", async () => {
  const result = await interruptScript(
    `using _ = lib.interruptible();
     console.log("ready");
     try { for (;;) await lib.checkpoint(); } catch (error) { console.error(error.name); Deno.exit(3); }`,
    1,
  );
  assert.equal(result.code, 3);
  assert.match(new TextDecoder().decode(result.stderr), /InterruptError/);
});

Deno.test("a second Ctrl-C ends a tool that is slow to stop", async () => {
  const result = await interruptScript(
    `using _ = lib.interruptible();
     lib.operationSignal().addEventListener("abort", () =>
       setTimeout(() => console.log("stopping"), 2 * lib.SAME_INTERRUPT));
     console.log("ready");
     await new Promise((resolve) => setTimeout(resolve, 20_000));`,
    2,
  );
  assert.equal(result.code, 130);
});
