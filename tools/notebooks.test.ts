import assert from "node:assert/strict";
import { join } from "node:path";
import { cellText, injectParameters, parameterNames, readNotebook } from "./notebooks/notebook.ts";
import { notebookCommand, runNotebooks, type RunOptions } from "./notebooks/run.ts";
import { parseCommandLine } from "./notebooks.ts";
import { ROOT } from "./project.ts";

const SOURCE = join(ROOT, "tools", "testdata", "parameters.ipynb");

/** Runs the test notebook and keeps its log and executed copy. */
async function run(
  options: Partial<RunOptions>,
): Promise<{ totals: { passed: number; failed: number }; log: string; executed: string }> {
  const output = await Deno.makeTempDir();
  const log: string[] = [];
  try {
    const totals = await runNotebooks({
      notebooks: [SOURCE],
      scale: "smoke",
      output,
      log: (message) => log.push(message),
      ...options,
    });
    const executed = await readNotebook(join(output, "parameters.ipynb"));
    return { totals, log: log.join("\n"), executed: JSON.stringify(executed.cells) };
  } finally {
    await Deno.remove(output, { recursive: true });
  }
}

Deno.test("parameters are found and overridden by a cell right after theirs", async () => {
  const notebook = await readNotebook(SOURCE);
  assert.deepEqual(parameterNames(notebook), ["scale", "k"]);
  const injected = injectParameters(notebook, { k: 5, scale: 'a "b"' });
  assert.equal(injected.cells.length, notebook.cells.length + 1);
  assert.match(cellText(injected.cells[2]), /const k = 5;\nconst scale = "a \\"b\\"";/);
  assert.equal(injectParameters(notebook, {}).cells.length, notebook.cells.length);
  assert.throws(() => injectParameters(notebook, { q: 1 }), /Cannot set q: .*it has: scale, k/);
});

Deno.test("the command line: names by prefix, JSON values, clear refusals", () => {
  const all = ["/n/01_cover.ipynb", "/n/02_retrieval.ipynb"];
  const options = parseCommandLine(
    ["02", "--scale", "paper", "--set", "k=7", "--set", "n=x=y"],
    all,
  );
  assert.deepEqual(options.notebooks, [all[1]]);
  assert.equal(options.scale, "paper");
  assert.deepEqual(options.set, { k: 7, n: "x=y" });
  assert.deepEqual(parseCommandLine([], all).notebooks, all);
  assert.equal(parseCommandLine([], all).scale, "quick");
  assert.throws(() => parseCommandLine(["03"], all), /Cannot run notebook 03: .*01_cover, 02_retr/);
  assert.throws(() => parseCommandLine(["--scale", "huge"], all), /smoke, quick, paper/);
  assert.throws(() => parseCommandLine(["--set", "k"], all), /key=value, got k/);
  assert.throws(() => parseCommandLine(["--repeat", "0"], all), /--repeat must be a positive/);
});

Deno.test("a notebook runs with its parameters set; the source stays as it was", async () => {
  const before = await Deno.readTextFile(SOURCE);
  const { totals, log, executed } = await run({ set: { k: 4 } });
  assert.deepEqual(totals, { passed: 1, failed: 0 }, log);
  assert.match(log, /✓ parameters +\d+\.\d s/);
  assert.match(executed, /"smoke 4\\n"/, "what the cells print");
  assert.match(executed, /"text\/plain":\["8"\]/, "what the last cell returns");
  assert.equal(await Deno.readTextFile(SOURCE), before);
});

Deno.test("a notebook knows the command that runs it, or that there is none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const notebook = await readNotebook(SOURCE);
    const module = join(ROOT, "lib/experiments/provenance.ts");
    const source = `import { commandLine } from ${JSON.stringify(`file://${module}`)};
      const told = commandLine();
      Deno.env.delete("DETAILCLIP_COMMAND");
      console.log([told, commandLine()].join(" | "));`;
    const cell = { cell_type: "code", metadata: {}, source, outputs: [], execution_count: null };
    const path = join(folder, "parameters.ipynb");
    await Deno.writeTextFile(path, JSON.stringify({ ...notebook, cells: [cell] }));
    const { executed, log } = await run({ notebooks: [path] });
    const command = "deno task notebooks parameters --scale smoke";
    assert.ok(executed.includes(`${command} | by hand, in a notebook`), log + executed);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assert.equal(
    notebookCommand("/n/02_retrieval.ipynb", "quick", { k: [1, 2], name: "a b" }),
    "deno task notebooks 02_retrieval --scale quick --set 'k=[1,2]' --set 'name=a b'",
  );
});

Deno.test("a failing cell fails the run and is shown with its traceback", async () => {
  const { totals, log, executed } = await run({ set: { k: -1 } });
  assert.deepEqual(totals, { passed: 0, failed: 1 });
  assert.match(log, /in cell 5:[^]*console\.log[^]*RangeError: k must not be negative, got -1/);
  assert.match(executed, /RangeError/, "the copy shows the error where it happened");
});

Deno.test("a notebook that takes too long is ended", async () => {
  const { totals, log } = await run({ set: { k: 6000 }, timeout: 4 });
  assert.deepEqual(totals, { passed: 0, failed: 1 });
  assert.match(log, /Timeout: the notebook was still running after 4 s/);
});

Deno.test("a parameter that no notebook has is refused", async () => {
  await assert.rejects(run({ set: { kk: 1 } }), /Cannot set kk: no notebook has.*scale, k/);
});
