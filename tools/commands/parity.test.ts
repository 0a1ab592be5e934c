import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../project.ts";

const FILE = join(ROOT, "lib", "fusion", "testdata", "fusion_small.safetensors");

/** Runs the tool; standard output and error apart, since the output is one line of JSON. */
async function parity(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "tools", "commands", "parity.ts"), ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

for (const engine of ["native", "wasm"]) {
  Deno.test(`parity prints one line of JSON (${engine})`, async () => {
    const { code, out, err } = await parity(FILE, "--heads", "3", "--engine", engine);
    assert.equal(code, 0, err);
    assert.match(out, /^\{.*\}\n$/);
    assert.match(err, /^equal: no part differs by more than 0\.0001$/m);
    const found = JSON.parse(out);
    assert.deepEqual(Object.keys(found), ["output", "gradient", "losses"]);
    for (const [name, value] of Object.entries(found)) {
      assert.ok(typeof value === "number" && value > 0 && value < 1e-4, `${name} is ${value}`);
    }
  });
}

Deno.test("the heads matter", async () => {
  const { code, out, err } = await parity(FILE, "--heads", "2", "--engine", "wasm");
  assert.equal(code, 1);
  assert.match(err, /^different: output.* by more than 0\.0001$/m);
  assert.ok(JSON.parse(out).output > 1e-3);
});

Deno.test("a wrong call ends with 2 and the usage, a wrong file with 1 and the reason", async () => {
  const ends = async (args: string[], code: number, message: RegExp) => {
    const result = await parity(...args);
    assert.equal(result.code, code, result.err);
    assert.equal(result.out, "");
    assert.match(result.err, message);
    assert.equal(result.err.includes("Usage: deno task parity FILE --heads H"), code === 2);
  };
  await ends([], 2, /expected one FILE, got 0/);
  await ends([FILE, FILE, "--heads", "3"], 2, /expected one FILE, got 2/);
  await ends([FILE], 2, /--heads: expected a positive integer, got none/);
  await ends([FILE, "--heads", "two"], 2, /--heads: expected a positive integer, got two/);
  await ends([FILE, "--heads", "0"], 2, /--heads: expected a positive integer, got 0/);
  await ends(
    [FILE, "--heads", "3", "--engine", "gpu"],
    2,
    /--engine: expected webgpu, native, wasm/,
  );
  await ends([FILE, "--heads", "3", "--speed"], 2, /Cannot read the command line: Unknown option/);
  const wasm = ["--engine", "wasm", "--heads"];
  await ends([FILE, ...wasm, "5"], 1, /heads must divide D = 12, got 5/);
  await ends([join(ROOT, "none"), ...wasm, "3"], 1, /^error: Cannot read .*none/m);
  await ends(
    [join(ROOT, "deno.json"), ...wasm, "3"],
    1,
    /^error: Cannot read .*deno.json: its header/m,
  );
});
