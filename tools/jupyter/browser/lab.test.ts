/**
 * JupyterLab in a browser. The package that drives it is no part of the workspace's install, so this folder has a
 * deno.json of its own:
 *
 *     deno test -A --config tools/jupyter/browser/deno.json tools/jupyter/browser
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
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

/** Opens a copy of the test notebook in a browser, as somebody who starts JupyterLab for the first time. */
async function withLab(use: (page: Page, lab: LabServer) => Promise<void>): Promise<void> {
  await setUpJupyter();
  await Deno.mkdir(join(ROOT, ".cache"), { recursive: true });
  // inside the project, so that the kernel finds deno.json
  const folder = await Deno.makeTempDir({ dir: join(ROOT, ".cache"), prefix: "lab-" });
  await Deno.copyFile(join(ROOT, "tools/jupyter/testdata/lab.ipynb"), join(folder, "lab.ipynb"));
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
    await use(page, lab);
  } finally {
    await browser?.close();
    await lab.close();
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(lab.home, { recursive: true });
  }
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
    await withLab(async (page, lab) => {
      folders = [lab.home, lab.cacheDir];
      const outside: string[] = [];
      page.on("request", (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (/^(http|ws)/.test(protocol) && hostname !== "127.0.0.1") outside.push(request.url());
      });
      await page.goto(new URL(`/lab/tree/lab.ipynb${lab.address.search}`, lab.address).href);
      // not the toolbar's circle, which is idle before there is a kernel
      const idle = () => page.getByText(/^Deno [\d.]+ \| Idle$/).waitFor();
      await idle();
      const cell = (number: number) => page.locator(".jp-Notebook .jp-Cell").nth(number - 1);
      await page.locator(".lm-MenuBar-item", { hasText: /^Run$/ }).click();
      await page.locator(".lm-Menu-item", { hasText: /^Run All Cells/ }).click();

      const said = (number: number, text: string | RegExp) =>
        cell(number).locator(".jp-OutputArea-output", { hasText: text }).first().waitFor();
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

      await page.locator('[data-command="notebook:interrupt-kernel"]').first().click();
      await said(7, /AbortError|InterruptError/);
      await idle();
      await cell(8).locator(".jp-InputArea-editor").click();
      const prompt = cell(8).locator(".jp-InputPrompt"), before = await prompt.innerText();
      await page.keyboard.press("Shift+Enter");
      await prompt.filter({ hasText: /\[\d+\]/, hasNotText: before }).waitFor();
      assert.deepEqual(await outputsOf(cell(8)), ['"the kernel lives: 1"']);

      assert.equal(await page.getByText("Jupyter news").count(), 0, "nobody asks about news");
      assert.deepEqual(outside, [], "nothing is asked of the outside");
    });
    for (const folder of folders) assert.deepEqual(await processesOf(folder), []);
  },
});
