import assert from "node:assert/strict";
import { hostname } from "node:os";
import { join } from "node:path";
import { acquireLock } from "./lock.ts";
import { noticesOf } from "./testing.ts";

const MODULE = new URL("./lock.ts", import.meta.url);
const QUICK = { doing: "works here", poll: 5, patience: 0, gone: 50 };

async function inFolder(test: (lock: string) => Promise<unknown>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(join(folder, "new", "work.lock"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A process that takes the lock, says so and keeps it until it is killed. */
async function startHolder(path: string): Promise<{ pid: number; kill(): Promise<void> }> {
  const code = `const { acquireLock } = await import(${JSON.stringify(MODULE)});
    const lock = await acquireLock(${JSON.stringify(path)}, ${JSON.stringify(QUICK)});
    console.log("held");
    setInterval(() => lock, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /held/);
  return {
    pid: child.pid,
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

Deno.test("lock: one owner at a time, the others wait and say for whom; nothing is left", () =>
  inFolder((path) =>
    noticesOf(async (said) => {
      const order: string[] = [];
      let inside = 0;
      const work = async (name: string) => {
        using _lock = await acquireLock(path, QUICK);
        assert.equal(++inside, 1);
        await new Promise((resolve) => setTimeout(resolve, 30));
        inside--;
        order.push(name);
      };
      await Promise.all(["a", "b", "c", "d"].map(work));
      assert.equal(order.length, 4);
      assert.deepEqual([...Deno.readDirSync(join(path, ".."))], []);
      // the owner's name is written after the lock is taken
      const whom = `note: waits for process ${Deno.pid} on ${hostname()}, which works here since `;
      const others = said.filter((line) => !line.startsWith(whom));
      assert.ok(said.length > 0);
      for (const line of others) {
        assert.match(line, /^note: waits for another process, which works here$/);
      }
    })
  ));

Deno.test("lock: of a living process it is waited for, of a killed one taken over at once", () =>
  inFolder((path) =>
    noticesOf(async (said) => {
      const holder = await startHolder(path);
      try {
        const controller = new AbortController(), reason = new Error("enough");
        const waiting = acquireLock(path, { ...QUICK, signal: controller.signal });
        while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        assert.match(said[0], new RegExp(`waits for process ${holder.pid} on `));
        controller.abort(reason);
        await assert.rejects(waiting, reason);
        assert.equal(JSON.parse(await Deno.readTextFile(path)).pid, holder.pid, "and keeps it");
      } finally {
        await holder.kill();
      }
      (await acquireLock(path, { ...QUICK, gone: 1e9 }))[Symbol.dispose]();
    })
  ));

Deno.test("lock: a file of this number, or a damaged one, is no owner", () =>
  inFolder(async (path) => {
    const { pid } = Deno;
    const boot = (await Deno.readTextFile("/proc/sys/kernel/random/boot_id").catch(() => ""))
      .trim();
    for (const text of ["", "{", "null", JSON.stringify({ pid, host: hostname(), boot })]) {
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, text);
      using _lock = await acquireLock(path, { ...QUICK, gone: 1e9 });
    }
  }));

Deno.test("lock: an owner on another machine is alive as long as it renews", () =>
  inFolder((path) =>
    noticesOf(async (said) => {
      await Deno.mkdir(join(path, ".."));
      await Deno.writeTextFile(path, JSON.stringify({ pid: 1, host: "elsewhere", boot: "b" }));
      let renewals = 0;
      const renewal = setInterval(() => Deno.utimeSync(path, 1, ++renewals), 10);
      const waiting = acquireLock(path, { ...QUICK, gone: 1000 });
      let ended = false;
      waiting.then(() => ended = true);
      while (renewals < 120) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(ended, false, "longer than that it is waited for");
      clearInterval(renewal);
      using _lock = await waiting;
      assert.match(said[0], /waits for process 1 on elsewhere, which works here/);
    })
  ));

Deno.test("lock: where it cannot be made, the error names it", () =>
  inFolder(async (path) => {
    await Deno.writeTextFile(join(path, "..", "..", "new"), "a file");
    await assert.rejects(acquireLock(path, QUICK), (error: Error) => error.message.includes(path));
  }));
