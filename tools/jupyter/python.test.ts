import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { captureDeno } from "../project.ts";
import { ensureVenv, REQUIREMENTS } from "./python.ts";

const show = { output: "silent" } as const;

/** A folder with an empty list of requirements, so that nothing is downloaded. */
async function withRoot(work: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(dirname(join(root, REQUIREMENTS)), { recursive: true });
    await Deno.writeTextFile(join(root, REQUIREMENTS), "# nothing\n");
    await work(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/**
 * A Python that makes environments in no time: a shell script that copies itself as the environment's
 * Python and writes down what pip was asked for.
 */
async function quickPython(root: string): Promise<string> {
  const script = `#!/bin/sh
[ "$1" = -c ] && { echo 3.12.0; exit 0; }
if [ "$2" = venv ]; then rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python"; exit; fi
sleep 0.3; echo "$@" >> "$(dirname "$0")/../pip.log"
`;
  const path = join(root, "python");
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

Deno.test("a missing Python is named, with what is needed", () =>
  withRoot(async (root) => {
    await assert.rejects(
      ensureVenv({ root, python: "no-such-python", show }),
      /Cannot set up Python: there is no program no-such-python. Python 3\.10 or newer/,
    );
  }));

Deno.test("a Python that is too old, and one without venv, are refused with what to do", () =>
  withRoot(async (root) => {
    const fake = async (name: string, script: string) => {
      await Deno.writeTextFile(join(root, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return join(root, name);
    };
    const old = await fake("old", "echo 3.8.1");
    await assert.rejects(
      ensureVenv({ root, python: old, show }),
      /is 3\.8\.1\. Python 3\.10/,
    );
    const bare = await fake(
      "bare",
      `[ "$1" = -c ] && { echo 3.12.0; exit 0; }; echo No module named venv >&2; exit 1`,
    );
    await assert.rejects(
      ensureVenv({ root, python: bare, show }),
      /Cannot make \.venv[^]*No module named venv[^]*python3-venv/,
    );
  }));

Deno.test("the environment is made once, and again when the requirements change", () =>
  withRoot(async (root) => {
    const python = await quickPython(root);
    const messages: string[] = [];
    const show = { output: "log", write: (line: string) => void messages.push(line) } as const;
    const venv = await ensureVenv({ root, python, show });
    assert.match(
      await Deno.readTextFile(join(venv.path, "pip.log")),
      /-r .*requirements\/jupyter\.txt/,
    );
    const marker = join(venv.path, "marker");
    await Deno.writeTextFile(marker, "");
    assert.match(messages.join(""), /^Make \.venv.*\n.*done[^]*Install JupyterLab.*\n.*done.*\n$/);
    messages.length = 0;
    await ensureVenv({ root, python, show });
    assert.deepEqual(messages, []);
    await Deno.stat(marker);
    await Deno.writeTextFile(join(root, REQUIREMENTS), "# changed\n");
    await ensureVenv({ root, python, show });
    assert.ok(messages.length > 0);
    await assert.rejects(Deno.stat(marker), Deno.errors.NotFound);
  }));

Deno.test("a set-up that was broken off is begun again", () =>
  withRoot(async (root) => {
    const venv = await ensureVenv({ root, python: await quickPython(root), show });
    await Deno.remove(join(venv.path, "requirements.stamp")); // written last
    await Deno.writeTextFile(join(venv.path, "half"), "");
    await ensureVenv({ root, python: join(root, "python"), show });
    await assert.rejects(Deno.stat(join(venv.path, "half")), Deno.errors.NotFound);
  }));

Deno.test("of two processes that ask at once, one sets up and the other waits", () =>
  withRoot(async (root) => {
    const python = await quickPython(root);
    const script = join(root, "ask.ts");
    const source = `import { ensureVenv, REQUIREMENTS } from ${
      JSON.stringify(new URL("./python.ts", import.meta.url).href)
    };\nconsole.log((await ensureVenv({ root: Deno.args[0] })).python);\n`;
    await Deno.writeTextFile(script, source);
    const ask = () =>
      captureDeno(["run", "-A", "--no-check", script, root], { env: { PYTHON: python } });
    const results = await Promise.all([ask(), ask()]);
    assert.deepEqual(results.map((result) => result.code), [0, 0], results[0].output);
    const setUps = results.filter((result) => result.output.includes("Make .venv"));
    assert.equal(setUps.length, 1);
  }));
