/** The static site in a browser: at three widths, light and dark, without a kernel. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { findBrowser } from "../browser.ts";
import { captureDeno, ROOT } from "../../project.ts";

const executablePath = await findBrowser();

/** A notebook as it is executed: wide figures and tables, long lines, and a slider. */
async function executedNotebook(folder: string): Promise<void> {
  const code = `import { Figure, slider } from "detailclip";
    const figure = (k: number) => new Figure(
      '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="200" aria-label="k is ' + k + '"><text y="20">' + k + '</text></svg>',
      900, 200, "k is " + k);
    console.log((await slider({ k: [2, 5, 10] }, ({ k }) => figure(k))).html);
    Deno.exit();`;
  const { output: html } = await captureDeno(["eval", "--quiet", code], { cwd: ROOT });
  const cells = ["claim, and what is measured ".repeat(4), "12.5"].map((text) =>
    `<td>${text}</td>`
  );
  const table = `<table><tr>${cells.join("").repeat(8)}</tr></table>`;
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="300"><rect width="1600" height="300"/></svg>';
  const result = (data: Record<string, string>) => ({
    ...{ output_type: "execute_result", execution_count: 1, metadata: {}, data },
  });
  let cellsMade = 0;
  const codeCell = (source: string, outputs: unknown[]) => ({
    ...{ cell_type: "code", id: `code-${cellsMade++}`, metadata: {}, execution_count: 1 },
    ...{ source, outputs },
  });
  const notebook = {
    cells: [
      { cell_type: "markdown", id: "head", metadata: {}, source: "# A heading\n\nText." },
      codeCell("figure", [result({ "image/svg+xml": svg })]),
      codeCell("table", [result({ "text/html": table })]),
      codeCell("slider", [result({ "text/html": html })]),
      codeCell(`"${"long ".repeat(80)}"`, [{
        ...{ output_type: "stream", name: "stdout", text: "word".repeat(200) },
      }]),
    ],
    metadata: { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } },
    ...{ nbformat: 4, nbformat_minor: 5 },
  };
  await Deno.writeTextFile(join(folder, "01_example.ipynb"), JSON.stringify(notebook));
}

Deno.test({
  name:
    "the site in a browser: nothing is wider than the window, and sliders move without a kernel",
  ignore: executablePath === undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await executedNotebook(folder);
      const task = join(ROOT, "tools", "commands", "site.ts"), out = join(folder, "site");
      const args = ["run", "-A", task, "--out", out, "--notebooks", folder, "--no-api"];
      const { code, output } = await captureDeno(args, { cwd: ROOT });
      assert.equal(code, 0, output);
      const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
      try {
        for (const width of [1300, 768, 390]) {
          for (const colorScheme of ["light", "dark"] as const) {
            const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
            for (const name of ["index.html", "01_example.html"]) {
              await page.goto(pathToFileURL(join(out, name)).href);
              const { wide, cut, ground } = await page.evaluate(() => ({
                wide: document.documentElement.scrollWidth,
                cut: [...document.querySelectorAll("main img, main svg")]
                  .filter((image) => image.getBoundingClientRect().right > innerWidth).length,
                ground: getComputedStyle(document.body).backgroundColor,
              }));
              assert.equal(wide, width, `${name} at ${width} px`);
              assert.equal(cut, 0, `figures of ${name} at ${width} px`);
              assert.equal(ground === "rgb(255, 255, 255)", colorScheme === "light");
            }
            const cell = page.locator("td").first();
            assert.equal(await cell.evaluate((td) => getComputedStyle(td).textAlign), "left");
            const input = page.locator("input[type=range]"),
              image = page.locator("[data-live] > img");
            assert.match(await page.locator("small").innerText(), /no kernel here/);
            await input.press("End");
            await page.locator("small", { hasText: "this is k = 10, drawn ahead" }).waitFor();
            assert.equal(await image.getAttribute("alt"), "k is 10");
            await page.close();
          }
        }
      } finally {
        await browser.close();
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
