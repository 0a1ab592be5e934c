import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { capture, DENO_VERSION, ROOT } from "../project.ts";
import { runChecks } from "../commands/ok.ts";
import { fillTables, isUsedBy } from "./readme_table.ts";
import { type Check, messages } from "./check.ts";
import { executedCopies } from "./executed_copies.ts";
import { oneWayImports } from "./imports.ts";
import { notebookCells } from "./notebook_cells.ts";
import { notebookForm } from "./notebook_form.ts";
import { notebooksClean } from "./notebooks_clean.ts";
import { pins } from "./pins.ts";
import { readme } from "./readme.ts";
import { documentation, format, lint, types } from "./sources.ts";
import { wasmBytes } from "./wasm.ts";

/** A hash, as pip has it. */
const HASH = `--hash=sha256:${"0".repeat(64)}`;

/** A project in which all is well. */
const GOOD: Record<string, string> = {
  "deno.json": `{
  "tasks": { "demo": "deno run demo.ts" },
  "fmt": { "exclude": ["**/testdata/"] },
  "imports": {
    "detailclip": "./lib/mod.ts",
    "sharp": "./data/sharp.ts",
    "left": "npm:left@1.2.3"
  }
}
`,
  "deno.lock": JSON.stringify({ version: "5", workspace: { dependencies: ["npm:left@1.2.3"] } }),
  "requirements.txt":
    `# frozen\nnumpy==2.1.0 ; python_full_version >= '3.11' \\\n    ${HASH} \\\n    ${HASH}\n    # via pandas\n`,
  "lib/covers/testdata/raw.json": "{  }",
  "data/sharp.ts": "export default 1;\n",
  "lib/mod.ts": 'export * from "./covers/mod.ts";\n',
  "lib/numeric/random.ts": "/** One. */\nexport const one: number = 1;\n",
  "lib/covers/mod.ts":
    'import { one } from "../numeric/random.ts";\n\n/** Two. */\nexport const two: number = one + one;\n',
  "lib/images/mod.ts":
    'import sharp from "sharp";\nimport { two } from "../covers/mod.ts";\n\n/** Three. */\nexport const three: number = two + sharp;\n',
  "lib/images/add.wat": '(module (func (export "one") (result i32) (i32.const 1)))\n',
  "lib/images/add_wasm.ts":
    'const MODULE = "AGFzbQEAAAABBQFgAAF/AwIBAAcHAQNv" +\n  "bmUAAAoGAQQAQQEL";\n\nexport default MODULE;\n',
  "notebooks/a.ipynb": notebook({
    source: [
      'import { two } from "detailclip";\n',
      "\n",
      "await Deno.jupyter.display(Deno.jupyter.md`**${two}**`);\n",
      "two;",
    ],
  }),
  "README.md": "`deno task demo`, [code](lib/mod.ts)\n\n" +
    '```ts\nimport { two } from "detailclip";\n\nconsole.log(two);\n```\n',
  ".github/workflows/ci.yml":
    "steps:\n  - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2\n",
  ".ci/run": `npx -y deno@${DENO_VERSION} task ok\n`,
};

/** A notebook of one text cell and one code cell. */
function notebook(cell: Record<string, unknown>, text = "# A"): string {
  const code = { cell_type: "code", metadata: {}, outputs: [], execution_count: null, ...cell };
  const cells = [{ cell_type: "markdown", metadata: {}, source: [text] }, code];
  const metadata = {
    kernelspec: { name: "deno", display_name: "Deno", language: "typescript" },
    language_info: { name: "typescript", file_extension: ".ts" },
  };
  return JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1) + "\n";
}

