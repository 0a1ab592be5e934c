import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { extractFeatures } from "./extract.ts";
import { digestFeatures } from "./store.ts";
import { filesDataset, hashEncoder, withFolder, writeImages } from "./testing.ts";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const COVER = { scheme: "full" } as const;

/** Extracts in a process that may write nothing; what it says, or why it failed. */
async function extractReadOnly(paths: readonly string[], cacheDir: string): Promise<string> {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url));
  const code = `
    import { extractFeatures } from ${module("./extract.ts")};
    import { digestFeatures } from ${module("./store.ts")};
    import { filesDataset, hashEncoder } from ${module("./testing.ts")};
    const dataset = filesDataset(${JSON.stringify(paths)}), encoder = hashEncoder();
    const options = { dataset, encoder, cover: ${JSON.stringify(COVER)} };
    try {
      const store = await extractFeatures({ ...options, cacheDir: ${JSON.stringify(cacheDir)} });
      const { ledger } = store;
      console.log(await digestFeatures(store), ledger.map(({ reason }) => reason).join());
    } catch (error) {
      console.log(error.message);
    }`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", `--config=${CONFIG}`, "--no-prompt"],
      ...["--allow-read", "--allow-env", "--allow-ffi", "--allow-sys", "-"],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout).trim();
}

Deno.test("read-only: a complete cache is used, with what is broken; an incomplete one is named at once", () =>
  withFolder(async (folder) => {
    const paths = await writeImages(join(folder, "images"), 3), cacheDir = join(folder, "cache");
    const bad = join(folder, "bad.png"), gone = join(folder, "gone.png");
    await Deno.writeTextFile(bad, "no image");
    const options = { encoder: hashEncoder(), cover: COVER, cacheDir };
    const dataset = filesDataset([...paths, bad]);
    const digest = await digestFeatures(await extractFeatures({ ...options, dataset }));
    assert.equal(await extractReadOnly([...paths, bad], cacheDir), `${digest} not an image`);
    // a file that is missing now cannot be noted, and is known in this run all the same
    const said = await extractReadOnly([...paths, bad, gone], cacheDir);
    assert.equal(said, `${digest} not an image,unreadable file`);
    const [more] = await writeImages(join(folder, "more"), 1, { seed: 2 });
    assert.match(
      await extractReadOnly([...paths, more], cacheDir),
      /^Cannot write features to .*cache\/full-hash.*, and some are missing there: /,
    );
  }));
