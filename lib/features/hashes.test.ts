import assert from "node:assert/strict";
import { join } from "node:path";
import { openHashIndex } from "./hashes.ts";
import { withFolder } from "./testing.ts";

const later = () => Date.now() + 10_000;

Deno.test("hashes: remembered by file until it changes, also by another process", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.jpg");
    await Deno.writeTextFile(path, "one");
    const index = await openHashIndex(folder, later);
    assert.equal(index.get(path, await Deno.stat(path)), undefined);
    index.set(path, await Deno.stat(path), "hash of one");
    const other = await openHashIndex(folder, later);
    other.set(join(folder, "b.jpg"), await Deno.stat(path), "hash of b");
    await Promise.all([index.save()]);
    await other.save();

    const next = await openHashIndex(folder, later);
    assert.equal(next.get(path, await Deno.stat(path)), "hash of one");
    assert.equal(next.get(join(folder, "b.jpg"), await Deno.stat(path)), "hash of b");
    await Deno.writeTextFile(path, "two");
    await Deno.utime(path, new Date(), new Date(Date.now() - 60_000));
    assert.equal(next.get(path, await Deno.stat(path)), undefined, "of the same size, but changed");
  }));

Deno.test("hashes: a file written a moment ago is not trusted yet", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.jpg");
    await Deno.writeTextFile(path, "one");
    const index = await openHashIndex(folder);
    index.set(path, await Deno.stat(path), "hash");
    assert.equal(index.get(path, await Deno.stat(path)), undefined);
  }));

Deno.test("hashes: a damaged index costs only what is damaged", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.jpg");
    await Deno.writeTextFile(path, "one");
    const index = await openHashIndex(folder, later);
    index.set(path, await Deno.stat(path), "hash");
    await index.save();
    const file = join(folder, "content-hashes.jsonl");
    await Deno.writeTextFile(file, `{"x":\n3\n${await Deno.readTextFile(file)}["torn`);
    assert.equal((await openHashIndex(folder)).get(path, await Deno.stat(path)), "hash");
  }));