/** The problems that a check finds in the good project with some files changed. */
async function problems(check: Check, changed: Record<string, string> = {}): Promise<string> {
  // inside the project's ignored folder rather than /tmp: a deno.json of its own ends the search there
  await Deno.mkdir(join(ROOT, ".cache"), { recursive: true });
  const cache = await Deno.realPath(join(ROOT, ".cache")); // which may be a link
  const root = await Deno.makeTempDir({ dir: cache, prefix: "fixture-" });
  try {
    for (const [path, text] of Object.entries({ ...GOOD, ...changed })) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    return (await check.run(root)).join("\n");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** One bad change to the good project, and what the check must say about it. */
type Case = [what: string, check: Check, changed: Record<string, string>, says: RegExp];

const CASES: Case[] = [
  [
    "an import of a later room",
    oneWayImports,
    { "lib/covers/mod.ts": 'import "../images/mod.ts";\n' },
    /lib\/covers\/mod\.ts:1 imports \.\.\/images\/mod\.ts: images comes after covers/,
  ],
  [
    "a type-only import of a later room",
    oneWayImports,
    {
      "lib/numeric/random.ts":
        'import type { two } from "../covers/mod.ts";\nexport type Two = typeof two;\n',
    },
    /lib\/numeric\/random\.ts:1 .*covers comes after numeric/,
  ],
  [
    "a room that imports the public surface",
    oneWayImports,
    { "lib/images/mod.ts": 'import "detailclip";\n' },
    /imports detailclip: the public surface/,
  ],
  [
    "a library file that imports a tool",
    oneWayImports,
    { "lib/images/mod.ts": 'import "../../tools/x.ts";\n', "tools/x.ts": "export {};\n" },
    /imports nothing outside lib/,
  ],
  [
    "a benchmark that imports a tool",
    oneWayImports,
    { "bench/x.ts": 'import "../tools/x.ts";\n', "tools/x.ts": "export {};\n" },
    /bench\/x\.ts:1 imports \.\.\/tools\/x\.ts: tools comes after bench/,
  ],
  [
    "a circle of imports among tools",
    oneWayImports,
    { "tools/x.ts": 'import "./y.ts";\n', "tools/y.ts": 'import "./x.ts";\n' },
    /^imports in a circle: tools\/x\.ts -> tools\/y\.ts -> tools\/x\.ts$/,
  ],
  [
    "sharp outside its room",
    oneWayImports,
    { "lib/plots/mod.ts": 'import "sharp";\n' },
    /lib\/plots\/mod\.ts:1 imports sharp: only images may/,
  ],
  [
    "a circle of imports inside a room, types included",
    oneWayImports,
    {
      "lib/covers/mod.ts": 'export { two } from "./a.ts";\n',
      "lib/covers/a.ts": 'import "./b.ts";\nexport const two = 2;\n',
      "lib/covers/b.ts": 'import "./c.ts";\n',
      "lib/covers/c.ts": 'import type { two } from "./a.ts";\nexport type Two = typeof two;\n',
    },
    /^imports in a circle: lib\/covers\/a\.ts -> lib\/covers\/b\.ts -> lib\/covers\/c\.ts -> lib\/covers\/a\.ts$/,
  ],
  [
    "a room without a place",
    oneWayImports,
    { "lib/attic/mod.ts": "export {};\n" },
    /lib\/attic\/mod\.ts: unknown room/,
  ],
  [
    "WebAssembly that is not what its text says",
    wasmBytes,
    { "lib/images/add.wat": '(module (func (export "one") (result i32) (i32.const 2)))\n' },
    /^lib\/images\/add_wasm\.ts: MODULE is not what lib\/images\/add\.wat assembles to/,
  ],
  [
    "WebAssembly text that does not assemble",
    wasmBytes,
    { "lib/images/add.wat": "(module (func (export)))\n" },
    /^lib\/images\/add\.wat: .*add\.wat:1:/s,
  ],
  [
    "WebAssembly text without its module",
    wasmBytes,
    { "lib/images/other.wat": "(module)\n" },
    /^lib\/images\/other\.wat: lib\/images\/other_wasm\.ts has no MODULE$/,
  ],
  [
    "a type error in a cell",
    notebookCells,
    { "notebooks/a.ipynb": notebook({ source: ["const k = 1;\n", 'const n: number = "one";'] }) },
    /TS2322[^]*a\.ipynb: cell 2, line 2/,
  ],
  [
    "a call that the library does not have",
    notebookCells,
    { "notebooks/a.ipynb": notebook({ source: 'import { four } from "detailclip";\nfour;' }) },
    /four[^]*a\.ipynb: cell 2, line 1/,
  ],
  [
    "lint in a cell",
    notebookCells,
    { "notebooks/a.ipynb": notebook({ source: "var old = 1;" }) },
    /a\.ipynb: cell 2, line 1 .*no-var/,
  ],
  [
    "a relative import in a cell",
    notebookCells,
    { "notebooks/a.ipynb": notebook({ source: 'import "../lib/mod.ts";' }) },
    /cell 2: import from "detailclip"/,
  ],
  [
    "a notebook with outputs",
    notebooksClean,
    {
      "notebooks/a.ipynb": notebook({ source: "1;", outputs: [{}], execution_count: 3 }),
    },
    /cell 2 has outputs\n.*cell 2 has an execution count/,
  ],
  [
    "a notebook for another kernel",
    notebooksClean,
    {
      "notebooks/a.ipynb": notebook({ source: "1;" }).replace('"name": "deno"', '"name": "python3"')
        .replace('"name": "typescript"', '"name": "python"'),
    },
    /its kernel is python3, not deno\n.*language is python, not typescript/,
  ],
  [
    "a loose npm version",
    pins,
    { "deno.json": JSON.stringify({ imports: { left: "npm:left@^1.2.3" } }) },
    /left is not pinned exactly/,
  ],
  [
    "a package that the lock does not know",
    pins,
    { "deno.json": JSON.stringify({ imports: { right: "npm:right@1.2.3" } }) },
    /npm:right@1\.2\.3 of deno\.json is missing/,
  ],
  [
    "a package of a folder that its lock does not know",
    pins,
    {
      "lib/images/apart/deno.json": JSON.stringify({ imports: { right: "npm:right@1.2.3" } }),
      "lib/images/apart/deno.lock": JSON.stringify({ version: "5" }),
    },
    /lib\/images\/apart\/deno\.lock: npm:right@1\.2\.3 of lib\/images\/apart\/deno\.json is missing/,
  ],
  [
    "a loose version in the place of another package",
    pins,
    { "package.json": JSON.stringify({ overrides: { left: "npm:right@1" } }) },
    /package\.json: left is not pinned exactly: npm:right@1/,
  ],
  [
    "a loose Python version",
    pins,
    { "requirements.txt": "numpy>=2\n" },
    /:1: not pinned.*numpy>=2/,
  ],
  [
    "a Python package without a hash",
    pins,
    { "requirements.txt": "# frozen\nnumpy==2.1.0\n" },
    /:2: without a hash: numpy==2\.1\.0/,
  ],
  [
    "a Python package after one of several lines",
    pins,
    { "requirements.txt": `a==1.0 \\\n    ${HASH}\nnumpy==2.1.0\n` },
    /:3: without a hash: numpy==2\.1\.0/,
  ],
  [
    "another Deno",
    pins,
    { ".ci/run": "npx -y deno@2.9.6 task ok\n" },
    /\.ci\/run:1: names deno@2\.9\.6/,
  ],
  [
    "a moving action",
    pins,
    { ".github/workflows/ci.yml": "steps:\n  - uses: actions/checkout@v4.2.2\n" },
    /ci\.yml:2: not pinned to a commit: actions\/checkout@v4/,
  ],
  [
    "a snippet that does not compile",
    readme,
    { "README.md": '```ts\nimport { five } from "detailclip";\nfive();\n```\n' },
    /five/,
  ],
  ["a task that is not there", readme, { "README.md": "`npx -y deno task fly`" }, /names task fly/],
  ["a file that is not there", readme, { "README.md": "![](results/no.svg)" }, /results\/no\.svg/],
  [
    "a table that its rows do not bear out",
    readme,
    {
      "README.md": "<!-- table: results/a.jsonl -->\n\n| method |\n\n<!-- /table -->\n",
      "results/a.jsonl": JSON.stringify({ method: "full image", metric: "recall@1", value: 0.2 }),
    },
    /README\.md has a table that differs from its rows/,
  ],
  [
    "a table without rows",
    readme,
    { "README.md": "<!-- table: results/no.jsonl -->\n<!-- /table -->\n" },
    /results\/no\.jsonl/,
  ],
  [
    "a picture of other rows",
    readme,
    {
      "results/figures/main_result.quick.svg":
        '<svg aria-label="Recall: full image 26 % recall@1"/>',
      "results/rows/main_result.quick.jsonl":
        '{"method":"full image","metric":"recall@1","value":0.3,"low":0.2,"high":0.4}',
    },
    /main_result\.quick\.svg differs from its rows/,
  ],
  ["a missing README", { ...readme, run: (root) => readme.run(join(root, "lib")) }, {}, /missing/],
  ["bad format", format, { "lib/numeric/random.ts": "export const one   = 1\n" }, /random\.ts/],
  [
    "bad format in a cell",
    format,
    { "notebooks/a.ipynb": notebook({ source: ["f( 1,2 )"] }) },
    /a\.ipynb is not formatted/,
  ],
  ["lint", lint, { "lib/numeric/random.ts": "export var one: number = 1;\n" }, /no-var/],
  [
    "a type error",
    types,
    { "lib/numeric/random.ts": 'export const one: number = "1";\n' },
    /TS2322/,
  ],
  [
    "an undocumented export",
    documentation,
    { "lib/covers/mod.ts": "export const two: number = 2;\n" },
    /missing-jsdoc/,
  ],
];

for (const [what, check, changed, says] of CASES) {
  Deno.test(`${check.name}: ${what} is found`, async () => {
    assert.match(await problems(check, changed), says);
  });
}

for (const check of new Set(CASES.map(([, check]) => check))) {
  if (check.name === "README" && check !== readme) continue;
  Deno.test(`${check.name}: nothing is said about a good project`, async () => {
    assert.equal(await problems(check), "");
  });
}

Deno.test("notebook form: what a notebook lacks is named, and one that has it all passes", async () => {
  const source = 'const scale = "quick";\nshowConfiguration([], []);';
  const findings = "## Findings\n\n_Quick scale, seed 7, 2026-11-23_\n\nIt holds.";
  const tags = { metadata: { tags: ["parameters"] } };
  const whole = { "notebooks/a.ipynb": notebook({ source, ...tags }, findings) };
  const listed = { ...whole, "README.md": "| [a](notebooks/a.ipynb) | Table 1 |" };
  assert.equal(await problems(notebookForm, listed), "");
  assert.equal(await problems(notebookForm, whole), "README.md does not name a.ipynb");
  const untagged = { ...listed, "notebooks/a.ipynb": notebook({ source }, findings) };
  assert.match(await problems(notebookForm, untagged), /^a\.ipynb lacks a cell tagged parameters/);
  const bare = { ...listed, "notebooks/a.ipynb": notebook({ source: "1;", ...tags }) };
  assert.match(
    await problems(notebookForm, bare),
    /declares scale\n.*what is run.*\n.*findings in Markdown/,
  );
  const undated = { ...listed, "notebooks/a.ipynb": notebook({ source, ...tags }, "## Findings") };
  assert.match(await problems(notebookForm, undated), /^a\.ipynb lacks findings/);
});

Deno.test("executed copies: what is not the notebook's, and numbers that nobody sees, are named", async () => {
  const findings = "## Findings\n\n_quick scale, seed 7, 2026-01-02_: 72.7 % of 39, not 26 %.";
  const output = { output_type: "stream", text: ["<b>72.7</b> and 25.8"] };
  const copy = (text: string, source = "1;") => notebook({ source, outputs: [output] }, text);
  const files = (text: string, kept?: string) => ({
    "notebooks/a.ipynb": notebook({ source: "1;" }, text),
    "results/rows/a.quick.run.json": '{ "started": "2026-01-02T00:00:00Z" }',
    ...(kept !== undefined && { "results/notebooks/a.ipynb": kept }),
  });
  const say = async (text: string, kept?: string) =>
    await problems(executedCopies, files(text, kept));
  assert.equal(await say(findings, copy(findings)), "");
  assert.match(await say(findings), /^a\.ipynb has no executed copy .*notebooks a --keep/);
  assert.match(await say(findings, copy(findings, "2;")), /is not what its executed copy was/);
  assert.match(await say(findings, copy("# Old")), /has other text than .*notebooks --text/);
  const stopped = { output_type: "error", ename: "Error", evalue: "no", traceback: [] };
  const failed = notebook({ source: "1;", outputs: [output, stopped] }, findings);
  assert.match(await say(findings, failed), /is not what its executed copy was/);
  const wrong = findings.replace("72.7", "72.8").replace("01-02", "01-03");
  assert.match(await say(wrong, copy(wrong)), /of 2026-01-03, no run's date\n.*not show: 72\.8$/);
});

Deno.test("every check runs, also after one that failed or broke; all are counted", async () => {
  const lines: string[] = [];
  const checks: Check[] = [
    { name: "bad", run: () => Promise.resolve(["here: a problem"]) },
    { name: "broken", run: () => Promise.reject(new Error("boom")) },
    { name: "good", run: () => Promise.resolve([]) },
    { name: "long", run: () => Promise.resolve(["line\n".repeat(1000)]) },
  ];
  const totals = await runChecks(checks, ROOT, (line) => lines.push(line));
  assert.deepEqual(totals, { passed: 1, failed: 3, skipped: 0 });
  assert.ok(lines.join("\n").split("\n").length < 100, "long output is cut");
  assert.match(lines.join("\n"), /✗ bad.* s\n {4}here: a problem\n✗ broken[^]*boom\n✓ good/);
});

Deno.test("the native stack of 2.8.1 is left out of messages", () => {
  const output =
    "Check a.ts\nerror: no\n\nStack backtrace:\n   0: <unknown>\n   1: main\n             at x.c\n";
  assert.equal(messages(output), "error: no");
});

Deno.test("rows that a run of one's own wrote over the committed ones make no README untrue", async () => {
  const root = await Deno.makeTempDir();
  const git = async (...args: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    const { code, output } = await capture("git", [...identity, ...args], { cwd: root });
    assert.equal(code, 0, output);
  };
  const row = (value: number) =>
    JSON.stringify({
      method: "a",
      metric: "recall@1",
      value,
      low: 0,
      high: 1,
      vectors: 1,
      subset: "all",
    });
  try {
    await Deno.mkdir(join(root, "results"));
    await Deno.writeTextFile(join(root, "deno.json"), "{}");
    await Deno.writeTextFile(join(root, "results/a.jsonl"), row(0.25));
    const text = "<!-- table: results/a.jsonl -->\n<!-- /table -->\n";
    await Deno.writeTextFile(join(root, "README.md"), await fillTables(text, root));
    await git("init", "-q");
    await git("add", ".");
    await git("commit", "-q", "-m", "rows");
    await Deno.writeTextFile(join(root, "results/a.jsonl"), row(0.26));
    assert.deepEqual(await readme.run(root), []);
    await Deno.writeTextFile(join(root, "README.md"), await fillTables(text, root));
    assert.deepEqual(await readme.run(root), []); // the new rows are as good
    const made = (await fillTables(text, root)).replace("26.0", "62.0");
    await Deno.writeTextFile(join(root, "README.md"), made);
    assert.match((await readme.run(root)).join(), /differs from its rows/);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a page of claims is made from rows and pairs of its experiments, of all kept seeds", () => {
  const kept = [
    ...["main_result.quick.jsonl", "main_result.quick.pairs.jsonl"],
    "seeds/main_result.quick.seed-8.pairs.jsonl",
  ];
  const others = ["fusion.quick.jsonl", "main_result.quick.run.json", "main_result.smoke.jsonl"];
  const used = (text: string) =>
    [...kept, ...others].filter((name) => isUsedBy(text)(`results/rows/${name}`));
  assert.deepEqual(used("<!-- claims -->"), kept);
  assert.deepEqual(used("no table"), []);
  assert.deepEqual(used("<!-- table: results/rows/fusion.quick.jsonl -->\n<!-- /table -->"), [
    "fusion.quick.jsonl",
  ]);
});

Deno.test("rows of two runs stand in one table only where both searched the same images", async () => {
  const root = await Deno.makeTempDir();
  const write = async (name: string, method: string, epochs: number, dataset: string) => {
    const row = {
      method,
      metric: "recall@1",
      value: 0.5,
      low: 0,
      high: 1,
      vectors: 1,
      subset: "all",
    };
    const text = JSON.stringify({ ...row, trained: { images: 9, epochs } });
    await Deno.writeTextFile(join(root, `${name}.jsonl`), text);
    const run = JSON.stringify({ dataset, encoder: "tiny" });
    await Deno.writeTextFile(join(root, `${name}.run.json`), run);
  };
  try {
    await write("a", "DetailCLIP", 4, "one");
    await write("b", "DetailCLIP", 40, "one");
    const text = "<!-- table: a.jsonl + b.jsonl -->\n<!-- /table -->\n";
    assert.match(await fillTables(text, root), /4 epochs[^]*40 epochs/);
    assert.ok(["a.run.json", "b.run.json"].every(isUsedBy(text)));
    await write("b", "DetailCLIP", 40, "two");
    await assert.rejects(
      fillTables(text, root),
      /Cannot put b\.jsonl beside a\.jsonl: they are of another dataset/,
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
