/**
 * JupyterLab in a browser. The package that drives it is no part of the workspace's install, so this folder has a
 * deno.json of its own:
 *
 *     deno test -A --config tools/jupyter/browser/deno.json tools/jupyter/browser
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { exists } from "../../checks/check.ts";
import { findBrowser } from "../browser.ts";
import { setUpJupyter } from "../kernelspec.ts";
import { type LabServer, startLab } from "../lab_testing.ts";
import { ROOT } from "../../project.ts";

/** For anything that should take much less. */
const PATIENCE = 60_000;

const executablePath = await findBrowser();
if (executablePath === undefined) {
  console.log(
    "JupyterLab is not opened: there is no Chromium or Chrome here; CHROMIUM may name one",
  );
}

const TESTDATA = join(ROOT, "tools", "jupyter", "testdata");

/** A browser's page, a server and the folder that it shows. */
interface Lab {
  page: Page;
  lab: LabServer;
  folder: string;
}

/**
 * Opens a browser for JupyterLab, as somebody who starts it for the first time.
 *
 * @param notebooks copies notebooks into the folder that it shows
 */
async function withLab(
  notebooks: (folder: string) => Promise<void>,
  use: (lab: Lab) => Promise<void>,
): Promise<void> {
  await setUpJupyter();
  await Deno.mkdir(join(ROOT, ".cache"), { recursive: true });
  // inside the project, so that the kernel finds deno.json
  const folder = await Deno.makeTempDir({ dir: join(ROOT, ".cache"), prefix: "lab-" });
  await notebooks(folder);
  const lab = await startLab(folder);
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({
      executablePath,
      chromiumSandbox: false, // root has none
      args: ["--disable-dev-shm-usage"],
      env: { ...Deno.env.toObject(), HOME: lab.home },
    });
    // tall: JupyterLab renders cells only where they can be seen
    const page = await browser.newPage({ viewport: { width: 1200, height: 3000 } });
    page.setDefaultTimeout(PATIENCE);
    await use({ page, lab, folder });
  } finally {
    await browser?.close();
    await lab.close();
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(lab.home, { recursive: true });
  }
}

/** Opens a notebook and waits for its kernel. */
async function openNotebook({ page, lab }: Lab, name: string) {
  await page.goto(new URL(`/lab/tree/${name}${lab.address.search}&reset`, lab.address).href);
  const press = (command: string) => page.locator(`[data-command="${command}"]`).first().click();
  const prompts = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt");
  /** Does something and waits until a cell has a new number for it. */
  const numbered = async (prompt: Locator, act: () => Promise<void>) => {
    const before = await prompt.innerText();
    await act();
    await prompt.filter({ hasText: /\[\d+\]/, hasNotText: before }).waitFor();
  };
  const notebook = {
    cell: (number: number) => page.locator(".jp-Notebook .jp-Cell").nth(number - 1),
    /** Waits until a cell shows a text. */
    said: (number: number, text: string | RegExp) =>
      notebook.cell(number).locator(".jp-OutputArea-output", { hasText: text }).first().waitFor(),
    // not the toolbar's circle, which is idle before there is a kernel
    idle: () => page.getByText(/^Deno [\d.]+ \| Idle$/).waitFor(),
    /** Queues all cells; when it returns, the first has run and the others' old outputs are gone. */
    runAll: () =>
      numbered(prompts.first(), async () => {
        await page.locator(".lm-MenuBar-item", { hasText: /^Run$/ }).click();
        await page.locator(".lm-Menu-item", { hasText: /^Run All Cells/ }).click();
      }),
    stop: () => press("notebook:interrupt-kernel"),
    async restart() {
      await press("notebook:restart-kernel");
      await page.locator(".jp-Dialog .jp-mod-accept").click();
    },
    /** Runs one cell by hand and waits for its end. */
    run: (number: number) =>
      numbered(notebook.cell(number).locator(".jp-InputPrompt"), async () => {
        await notebook.cell(number).locator(".jp-InputArea-editor").click();
        await page.keyboard.press("Shift+Enter");
      }),
    /** Waits until no cell waits or runs. */
    async settled() {
      for (const prompt of await prompts.all()) await prompt.filter({ hasNotText: "*" }).waitFor();
      await notebook.idle();
    },
  };
  await notebook.idle();
  return notebook;
}

