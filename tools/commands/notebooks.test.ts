import assert from "node:assert/strict";
import { hostname } from "node:os";
import { join } from "node:path";
import { KEEP_VARIABLE } from "../../lib/report/filing.ts";
import { RUNS_DIR } from "../../lib/runtime/cache_dir.ts";
import {
  cellText,
  injectParameters,
  type Notebook,
  parameterNames,
  parametersOf,
  readNotebook,
} from "../jupyter/notebook.ts";
import {
  copyName,
  failedPath,
  failureText,
  followRun,
  keepsCopies,
  notebookCommand,
  type NotebookRunOptions,
  outputFolder,
  runNotebooks,
  type RunTotals,
  timeLimit,
} from "../jupyter/run_notebooks.ts";
import { noteTimes } from "../jupyter/times.ts";
import {
  isRunning,
  parseCommandLine,
  parseSetting,
  runWithCaches,
  selectNotebooks,
  sweepColdCaches,
} from "./notebooks.ts";
import { ROOT } from "../project.ts";

const SOURCE = join(ROOT, "tools", "jupyter", "testdata", "parameters.ipynb");

/** Runs the test notebook and keeps its log, its executed copy and the names of all that it left. */
async function run(
  options: Partial<NotebookRunOptions>,
  cold = false,
): Promise<{
  totals: Omit<RunTotals, "seconds">;
  seconds: RunTotals["seconds"];
  log: string;
  executed: string;
  copies: string[];
}> {
  const output = await Deno.makeTempDir();
  const log: string[] = [];
  try {
    const { seconds, ...totals } = await runWithCaches({
      notebooks: [SOURCE],
      scale: "smoke",
      output,
      log: (message) => log.push(message),
      ...options,
    }, cold);
    const copies = [...Deno.readDirSync(output)].map(({ name }) => name);
    const copy = copies.find((name) => name.startsWith("parameters."))!;
    const { cells } = await readNotebook(join(output, copy));
    return { totals, seconds, log: log.join("\n"), executed: JSON.stringify(cells), copies };
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
  assert.throws(() => injectParameters(notebook, { q: 1 }), /Cannot set q: .*there are: scale, k/);
});

/** A notebook whose parameters cell says this. */
const declaring = (source: string): Notebook => ({
  cells: [{ cell_type: "code", source, metadata: { tags: ["parameters"] } }],
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
});

Deno.test("parameters are read as far as their values are plain", () => {
  const notebook = declaring(`const seed = 7;
const scale = "quick" as "smoke" | "quick";
const title = "a; b as c"; // in words
const many: Record<string, { x: string; y?: number }> = {};
const ks = [
  1,
];
const maybe = undefined as number[] | undefined;
let later: number;
const sum = 3 + 4;
const f = (x: number) => x;
  const inner = 1;`);
  assert.deepEqual([...parametersOf(notebook)], [
    ["seed", "7"],
    ["scale", '"quick"'],
    ["title", '"a; b as c"'],
    ["many", "{"],
    ["ks", "["],
    ["maybe", "undefined"],
    ["later", ""],
    ["sum", ""],
    ["f", ""],
  ]);
});

Deno.test("a parameter takes a value of its own kind alone, and a mistyped one names the nearest", () => {
  const notebook = declaring(
    'const seed = 7; // of all\nconst word = "a";\nconst many = {};\nconst ks = [1];\nconst on = false;' +
      "\nconst lvis = undefined as object | undefined;",
  );
  const set = (...settings: string[]) => () =>
    injectParameters(notebook, Object.fromEntries(settings.map(parseSetting)));
  assert.throws(set("sead=3"), /Cannot set sead: .*did you mean seed\?/);
  assert.throws(set("__proto__=3"), /Cannot set __proto__: .*there are: seed, word/);
  assert.throws(
    set("seed=abc"),
    /^Error: Cannot set seed: it must be a number, such as 7, got "abc"$/,
  );
  for (const value of ['"7"', "NaN", "1e999", "null", "[7]", "{}", "true", ""]) {
    assert.throws(set(`seed=${value}`), /Cannot set seed: it must be a number/, value);
  }
  assert.throws(set("word=3"), /word: it must be text, such as "a", got 3/);
  assert.throws(set("many=[]"), /many: it must be an object, got \[\]/);
  assert.throws(set("ks=5"), /ks: it must be a list, got 5/);
  assert.throws(set("on=1"), /on: it must be true or false, such as false, got 1/);
  const fine = ["seed=1e3", "word=b", 'many={"a": 1}', "ks=[]", "on=true", 'lvis={"root": "x"}'];
  assert.match(cellText(set(...fine)().cells[1]), /const seed = 1000;\nconst word = "b";/);
});

