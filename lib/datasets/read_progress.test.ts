import assert from "node:assert/strict";
import { showReading } from "./read_progress.ts";

/** What is shown of a file of so many bytes, one second a tenth. */
async function shown(bytes: number): Promise<string> {
  let text = "", time = 0;
  const progress = showReading("/data/lvis_v1_train.json", {
    output: "log",
    write: (line) => text += line,
    now: () => time,
    every: () => () => {},
  });
  for (let tenth = 1; tenth <= 20; tenth++) {
    time += 1000;
    progress.update(tenth * bytes / 10, 2 * bytes);
  }
  await progress.finish();
  return text;
}

Deno.test("the reading of a large file is shown in megabytes, and that of a small one is not", async () => {
  const lines = (await shown(1_120_000_000)).trim().split("\n");
  assert.match(lines[0], /^Read lvis_v1_train\.json: \d+\/1120 MB \(\d+ %\)/);
  assert.match(lines.at(-1)!, /^Read lvis_v1_train\.json: 1120\/1120 MB \(100 %\)/);
  assert.ok(lines.length > 2);
  assert.equal(await shown(2_000_000), "");
});