/** The pictures, tables and texts under one cell, in one line each. */
async function outputsOf(cell: Locator): Promise<string[]> {
  const outputs = await cell.locator(".jp-OutputArea-output").all();
  return await Promise.all(outputs.map(async (output) => {
    const [image] = await output.locator("img").all();
    if (!image) return await output.innerText();
    const source = decodeURIComponent(await image.getAttribute("src") ?? "");
    const { width = 0, height = 0 } = await image.boundingBox() ?? {};
    assert.ok(width > 100 && height > 100, "the picture can be seen");
    return source.replaceAll(/<[^>]*>/g, " ");
  }));
}

/** Processes that name a folder in their command line; none where the system does not tell. */
async function processesOf(folder: string): Promise<string[]> {
  if (Deno.build.os !== "linux") return [];
  const commands = await Promise.all(
    [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name))
      .map(({ name }) => Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "")),
  );
  return commands.filter((command) => command.includes(folder));
}

Deno.test({
  name: "JupyterLab in a browser: Run All puts plots and tables under their cells, Stop stops",
  ignore: executablePath === undefined,
  async fn() {
    let folders: string[] = [];
    const copy = (folder: string) =>
      Deno.copyFile(join(TESTDATA, "lab.ipynb"), join(folder, "lab.ipynb"));
    await withLab(copy, async (opened) => {
      const { page, lab } = opened;
      folders = [lab.home, lab.cacheDir];
      const outside: string[] = [];
      page.on("request", (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (/^(http|ws)/.test(protocol) && hostname !== "127.0.0.1") outside.push(request.url());
      });
      const { cell, said, idle, runAll, stop, run } = await openNotebook(opened, "lab.ipynb");
      await runAll();
      await said(7, "cell 7 waits"); // so the cells above have ended
      const outputs = await Promise.all([2, 3, 4, 5, 6, 7].map((n) => outputsOf(cell(n))));
      const expected = [
        [],
        [/plot of cell 3/],
        [/table of cell 4/],
        [/^print of cell 5\s*$/, /plot of cell 5/],
        [/^Reading of cell 6\s*$/],
        [/^cell 7 waits\s*$/],
      ];
      assert.deepEqual(outputs.map((texts) => texts.length), expected.map(({ length }) => length));
      expected.forEach((patterns, c) =>
        patterns.forEach((pattern, i) => assert.match(outputs[c][i], pattern))
      );
      assert.equal(await cell(3).locator(".jp-RenderedSVG").count(), 1);
      assert.equal(await cell(4).locator("table").count(), 1);

      await stop();
      await said(7, /AbortError|InterruptError/);
      await idle();
      await run(8);
      assert.deepEqual(await outputsOf(cell(8)), ['"the kernel lives: 1"']);

      assert.equal(await page.getByText("Jupyter news").count(), 0, "nobody asks about news");
      assert.deepEqual(outside, [], "nothing is asked of the outside");
    });
    for (const folder of folders) assert.deepEqual(await processesOf(folder), []);
  },
});

/** Copies the notebook of queued cells: as it is, and with another second cell. */
async function copyQueue(folder: string): Promise<void> {
  const seconds = {
    stopped: undefined,
    failing: `ran.push("cell 2");\nnull.property;`,
    catching: `try {\n  null.property;\n} catch {\n  ran.push("caught");\n}`,
  };
  for (const [name, source] of Object.entries(seconds)) {
    const notebook = JSON.parse(await Deno.readTextFile(join(TESTDATA, "queue.ipynb")));
    if (source) notebook.cells[1].source = source;
    await Deno.mkdir(join(folder, name));
    await Deno.writeTextFile(join(folder, name, `${name}.ipynb`), JSON.stringify(notebook));
  }
}

/** What cells 3 and 4 of a notebook of queued cells have done; it is removed. */
async function takeTraces(folder: string): Promise<string[]> {
  const traces: string[] = [];
  const file = join(folder, "cell-3.txt"), drawn = join(folder, "cell-4");
  if (await exists(file)) traces.push(await Deno.readTextFile(file));
  if (await exists(drawn)) traces.push("cell 4");
  for (const path of [file, drawn]) await Deno.remove(path, { recursive: true }).catch(() => {});
  return traces;
}