Deno.test("a value that cannot be is refused before a kernel starts", async () => {
  const log: string[] = [];
  const set = { k: "abc" };
  const refused = runWithCaches(
    { notebooks: [SOURCE], scale: "smoke", set, log: (message) => log.push(message) },
    false,
  );
  await assert.rejects(refused, /Cannot set k: it must be a number, such as 3, got "abc"/);
  assert.deepEqual(log, []);
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
  const setBy = (...args: string[]) => parseCommandLine(args, all).set;
  assert.deepEqual(setBy("--encoder", "a/b"), { encoder: "a/b" });
  assert.deepEqual(setBy("--encoder", "a/b", "--dtype", "q8", "--set", "seed=8"), {
    ...{ seed: 8, encoder: { id: "a/b", dtype: "q8" } },
  });
  assert.deepEqual(setBy("--device", "webgpu"), { encoder: { device: "webgpu" } });
  assert.throws(() => setBy("--set", "encoder=a/b", "--dtype", "q8"), /said by --set and by/);
  assert.throws(() => setBy("--encoder", "a/b", "--keep"), /may change the seed alone/);
  assert.equal(parseCommandLine([], all).scale, "quick");
  assert.equal(parseCommandLine([], all).cold, false);
  assert.equal(parseCommandLine(["--cold"], all).cold, true);
  assert.deepEqual([[], ["--keep"]].map((args) => parseCommandLine(args, all).keep), [false, true]);
  assert.throws(
    () => parseCommandLine(["--keep", "--set", "k=7"], all),
    /--keep .* the seed alone/,
  );
  assert.deepEqual(parseCommandLine(["--keep", "--set", "seed=8"], all).set, { seed: 8 });
  assert.equal(parseCommandLine([], all).timeout, undefined);
  assert.equal(parseCommandLine(["--timeout", "2"], all).timeout, 120);
  assert.throws(() => parseCommandLine(["03"], all), /Cannot run notebook 03: .*01_cover, 02_retr/);
  assert.throws(() => parseCommandLine(["--scale", "huge"], all), /smoke, quick, full, paper/);
  assert.throws(() => parseCommandLine(["--set", "k"], all), /key=value, got k/);
  assert.throws(() => parseCommandLine(["--set", "scale=smal"], all), /option of its own, --scale/);
  assert.throws(() => parseCommandLine(["--scael", "smoke"], all), /did you mean --scale\?/);
  for (const repeat of ["0", "1.5", "x"]) {
    const wrong = new RegExp(`--repeat: expected a positive integer, got ${repeat}`);
    assert.throws(() => parseCommandLine(["--repeat", repeat], all), wrong);
  }
  assert.throws(() => parseCommandLine(["--timeout", ""], all), /--timeout: expected a positive n/);
  assert.throws(() => parseCommandLine(["--cold", "--repeat", "2"], all), /only the first/);
});

