import assert from "node:assert/strict";
import { join } from "node:path";
import { setUpJupyter } from "./kernel/kernelspec.ts";
import { labArguments } from "./lab.ts";
import { ROOT } from "./project.ts";

Deno.test("the arguments: browser and port on demand, root told to Jupyter", () => {
  assert.ok(!labArguments([], 1000).includes("--no-browser"));
  assert.ok(!labArguments([], 1000).includes("--allow-root"));
  const args = labArguments(["--no-browser", "--port", "8890"], 0);
  for (const wanted of ["--no-browser", "--ServerApp.port=8890", "--allow-root"]) {
    assert.ok(args.includes(wanted), wanted);
  }
  assert.throws(() => labArguments(["--nonsense"], 1000), /nonsense/);
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

/** Reads a server's log until it tells its address, and goes on reading so that it never blocks. */
function serverAddress(log: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<URL> {
  const { promise, resolve, reject } = Promise.withResolvers<URL>();
  (async () => {
    let text = "";
    for await (const piece of log.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const address = text.match(/http:\/\/(?:localhost|127\.0\.0\.1):\d+\/lab\?token=\w+/);
      if (address) resolve(new URL(address[0]));
    }
    reject(new Error(`the server ended without telling its address:\n${text}`));
  })();
  return promise;
}

Deno.test("JupyterLab offers the Deno kernel only, and writes nothing into the home folder", async () => {
  await setUpJupyter();
  const home = await Deno.makeTempDir();
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "tools", "lab.ts"), "--no-browser", "--port", "0"],
    env: { HOME: home },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    const address = await serverAddress(server.stderr);
    address.hostname = "127.0.0.1"; // "localhost" may mean ::1, where nobody listens
    const get = async (path: string, tries = 50): Promise<ReturnType<typeof JSON.parse>> => {
      try {
        return await (await fetch(new URL(path + address.search, address.origin))).json();
      } catch (error) {
        if (tries === 0) throw error; // the address is told a moment before it answers
        await new Promise((resolve) => setTimeout(resolve, 100));
        return get(path, tries - 1);
      }
    };
    const { default: first, kernelspecs } = await get("/api/kernelspecs");
    assert.equal(first, "deno");
    assert.deepEqual(Object.keys(kernelspecs), ["deno"]);
    assert.equal(kernelspecs.deno.spec.argv[0], Deno.execPath());
    assert.equal((await get("/api/contents")).type, "directory");
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
  const strange = (await filesUnder(home)).filter((file) => !/^(\.cache\/deno|\.npm)\//.test(file));
  await Deno.remove(home, { recursive: true });
  assert.deepEqual(strange, []);
});
