import assert from "node:assert/strict";
import { join } from "node:path";
import { capture, DENO_VERSION, ROOT } from "../project.ts";
import { setUpJupyter } from "./kernelspec.ts";

/**
 * Runs the probe in notebooks/, where the kernel of a notebook starts.
 *
 * @param what what it is to try
 * @param options `plain`: on Deno's own kernel, without the proxy before it
 */
async function probe<Report>(what: string, { plain = false } = {}): Promise<Report> {
  const { venv, env } = await setUpJupyter();
  const script = join(ROOT, "tools", "jupyter", "probe.py");
  const cwd = join(ROOT, "notebooks");
  await Deno.mkdir(cwd, { recursive: true });
  const args = [script, what, ...(plain ? ["plain"] : [])];
  const { code, output } = await capture(venv.python, args, { cwd, env });
  assert.equal(code, 0, output);
  return JSON.parse(output.trim().split("\n").at(-1)!);
}

/** What one cell did. */
interface CellReport {
  stdout: string;
  result: string | null;
  error: string | null;
}

Deno.test("the kernelspec lies in .venv and names the pinned Deno by an absolute path", async () => {
  const { venv } = await setUpJupyter();
  const file = join(venv.path, "share", "jupyter", "kernels", "deno", "kernel.json");
  const spec = JSON.parse(await Deno.readTextFile(file));
  assert.equal(spec.interrupt_mode, "signal");
  const [python, proxy, deno] = spec.argv;
  for (const path of [python, proxy, deno]) assert.match(path, /^(\/|[A-Z]:\\)/);
  const { code, output } = await capture(deno, ["--version"]);
  assert.equal(code, 0);
  assert.ok(output.startsWith(`deno ${DENO_VERSION} `), output);
});

Deno.test("a notebook in notebooks/ imports the library through deno.json", async () => {
  const report = await probe<CellReport>("import");
  assert.equal(report.error, null);
  assert.match(report.result ?? "", /3,true/);
});

// on Deno's own kernel as evidence for an upgrade: the proxy, which queues nothing in Deno, would hide it
for (const plain of [true, false]) {
  Deno.test(
    `120 results of queued awaiting cells are all under their own cell, ${
      plain ? "in Deno's own kernel" : "through the proxy"
    }`,
    async () => {
      const report = await probe<Record<string, number>>("queue", { plain });
      assert.deepEqual(report, { expected: 120, placed: 120, misplaced: 0 });
    },
  );
}

/** How queued cells were answered, and which of them left a trace in the kernel. */
interface QueueReport {
  statuses: string[];
  ran: string;
}

const WENT_ON = { statuses: ["ok", "ok", "ok", "ok", "ok"], ran: '"1,2,3,4,5"' };
const STOPPED = { statuses: ["ok", "error", "aborted", "aborted", "aborted"], ran: '"1,2"' };

Deno.test("cells queued behind an error do nothing, unless it is caught or not to stop them", async () => {
  assert.deepEqual(await probe<Record<string, QueueReport>>("error"), {
    uncaught: STOPPED,
    again: STOPPED,
    caught: WENT_ON,
    unstopped: { ...WENT_ON, statuses: ["ok", "error", "ok", "ok", "ok"] },
  });
});

Deno.test("cells queued behind an interrupted one do nothing, even when it goes on; Deno hears each signal once", async () => {
  const { stops, signals } = await probe<{ stops: QueueReport[]; signals: string }>("stop");
  const stopped = (first: string) => ({
    statuses: [first, "aborted", "aborted", "aborted"],
    ran: '"1"',
  });
  assert.deepEqual(stops, ["error", "error", "ok", "ok"].map(stopped));
  assert.equal(signals, `${stops.length}`);
});

Deno.test("the proxy ends as Deno ends, and no process stays behind however it ends", async () => {
  const left: string[] = [];
  const family = 3; // Deno, a program that a cell started, and the guard that ends both
  assert.deepEqual(await probe("end"), {
    exit: { status: 7, family, left },
    terminated: { status: 128 + 15, family, left },
    killed: { status: -9, family, left },
    "shut down": { status: 0, family, left },
  });
});

Deno.test("Jupyter's interrupt stops long awaiting cells, and the kernel keeps its state", async () => {
  const report = await probe<{
    setup: CellReport;
    sleep: number;
    stopped: { seconds: number; error: string | null }[];
    after: CellReport;
    alive: boolean;
  }>("interrupt");
  assert.equal(report.setup.error, null);
  assert.equal(report.stopped.length, 3);
  for (const { seconds, error } of report.stopped) {
    // it takes about 0.1 s; the bound is wide enough for a busy machine, and far below the cell's 30 s
    assert.ok(seconds < report.sleep / 6, `stopped only after ${seconds} s`);
    assert.match(error ?? "", /AbortError|InterruptError/);
  }
  assert.equal(report.after.result, "44", "three cells counted up from 41");
  assert.equal(report.alive, true);
});
