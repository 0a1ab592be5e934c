import assert from "node:assert/strict";
import { join } from "node:path";
import { createJournal, ifAbandoned, listJournals, readJournal } from "./journal.ts";
import { withFolder } from "./testing.ts";

Deno.test("journal: lines come back in order, also when appended at the same time", () =>
  withFolder(async (folder) => {
    const path = join(folder, "manifest-a.jsonl");
    const journal = await createJournal(path);
    await Promise.all(Array.from({ length: 20 }, (_, n) => journal.append({ n, s: "ü\n" })));
    journal.close();
    const { entries, damaged } = await readJournal(path);
    assert.deepEqual(entries, Array.from({ length: 20 }, (_, n) => ({ n, s: "ü\n" })));
    assert.equal(damaged, 0);
    assert.deepEqual(await listJournals(folder, "manifest-"), ["manifest-a.jsonl"]);
  }));

Deno.test("journal: torn and damaged lines are left out, wherever the file was cut", () =>
  withFolder(async (folder) => {
    const path = join(folder, "j.jsonl");
    const journal = await createJournal(path);
    for (const n of [1, 2, 3]) await journal.append({ n });
    journal.close();
    const text = await Deno.readTextFile(path);
    const second = text.indexOf("\n") + 1, third = text.indexOf("\n", second) + 1;
    for (let length = third; length < text.length - 1; length++) {
      await Deno.writeTextFile(path, text.slice(0, length));
      const { entries, damaged } = await readJournal<{ n: number }>(path);
      assert.deepEqual(entries.map(({ n }) => n), [1, 2]);
      assert.equal(damaged, length === third ? 0 : 1);
    }
    await Deno.writeTextFile(path, text.replace('"n":2', '"n":7'));
    const { entries, damaged } = await readJournal<{ n: number }>(path);
    assert.deepEqual(entries.map(({ n }) => n), [1, 3]);
    assert.equal(damaged, 1);
  }));

Deno.test("journal: belongs to its writer until that closes it", () =>
  withFolder(async (folder) => {
    const journal = await createJournal(join(folder, "j.jsonl"));
    const work = () => Promise.resolve();
    assert.equal(await ifAbandoned(folder, "j.jsonl", work), false);
    await journal.append({});
    journal.close();
    assert.equal(await ifAbandoned(folder, "j.jsonl", work), true);
    (await createJournal(join(folder, "empty.jsonl"))).close();
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["j.jsonl"]);
    assert.equal(await ifAbandoned(folder, "gone.jsonl", work), false);
  }));
