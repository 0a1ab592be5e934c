import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { noticesOf } from "../runtime/testing.ts";
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

Deno.test("hashes: what comes while others are written is written next", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.jpg");
    await Deno.writeTextFile(path, "one");
    const info = await Deno.stat(path), index = await openHashIndex(folder, later);
    index.set(path, info, "first");
    const saving = index.save();
    index.set(`${path}2`, info, "second");
    index.set(path, info, "third");
    await saving;
    await index.save();
    const next = await openHashIndex(folder, later);
    assert.deepEqual([next.get(path, info), next.get(`${path}2`, info)], ["third", "second"]);
  }));

Deno.test("hashes: a file written a moment ago is not trusted yet", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.jpg");
    await Deno.writeTextFile(path, "one");
    const index = await openHashIndex(folder);
    index.set(path, await Deno.stat(path), "hash");
    assert.equal(index.get(path, await Deno.stat(path)), undefined);
  }));

/** An index of one file, as it is on disk. */
async function withIndex(
  test: (index: { path: string; file: string; lines: string }) => Promise<void>,
): Promise<void> {
  await noticesOf(() =>
    withFolder(async (folder) => {
      const path = join(folder, "a.jpg");
      await Deno.writeTextFile(path, "one");
      const index = await openHashIndex(folder, later);
      index.set(path, await Deno.stat(path), "hash");
      await index.save();
      const file = join(folder, "content-hashes.jsonl");
      await test({ path, file, lines: await Deno.readTextFile(file) });
    })
  );
}

Deno.test("hashes: a damaged index costs only what is damaged, and is mended", () =>
  withIndex(async ({ path, file, lines }) => {
    await Deno.writeTextFile(file, `{"x":\n3\nnull\n[1,2,3]\n${lines}["torn`);
    const index = await openHashIndex(dirname(file));
    assert.equal(index.get(path, await Deno.stat(path)), "hash");
    await index.save();
    assert.equal(await Deno.readTextFile(file), lines);
  }));

Deno.test("hashes: a line changed in one bit is not believed", () =>
  withIndex(async ({ path, file, lines }) => {
    const bytes = new TextEncoder().encode(lines);
    for (let at = 0; at < bytes.length - 1; at++) {
      const changed = bytes.slice();
      changed[at] ^= 1;
      await Deno.writeFile(file, changed);
      const found = (await openHashIndex(dirname(file))).get(path, await Deno.stat(path));
      assert.ok(found === undefined || found === "hash", `byte ${at}: ${found}`);
    }
  }));

Deno.test("hashes: an index without checks, as it was, is believed and gets them", () =>
  withIndex(async ({ path, file, lines }) => {
    const [row] = lines.trim().split("\n").map((line) => JSON.parse(line).slice(0, 3));
    await Deno.writeTextFile(file, JSON.stringify(row) + "\n");
    const index = await openHashIndex(dirname(file), later);
    assert.equal(index.get(path, await Deno.stat(path)), "hash");
    index.set(`${path}2`, await Deno.stat(path), "other");
    await index.save();
    assert.ok((await Deno.readTextFile(file)).startsWith(lines));
  }));