Deno.test("a notebook is named by how its name begins, its file name or its path", () => {
  const all = ["01_cover", "02_retrieval"].map((name) => join(ROOT, "notebooks", `${name}.ipynb`));
  for (const name of ["01", "01_cover", "01_cover.ipynb", "notebooks/01_cover.ipynb", all[0]]) {
    assert.deepEqual(selectNotebooks(all, [name]), [all[0]], name);
  }
  const mine = () => selectNotebooks(all, ["my-notebooks/01_cover.ipynb"]);
  assert.throws(mine, /Cannot run notebook my-.*: there is no such notebook in notebooks\//);
});

Deno.test("paper scale has no time limit", () => {
  assert.equal(timeLimit("paper"), Infinity);
  assert.ok(timeLimit("smoke") < timeLimit("quick"));
});

Deno.test("no scale and no other parameters overwrite another's copy; kept copies have committed names", () => {
  const name = (scale: string, options?: Parameters<typeof copyName>[2]) =>
    copyName("/n/01_cover.ipynb", scale, options);
  assert.deepEqual(["quick", "smoke"].map((scale) => name(scale)), [
    "01_cover.quick.ipynb",
    "01_cover.smoke.ipynb",
  ]);
  const names = [{ seed: 8 }, { seed: 9 }, { k: 8 }].map((set) => name("quick", { set }));
  for (const name of names) assert.match(name, /^01_cover\.quick-[0-9a-f]{6}\.ipynb$/);
  assert.equal(new Set(names).size, 3);
  const folder = Deno.makeTempDirSync(), annotations = join(folder, "own.json");
  try {
    const ofOwn = ["{}", '{"images": []}'].map((text) => {
      Deno.writeTextFileSync(annotations, text);
      return name("quick", { set: { datasets: { own: { annotations, root: folder } } } });
    });
    assert.notEqual(ofOwn[0], ofOwn[1], "data that changed in place");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  assert.equal(name("quick", { keep: true }), "01_cover.ipynb");
  assert.equal(name("paper", { keep: true }), "01_cover.paper.ipynb");
  assert.match(name("quick", { keep: true, set: { seed: 8 } }), /^01_cover\.quick-/);
  assert.ok(!keepsCopies({ keep: true, set: { seed: 8 } }) && keepsCopies({ keep: true }));
  assert.equal(outputFolder(true), join(ROOT, "results", "notebooks"));
  assert.equal(outputFolder(), join(RUNS_DIR, "notebooks"));
});

Deno.test("a notebook runs with its parameters set; the source stays as it was", async () => {
  const before = await Deno.readTextFile(SOURCE);
  const { totals, log, executed, seconds } = await run({ set: { k: 4 }, repeat: 2 });
  assert.deepEqual(totals, { passed: 2, failed: 0 }, log);
  assert.equal(seconds.parameters.length, 2);
  assert.match(log, /parameters: 2 of 2 runs ended well; \d+\.\d to \d+\.\d s, median \d+\.\d s/);
  assert.match(log, /✓ parameters +\d+\.\d s/);
  assert.match(executed, /"smoke 4\\n"/, "what the cells print");
  assert.match(executed, /"text\/plain":\["8"\]/, "what the last cell returns");
  assert.equal(await Deno.readTextFile(SOURCE), before);
});

/** Asks again and again, for a minute at most, until the answer is a good one. */
async function until<T>(ask: () => T | Promise<T>, tries = 600): Promise<T> {
  const answer = await ask();
  if (answer || tries === 0) return answer;
  await new Promise((resolve) => setTimeout(resolve, 100));
  return await until(ask, tries - 1);
}

/** The test notebook with other cells, in a folder of its own. */
async function withCells(
  sources: readonly string[],
  use: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const notebook = await readNotebook(SOURCE);
    const cells = sources.map((source) => ({
      cell_type: "code",
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    }));
    const path = join(folder, "parameters.ipynb");
    await Deno.writeTextFile(path, JSON.stringify({ ...notebook, cells }));
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a cold run has empty caches of its own, which it removes", async () => {
  const module = JSON.stringify(`file://${join(ROOT, "lib/runtime/cache_dir.ts")}`);
  const source = `import { CACHE_DIR } from ${module};
    console.log(\`[\${CACHE_DIR}] holds \${[...Deno.readDirSync(CACHE_DIR)].length} files\`);`;
  await withCells([source], async (path) => {
    const { executed, log } = await run({ notebooks: [path] }, true);
    const [, folder] = /\[([^["]*)\] holds 0 files/.exec(executed) ?? [];
    assert.ok(folder, log + executed);
    assert.match(folder, /cold-/);
    assert.throws(() => Deno.statSync(folder), Deno.errors.NotFound);
  });
});

Deno.test("cold caches of processes that are gone are removed, those of others are not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const gone = new Deno.Command("true").spawn();
    await gone.status;
    const ours = `cold-${hostname()}-`;
    const kept = [`${ours}${Deno.pid}-a`, `${ours}1-b`, `cold-elsewhere-${gone.pid}-c`, "features"];
    for (const name of [...kept, `${ours}${gone.pid}-d`]) {
      await Deno.mkdir(join(folder, name, "features"), { recursive: true });
    }
    await sweepColdCaches(folder);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), kept.sort());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a notebook whose kernel dies, or that is none, fails; the others run", async () => {
  await withCells(["const before = 1;", "Deno.exit(3);"], async (path) => {
    const broken = join(path, "..", "broken.ipynb");
    await Deno.writeTextFile(broken, "{");
    const { totals, log, seconds } = await run({ notebooks: [broken, path, SOURCE] });
    assert.deepEqual(totals, { passed: 1, failed: 2 });
    assert.match(
      log,
      /✗ broken[^]*Cannot read notebook[^]*✗ parameters[^]*in cell \[2\]:\n +Deno.exit/,
    );
    assert.match(log, /DeadKernelError[^]*✓ parameters/);
    assert.deepEqual(Object.keys(seconds), ["parameters"]);
  });
});

Deno.test("times are kept by notebook, cold and warm apart", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "times.quick.json");
    await noteTimes(path, { b: [3.04], a: [1] }, { cold: true, whole: true });
    const times = await noteTimes(path, { b: [2, 0.52] }, { cold: false, whole: false });
    assert.deepEqual(times.notebooks, { a: { cold: 1 }, b: { cold: 3, warm: 0.5 } });
    assert.equal(times.wholeSetCold, 4);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), times);
    assert.deepEqual(Object.keys(times.notebooks), ["a", "b"]);
    await assert.rejects(
      noteTimes(path, { b: [2, 3] }, { cold: true, whole: false }),
      /b ran 2 times, and only the first was cold/,
    );
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), times);
    await Deno.writeTextFile(path, JSON.stringify({ ...times, machine: "another" }));
    const moved = await noteTimes(path, { c: [7] }, { cold: false, whole: false });
    assert.deepEqual([moved.notebooks, moved.wholeSetCold], [{ c: { warm: 7 } }, undefined]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a notebook knows the command that runs it, or that there is none", async () => {
  const module = JSON.stringify(`file://${join(ROOT, "lib/report/provenance.ts")}`);
  const source = `import { commandLine } from ${module};
    const told = commandLine();
    Deno.env.delete("DETAILCLIP_COMMAND");
    console.log([told, commandLine()].join(" | "));`;
  await withCells([source], async (path) => {
    const { executed, log } = await run({ notebooks: [path] });
    const command = "deno task notebooks parameters --scale smoke";
    assert.ok(executed.includes(`${command} | by hand, in a notebook`), log + executed);
  });
  assert.equal(
    notebookCommand("/n/02_retrieval.ipynb", "quick", { k: [1, 2], name: "a b" }),
    "deno task notebooks 02_retrieval --scale quick --set 'k=[1,2]' --set 'name=a b'",
  );
});