Deno.test({
  name:
    "JupyterLab in a browser: cells queued behind Stop or an error do nothing, and run afterwards",
  ignore: executablePath === undefined,
  fn: () =>
    withLab(copyQueue, async (lab) => {
      const stopped = await openNotebook(lab, "stopped/stopped.ipynb");
      for (let turn = 1; turn <= 2; turn++) {
        await stopped.runAll();
        await stopped.said(2, "cell 2 draws");
        await stopped.stop();
        await stopped.said(2, /InterruptError/);
        await stopped.settled();
        assert.deepEqual(await takeTraces(join(lab.folder, "stopped")), [], `stop ${turn}`);
        await stopped.run(3);
        assert.deepEqual(await takeTraces(join(lab.folder, "stopped")), ["cell 1, cell 2"]);
      }

      const failing = await openNotebook(lab, "failing/failing.ipynb");
      await failing.runAll();
      await failing.said(2, /TypeError/);
      await failing.settled();
      assert.deepEqual(await takeTraces(join(lab.folder, "failing")), []);
      await failing.run(3);
      assert.deepEqual(await takeTraces(join(lab.folder, "failing")), ["cell 1, cell 2"]);

      const catching = await openNotebook(lab, "catching/catching.ipynb");
      for (const turn of ["first", "after a restart"]) {
        if (turn === "after a restart") {
          await catching.restart();
          await catching.run(3);
          await catching.said(3, /ReferenceError/); // the variables are gone
        }
        await catching.runAll();
        await catching.said(4, "cell 4 ends");
        await catching.settled();
        const expected = ["cell 1, caught", "cell 4"];
        assert.deepEqual(await takeTraces(join(lab.folder, "catching")), expected, turn);
      }
    }),
});

/** The words of the picture that a slider shows. */
async function shownBy(cell: Locator): Promise<string> {
  const image = cell.locator("div[data-live] > img");
  const text = await image.evaluate(async ({ src }: HTMLImageElement) =>
    await (await fetch(src)).text()
  );
  const title = /<title>([^<]*)/.exec(text)?.[1];
  assert.equal(await image.getAttribute("alt"), title);
  return title ?? "";
}

Deno.test({
  name: "JupyterLab in a browser: a slider redraws, also after Stop; without its kernel it says so",
  ignore: executablePath === undefined,
  fn: () =>
    withLab(
      (folder) => Deno.copyFile(join(TESTDATA, "slider.ipynb"), join(folder, "slider.ipynb")),
      async (lab) => {
        const { page, folder } = lab;
        const { cell, said, idle, runAll, stop, run, restart } = await openNotebook(
          lab,
          "slider.ipynb",
        );
        const input = cell(2).locator("input[type=range]"), note = cell(2).locator("small");
        const output = cell(2).locator("output");
        /** Moves by the keyboard and waits for the new picture. */
        const move = async (key: string, cover: string) => {
          await input.press(key);
          await output.filter({ hasText: cover.slice(3) }).waitFor();
          await note.filter({ hasText: /^$/ }).waitFor({ state: "attached" }); // empty, so not visible
          assert.match(await shownBy(cell(2)), new RegExp(`${cover} over an image`));
        };
        await runAll();
        await said(3, "cell 3 waits");
        assert.match(await shownBy(cell(2)), /cc@3 over an image/);
        await move("ArrowRight", "cc@4"); // while another cell waits
        await stop();
        await said(3, /AbortError|InterruptError/);
        await idle();
        await move("End", "cc@6");
        await move("Home", "cc@2");
        assert.equal(await cell(2).locator("details:visible").count(), 0);

        await restart();
        await idle();
        for (let step = 0; step < 3; step++) await input.press("ArrowRight");
        await note.filter({ hasText: /run the cell again.*; this is k = 6, drawn ahead/ })
          .waitFor();
        assert.match(await shownBy(cell(2)), /cc@6 over an image/, "the nearest to 5 drawn ahead");
        await run(2);
        await said(2, /ReferenceError/); // the variables are gone
        await run(1);
        await run(2);
        await move("ArrowRight", "cc@4");

        // a notebook whose outputs nobody here has computed may run no script
        await page.locator('[data-command="docmanager:save"]').first().click();
        const path = join(folder, "slider.ipynb");
        const saved = async (): Promise<string> => {
          const text = await Deno.readTextFile(path);
          if (text.includes("<details")) return text;
          await page.waitForTimeout(200);
          return await saved();
        };
        const foreign = (await saved()).replaceAll("cell 3 waits", "cell 3 waited");
        await Deno.writeTextFile(join(folder, "foreign.ipynb"), foreign);
        const { cell: foreignCell } = await openNotebook(lab, "foreign.ipynb");
        await foreignCell(2).locator("details").first().waitFor();
        assert.deepEqual(await foreignCell(2).locator("summary").allInnerTexts(), [
          "k = 3",
          "k = 2",
          "k = 6",
        ]);
        assert.equal(await foreignCell(2).locator("div[data-live]").count(), 0);
        assert.equal(await foreignCell(2).locator("details img:visible").count(), 1);
        assert.equal(await foreignCell(2).locator("input:visible").count(), 0);
      },
    ),
});
