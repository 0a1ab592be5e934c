import assert from "node:assert/strict";
import { join } from "node:path";
import {
  canonicalJson,
  createLocked,
  entriesIn,
  readTextIfThere,
  removeLeftovers,
  sha256,
  sha256File,
  writeAtomic,
} from "./files.ts";

async function inTemporaryFolder(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("writeAtomic makes missing folders, replaces the old file and leaves nothing else", () =>
  inTemporaryFolder(async (directory) => {
    const path = join(directory, "a/b/c.txt");
    await writeAtomic(path, "one");
    await writeAtomic(path, new TextEncoder().encode("two"));
    assert.equal(await Deno.readTextFile(path), "two");
    assert.deepEqual([...Deno.readDirSync(join(directory, "a/b"))].map((f) => f.name), ["c.txt"]);
  }));

Deno.test("writeAtomic by many writers leaves one whole version", () =>
  inTemporaryFolder(async (directory) => {
    const path = join(directory, "shared.txt");
    const versions = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(100_000));
    await Promise.all(versions.map((text) => writeAtomic(path, text)));
    assert.ok(versions.includes(await Deno.readTextFile(path)));
    assert.equal([...Deno.readDirSync(directory)].length, 1);
  }));

Deno.test("a failed writeAtomic keeps the old file and removes its temporary one", () =>
  inTemporaryFolder(async (directory) => {
    const path = join(directory, "folder");
    await Deno.mkdir(path); // a folder cannot be replaced by a file
    await Deno.writeTextFile(join(path, "kept.txt"), "kept");
    await assert.rejects(writeAtomic(path, "new"), ({ message }: Error) => message.includes(path));
    assert.equal(await Deno.readTextFile(join(path, "kept.txt")), "kept");
    assert.deepEqual([...Deno.readDirSync(directory)].map((f) => f.name), ["folder"]);
  }));

Deno.test("sha256 of text, bytes and a file agree with the standard's example", () =>
  inTemporaryFolder(async (directory) => {
    const golden = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-2, "abc"
    assert.equal(sha256("abc"), golden);
    assert.equal(sha256(new TextEncoder().encode("abc")), golden);
    const path = join(directory, "abc");
    await Deno.writeTextFile(path, "abc");
    assert.equal(await sha256File(path), golden);
  }));

Deno.test("canonicalJson sorts keys at every depth and keeps the order of arrays", () => {
  assert.equal(
    canonicalJson({ b: [2, 1], a: { d: 1, c: null } }),
    '{"a":{"c":null,"d":1},"b":[2,1]}',
  );
});

Deno.test("what is not there reads as nothing; what cannot be read is an error", () =>
  inTemporaryFolder(async (directory) => {
    const none = join(directory, "none"), some = join(directory, "some");
    assert.equal(await readTextIfThere(none), undefined);
    assert.deepEqual(await entriesIn(none), []);
    await Deno.writeTextFile(some, "text");
    assert.equal(await readTextIfThere(some), "text");
    assert.deepEqual((await entriesIn(directory)).map(({ name }) => name), ["some"]);
    await assert.rejects(readTextIfThere(directory));
    await assert.rejects(entriesIn(some));
  }));

Deno.test("a disk that takes no more is an error that names the file, and leaves nothing", () =>
  inTemporaryFolder(async (directory) => {
    const path = join(directory, "rows.jsonl");
    const code = `const { writeAtomic } = await import(${
      JSON.stringify(new URL("./files.ts", import.meta.url))
    });
      await writeAtomic(${JSON.stringify(path)}, "x".repeat(100_000)).catch((error) => {
        console.log(error.message);
      });`;
    const script = 'trap "" XFSZ; ulimit -f 8; exec "$0" eval --no-check "$1"';
    const { stdout } = await new Deno.Command("bash", {
      args: ["-c", script, Deno.execPath(), code],
      env: { DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout).trim();
    assert.match(said, /^Cannot write .*rows\.jsonl: File too large/);
    assert.deepEqual([...Deno.readDirSync(directory)], []);
  }));

Deno.test("leftovers of killed processes are removed, and no file of the living or of others", () =>
  inTemporaryFolder(async (directory) => {
    const dead = ["content-hashes.jsonl.77-0.tmp", `a.${Deno.pid}-12345.tmp`];
    const others = ["a.tmp", "a.1-2.tmp.jpg", "1-2.tmp", "a.77-0.tmp.d"];
    for (const name of [...dead, ...others]) await Deno.writeTextFile(join(directory, name), "x");
    using living = await createLocked(join(directory, "b.1-1.tmp"));
    assert.deepEqual((await removeLeftovers(directory)).sort(), dead.sort());
    const left = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
    assert.deepEqual(left, [...others, "b.1-1.tmp"].sort());
    assert.deepEqual(await removeLeftovers(join(directory, "none")), []);
    void living;
  }));