Deno.test("kernels keep results only where --keep says so, whatever the environment says", async () => {
  const source = `console.log("keep is <" + Deno.env.get("${KEEP_VARIABLE}") + ">");`;
  const before = Deno.env.get(KEEP_VARIABLE);
  try {
    Deno.env.set(KEEP_VARIABLE, "1");
    await withCells([source], async (path) => {
      const runs = [await run({ notebooks: [path] }), await run({ notebooks: [path], keep: true })];
      assert.deepEqual(runs.map(({ executed }) => /keep is <(.*?)>/.exec(executed)?.[1]), [
        "",
        "1",
      ]);
    });
  } finally {
    if (before === undefined) Deno.env.delete(KEEP_VARIABLE);
    else Deno.env.set(KEEP_VARIABLE, before);
  }
});

Deno.test("a failing cell fails the run and is shown with its traceback", async () => {
  const { totals, log, executed, copies } = await run({ set: { k: -1 } });
  assert.deepEqual(totals, { passed: 0, failed: 1 });
  assert.match(
    log,
    /in cell \[3\]:[^]*console\.log[^]*RangeError: k must not be negative, got -1\n +at /,
  );
  assert.match(executed, /RangeError/, "the copy shows the error where it happened");
  const cells = JSON.parse(executed) as Notebook["cells"];
  assert.deepEqual(
    cells.filter(({ cell_type }) => cell_type === "code").map((cell) => cell.execution_count),
    [1, null, 2, 3, null], // the second one sets k, and the last one did not run
    "cells have the numbers that they have without the command line's parameters",
  );
  assert.equal(copies.length, 1);
  assert.match(copies[0], /^parameters\.smoke-\w{6}\.failed\.ipynb$/);
  assert.ok(log.includes(copies[0]), log);
});

