import assert from "node:assert/strict";
import { join } from "node:path";
import { capture, DENO_VERSION, ROOT } from "../project.ts";
import { setUpJupyter } from "./kernelspec.ts";

/** Runs the probe in notebooks/, where the kernel of a notebook starts. */
async function probe<Report>(what: string): Promise<Report> {
  const { venv, env } = await setUpJupyter();
  const script = join(ROOT, "tools", "jupyter", "probe.py");
  const cwd = join(ROOT, "notebooks");
  await Deno.mkdir(cwd, { recursive: true });
  const { code, output } = await capture(venv.python, [script, what], { cwd, env });
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
  assert.match(spec.argv[0], /^(\/|[A-Z]:\\)/);
  const { code, output } = await capture(spec.argv[0], ["--version"]);
  assert.equal(code, 0);
  assert.ok(output.startsWith(`deno ${DENO_VERSION} `), output);
});

Deno.test("a notebook in notebooks/ imports the library through deno.json", async () => {
  const report = await probe<CellReport>("import");
  assert.equal(report.error, null);
  assert.match(report.result ?? "", /3,true/);
});

Deno.test("120 results of queued awaiting cells are all under their own cell", async () => {
  const report = await probe<Record<string, number>>("queue");
  assert.deepEqual(report, { expected: 120, placed: 120, misplaced: 0 });
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
