import assert from "node:assert/strict";
import { join } from "node:path";
import { checkFolder } from "./cache_dir.ts";

Deno.test("checkFolder: refuses a file, a folder in a file and one that cannot be written", async () => {
  const root = await Deno.makeTempDir();
  try {
    const file = join(root, "file");
    await Deno.writeTextFile(file, "");
    checkFolder(root, "THERE");
    checkFolder(join(root, "new", "folder"), "NEW");
    assert.deepEqual([...Deno.readDirSync(root)].map(({ name }) => name), ["file"], "none is made");
    assert.throws(
      () => checkFolder(file, "RUNS"),
      /^Error: Cannot use the folder .* of RUNS: .*file is no/,
    );
    assert.throws(() => checkFolder(join(file, "in"), "RUNS"), /file is no folder$/);
    checkFolder(root, "COMPLETE", { complete: true });
    if (Deno.uid() === 0 || Deno.build.os === "windows") return; // root may write everywhere
    await Deno.chmod(root, 0o500);
    assert.throws(() => checkFolder(join(root, "new"), "RUNS"), /nothing can be written in/);
    await Deno.chmod(root, 0o700);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
