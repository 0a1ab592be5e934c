import assert from "node:assert/strict";
import { join } from "node:path";
import { setUpJupyter } from "../jupyter/kernelspec.ts";
import { labArguments, outsideNotice, requireFolder } from "./lab.ts";
import { startLab } from "../jupyter/lab_testing.ts";
import { ROOT } from "../project.ts";

Deno.test("a folder outside of the workspace is opened with a word of warning", () => {
  for (const folder of [[], ["notebooks"], [join(ROOT, "notebooks")], [ROOT]]) {
    assert.equal(outsideNotice(labArguments(folder).folder), undefined, folder.join());
  }
  assert.match(outsideNotice(labArguments(["/"]).folder)!, /^\/ is outside of .*cannot import/);
  assert.match(outsideNotice(labArguments([`${ROOT}-2`]).folder)!, /cannot import/);
});

Deno.test("a folder that is not there, or is a file, is refused before anything is installed", () => {
  requireFolder(labArguments([]).folder); // that of the copies is made
  requireFolder(ROOT);
  assert.throws(
    () => requireFolder(join(ROOT, "none")),
    /JupyterLab on .*none: there is no such f/,
  );
  assert.throws(() => requireFolder(join(ROOT, "deno.json")), /deno\.json: it is no folder/);
});

Deno.test("the arguments: folder, browser and port on demand, root told to Jupyter", () => {
  assert.ok(!labArguments([], 1000).args.includes("--no-browser"));
  assert.ok(!labArguments([], 1000).args.includes("--allow-root"));
  assert.ok(labArguments([]).args.includes(`--ServerApp.root_dir=${join(ROOT, "my-notebooks")}`));
  const { args } = labArguments(["/tmp", "--no-browser", "--port", "8890"], 0);
  for (
    const wanted of [
      "--ServerApp.root_dir=/tmp",
      "--no-browser",
      "--ServerApp.port=8890",
      "--allow-root",
    ]
  ) {
    assert.ok(args.includes(wanted), wanted);
  }
  assert.throws(() => labArguments(["--nonsense"], 1000), /nonsense/);
  for (const port of ["x", "", "-1", "1.5", "65536"]) {
    const wrong = { message: `Cannot read --port: expected a number from 0 to 65535, got ${port}` };
    assert.throws(() => labArguments([`--port=${port}`]), wrong);
  }
  assert.throws(() => labArguments(["a", "b"]), /Cannot open JupyterLab on 2 folders at once/);
});

/** Every file under a folder, as paths from it. */
async function filesUnder(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.isDirectory) found.push(entry.name);
    else {for (const file of await filesUnder(join(folder, entry.name))) {
        found.push(`${entry.name}/${file}`);
      }}
  }
  return found;
}

Deno.test("JupyterLab offers the Deno kernel only, and writes nothing into the home folder", async () => {
  await setUpJupyter();
  const folder = await Deno.makeTempDir();
  const { address, home, close } = await startLab(folder);
  try {
    const get = async (path: string): Promise<ReturnType<typeof JSON.parse>> =>
      await (await fetch(new URL(path + address.search, address.origin))).json();
    const { default: first, kernelspecs } = await get("/api/kernelspecs");
    assert.equal(first, "deno");
    assert.deepEqual(Object.keys(kernelspecs), ["deno"]);
    assert.equal(kernelspecs.deno.spec.argv[2], Deno.execPath());
    assert.equal((await get("/api/contents")).type, "directory");
  } finally {
    await close();
    await Deno.remove(folder, { recursive: true });
  }
  const strange = (await filesUnder(home)).filter((file) => !/^(\.cache\/deno|\.npm)\//.test(file));
  await Deno.remove(home, { recursive: true });
  assert.deepEqual(strange, []);
});
