import assert from "node:assert/strict";
import { join } from "node:path";
import { findBrowser } from "./browser.ts";

Deno.test("a browser is found on the PATH, by preference, or where CHROMIUM says", async () => {
  const told = Deno.env.get("CHROMIUM");
  const folder = await Deno.makeTempDir();
  const [chrome, chromium] = ["google-chrome", "chromium"].map((name) => join(folder, name));
  try {
    Deno.env.delete("CHROMIUM");
    assert.equal(await findBrowser(`/nowhere:${folder}`), undefined);
    await Deno.writeTextFile(chrome, "");
    assert.equal(await findBrowser(`/nowhere:${folder}`), chrome);
    await Deno.writeTextFile(chromium, "");
    assert.equal(await findBrowser(folder), chromium);
    Deno.env.set("CHROMIUM", chrome);
    assert.equal(await findBrowser(folder), chrome);
    Deno.env.set("CHROMIUM", join(folder, "none"));
    await assert.rejects(findBrowser(folder), /Cannot open a browser: CHROMIUM names .*none/);
  } finally {
    if (told === undefined) Deno.env.delete("CHROMIUM");
    else Deno.env.set("CHROMIUM", told);
    await Deno.remove(folder, { recursive: true });
  }
});
