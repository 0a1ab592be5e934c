import assert from "node:assert/strict";
import { join } from "node:path";
import { placeCopies } from "./working_copies.ts";

/** A folder of sources and one to work in, with what can be done to them. */
async function withFolders(
  test: (actions: {
    write(path: string, text: string): Promise<void>;
    remove(path: string): Promise<void>;
    /** Places copies; returns the messages. */
    place(): Promise<string[]>;
    /** Texts by file name. */
    mine(): Record<string, string>;
  }) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir(), mine = join(root, "mine");
  try {
    await Deno.mkdir(join(root, "source"));
    await test({
      write: (path, text) => Deno.writeTextFile(join(root, path), text),
      remove: (path) => Deno.remove(join(root, path)),
      async place() {
        const messages: string[] = [];
        await placeCopies(join(root, "source"), mine, (message) => messages.push(message));
        return messages;
      },
      mine: () =>
        Object.fromEntries(
          [...Deno.readDirSync(mine)].filter(({ name }) => name.endsWith(".ipynb"))
            .map(({ name }) => [name, Deno.readTextFileSync(join(mine, name))])
            .sort(([a], [b]) => a.localeCompare(b)),
        ),
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("copies are made where there are none, and renewed while nobody changed them", () =>
  withFolders(async ({ write, remove, place, mine }) => {
    await write("source/a.ipynb", "a1");
    await write("source/b.ipynb", "b1");
    assert.deepEqual(await place(), []);
    assert.deepEqual(mine(), { "a.ipynb": "a1", "b.ipynb": "b1" });
    await write("source/a.ipynb", "a2");
    await remove("mine/b.ipynb");
    assert.deepEqual(await place(), []);
    assert.deepEqual(mine(), { "a.ipynb": "a2", "b.ipynb": "b1" });
  }));

Deno.test("a changed copy is never touched; a new version is put beside it and told, once", () =>
  withFolders(async ({ write, remove, place, mine }) => {
    await write("source/a.ipynb", "a1");
    await place();
    await write("mine/a.ipynb", "my work");
    assert.deepEqual(await place(), []); // nothing is new
    await write("source/a.ipynb", "a2");
    const told = ["a.ipynb has a new version; yours stays, the new one is a-2.ipynb"];
    assert.deepEqual(await place(), told);
    assert.deepEqual(mine(), { "a-2.ipynb": "a2", "a.ipynb": "my work" });
    assert.deepEqual(await place(), []);

    await write("source/a.ipynb", "a3"); // nobody changed the new version: it is renewed
    assert.deepEqual(await place(), told);
    assert.deepEqual(mine(), { "a-2.ipynb": "a3", "a.ipynb": "my work" });
    await write("mine/a-2.ipynb", "more work");
    await write("source/a.ipynb", "a4");
    assert.match((await place()).join(), /the new one is a-3\.ipynb/);
    const all = { "a-2.ipynb": "more work", "a-3.ipynb": "a4", "a.ipynb": "my work" };
    assert.deepEqual(mine(), all);

    await remove("mine/a-3.ipynb"); // looked at, and not wanted
    assert.deepEqual(await place(), []);
    assert.equal(Object.keys(mine()).length, 2);
  }));

Deno.test("what lies there without having been copied is somebody's own, unless it is the source", () =>
  withFolders(async ({ write, place, mine }) => {
    await write("source/a.ipynb", "a1");
    await place();
    await write("mine/b.ipynb", "mine");
    await write("mine/c.ipynb", "c1");
    await write("source/b.ipynb", "b1");
    await write("source/c.ipynb", "c1");
    assert.equal((await place()).length, 1);
    const { "b.ipynb": own, "b-2.ipynb": theirs, "c-2.ipynb": none } = mine();
    assert.deepEqual([own, theirs, none], ["mine", "b1", undefined]);
    await write("source/c.ipynb", "c2");
    await place();
    assert.equal(mine()["c.ipynb"], "c2");
  }));

Deno.test("where it is not known any more what was copied, all that lies there is somebody's own", () =>
  withFolders(async ({ write, place, mine }) => {
    await write("source/a.ipynb", "a1");
    await write("source/b.ipynb", "b1");
    await place();
    for (const [version, broken] of ['{"a.ipynb": ', "null", '["a"]', '{"a.ipynb": 1}'].entries()) {
      const before = mine();
      await write("mine/.sources.json", broken);
      await write("source/a.ipynb", `new ${version}`);
      assert.match((await place()).join(), /^a\.ipynb has a new version; yours stays/);
      assert.deepEqual(mine(), { ...before, [`a-${version + 2}.ipynb`]: `new ${version}` });
      assert.deepEqual(await place(), [], "what was copied is known again");
    }
  }));