Deno.test("a message for the user is shown without its trace, the beginning of its cell with it", async () => {
  const lines = ["const a = 1;", "const b = 2;", "const c = 3;", "const d = 4;"];
  const source = [...lines, 'throw new RangeError("Cannot add: why,\\ngot 3");'].join("\n");
  await withCells([source], async (path) => {
    const { log, executed } = await run({ notebooks: [path] });
    const shown = "in cell [1]:\nconst a = 1;\nconst b = 2;\nconst c = 3;\n…\n\n" +
      "RangeError: Cannot add: why,\ngot 3\n\nthe copy up to there is /";
    assert.ok(log.includes(shown.replace(/^/gm, "    ")), log);
    assert.doesNotMatch(log, /^ +at /m);
    assert.match(executed, / at /, "the copy has the whole trace");
  });
});

Deno.test("other errors are told with their trace and the whole cell", () => {
  const source = "1;\n2;\n3;\n4;";
  const failure = { error: "Error: x\n  at y", name: "Error", message: "x", cell: 2, source };
  assert.equal(failureText(failure), `in cell [2]:\n${source}\n\nError: x\n  at y`);
  assert.equal(failureText({ error: "Timeout: long" }), "Timeout: long");
  assert.equal(
    failureText({ ...failure, cell: null }),
    `in the parameters set on the command line:\n${source}\n\nError: x\n  at y`,
  );
});

Deno.test("while a notebook runs, its cell and the stage of that cell are told", () => {
  const seen: string[] = [];
  const follow = followRun((where) => seen.push(where));
  const cell = JSON.stringify({ cell: 2, of: 9, line: "const run = await x();" });
  follow(cell.slice(0, 10));
  follow(
    `${cell.slice(10)}\na warning of Python\n{"stage": "Encode: 1/2 images"}\n{"error": null}\n`,
  );
  follow('{"stage": "Train transformer, no patches: 30/9000 images (0 %), 14.0/s"}\n');
  assert.deepEqual(seen, [
    "cell 2/9, const run = await x();",
    "cell 2/9, Encode: 1/2 images",
    "cell 2/9, Train transformer…: 30/9000 images (0 %), 14.0/s",
  ]);
});

