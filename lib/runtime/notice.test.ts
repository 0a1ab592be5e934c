import assert from "node:assert/strict";
import { notice } from "./notice.ts";
import { noticesOf } from "./testing.ts";

Deno.test("what would move a terminal's cursor or end the line is written out in a notice", async () => {
  const said = await noticesOf(() => {
    notice("esc\x1b[31m.jpg, line\nbreak\r, F\u00e4hre \u{1f600}");
    notice("not said", "silent");
    return Promise.resolve();
  });
  assert.deepEqual(said, [
    "note: esc\\x1b[31m.jpg, line\\x0abreak\\x0d, F\u00e4hre \u{1f600}",
  ]);
});