Deno.test("a notebook's progress bar is told, with its time, and leaves no line", async () => {
  const source = `import { createProgress } from ${
    JSON.stringify(`file://${join(ROOT, "lib/runtime/progress.ts")}`)
  };
    const progress = createProgress({ label: "Count", total: 2 });
    progress.update(1);
    await new Promise((done) => setTimeout(done, 3500));
    await progress.finish();`;
  await withCells([source], async (path) => {
    let text = "";
    const show = { output: "log", write: (line: string) => void (text += line) } as const;
    await run({ notebooks: [path], show });
    assert.match(text, /^parameters: \d+ s, (the kernel starts|cell 1\/1)/m);
    assert.doesNotMatch(text, /done in/);
    text = "";
    const frames = { output: "terminal", write: (frame: string) => void (text += frame) } as const;
    await run({ notebooks: [path], show: frames });
    assert.match(text, /parameters: \d+ s, cell 1\/1, Count: 1\/2 images \(50 %\)/);
    assert.ok(text.endsWith("\r\x1b[K"), "the line is gone at the end");
  });
});

Deno.test("the copy of a run that ended well stays until another ends well; that of a failed one until then", async () => {
  const output = await Deno.makeTempDir();
  const copy = join(output, "parameters.smoke.ipynb");
  const failed = failedPath("parameters.ipynb", { scale: "smoke", output });
  const options = { output, log: () => {} };
  try {
    const once = async (source: string, more: Partial<NotebookRunOptions> = {}) =>
      await withCells([source], async (path) => {
        await runNotebooks({ notebooks: [path], scale: "smoke", ...options, ...more });
      });
    const left = () => [...Deno.readDirSync(output)].map(({ name }) => join(output, name)).sort();
    await once("console.log('first');");
    const first = await Deno.readTextFile(copy);
    assert.match(first, /first/);

    await once("throw new Error('broken');");
    assert.equal(await Deno.readTextFile(copy), first);
    assert.match(await Deno.readTextFile(failed), /broken/);

    const long = "await new Promise((done) => setTimeout(done, 60_000));";
    await once(long, { timeout: 3 });
    assert.equal(await Deno.readTextFile(copy), first);
    assert.match(await Deno.readTextFile(failed), /60_000/);

    const before = left();
    for (const soon of [0, 3000]) {
      const stopped = once(long, { signal: AbortSignal.timeout(soon) });
      await assert.rejects(stopped, { name: "TimeoutError" });
    }
    assert.deepEqual(left(), before);

    await once("console.log('second');");
    assert.match(await Deno.readTextFile(copy), /second/);
    assert.deepEqual(left(), [copy]);
  } finally {
    await Deno.remove(output, { recursive: true });
  }
});

Deno.test("the copy of a failed run never lies under results/", () => {
  const set = { k: 3 }, folder = join(RUNS_DIR, "notebooks");
  const name = copyName("/n/01_cover.ipynb", "quick", { set }).replace(".ipynb", ".failed.ipynb");
  const options = { scale: "quick", set, keep: true };
  assert.equal(failedPath("/n/01_cover.ipynb", options), join(folder, name));
});

Deno.test("a run ends with the task that started it, even where that is killed", async () => {
  const folder = await Deno.makeTempDir();
  const note = join(folder, "pid");
  const source = `await Deno.writeTextFile(${JSON.stringify(note)}, String(Deno.pid));
    await new Promise((done) => setTimeout(done, 120_000));`;
  try {
    await withCells([source], async (path) => {
      const output = join(folder, "copies");
      const module = JSON.stringify(`file://${join(ROOT, "tools/jupyter/run_notebooks.ts")}`);
      const options = JSON.stringify({ notebooks: [path], scale: "smoke", output });
      const code = `import { runNotebooks } from ${module}; await runNotebooks(${options});`;
      const task = new Deno.Command(Deno.execPath(), { args: ["eval", code], cwd: ROOT }).spawn();
      const pid = Number(await until(() => Deno.readTextFile(note).catch(() => "")));
      task.kill("SIGKILL");
      await task.status;
      assert.ok(await until(() => !isRunning(pid)), "the kernel runs on");
      assert.throws(() => Deno.statSync(output), Deno.errors.NotFound);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a notebook that takes too long is ended", async () => {
  const { totals, log } = await run({ set: { k: 6000 }, timeout: 4 });
  assert.deepEqual(totals, { passed: 0, failed: 1 });
  assert.match(log, /Timeout: the notebook was still running after 4 s/);
});

Deno.test("a parameter that no notebook has is refused", async () => {
  await assert.rejects(
    run({ set: { kk: 1 } }),
    /Cannot set kk: no notebook that is to run has.*scale, k/,
  );
});
