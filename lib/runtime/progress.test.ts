import assert from "node:assert/strict";
import { createProgress, formatProgress, formatSeconds } from "./progress.ts";

Deno.test("formatSeconds: seconds, minutes, hours", () => {
  assert.equal(formatSeconds(7.6), "8 s");
  assert.equal(formatSeconds(185), "3 min 05 s");
  assert.equal(formatSeconds(7620), "2 h 07 min");
});

Deno.test("formatProgress: nothing known, under way, finished", () => {
  const state = { label: "a", done: 0, total: 4, unit: "images", rate: 0, elapsed: 0 };
  assert.equal(formatProgress({ ...state, finished: false }), "a: 0/4 images (0 %)");
  assert.equal(
    formatProgress({ ...state, done: 3, rate: 0.5, finished: false, note: "1 failed" }),
    "a: 3/4 images (75 %), 0.50 images/s, 2 s left, 1 failed",
  );
  assert.equal(
    formatProgress({ ...state, done: 4, rate: 0.5, elapsed: 8, finished: true }),
    "a: 4/4 images (100 %), 0.50 images/s, in 8 s",
  );
});

Deno.test("createProgress: a terminal gets one line, rewritten, not more often than needed", async () => {
  let time = 0, text = "";
  const progress = createProgress({
    label: "cut",
    total: 100,
    output: "terminal",
    write: (part) => text += part,
    now: () => time,
  });
  for (let done = 1; done <= 100; done++) {
    time += 10;
    progress.update(done);
  }
  await progress.finish();
  assert.equal(text.split("\n").length, 2, "one line break, at the end");
  const frames = text.split("\r").slice(1);
  assert.equal(frames.length, 11, "one frame per 100 ms and a last one");
  assert.match(frames[5], /^█{10}░{10} cut: 51\/100 images \(51 %\), 100\.0 images\/s, 0 s left/);
  assert.match(frames[10], /^█{20} cut: 100\/100 images \(100 %\), 100\.0 images\/s, in 1 s/);
});

Deno.test("createProgress: the rate is that of the last seconds, so cached images do not flatter", () => {
  let time = 0, text = "";
  const write = (part: string) => text = part;
  const progress = createProgress({
    label: "x",
    total: 2000,
    output: "log",
    write,
    now: () => time,
  });
  time = 1000;
  progress.update(1000); // cached: at once
  for (let second = 11; second <= 101; second += 10) {
    time = 1000 * second;
    progress.update(1000 + (second - 1) * 5);
  }
  assert.match(text, /x: 1500\/2000 images \(75 %\), 5\.00 images\/s, 1 min 40 s left\n/);
});

Deno.test("createProgress: a notebook gets one display that is updated, with its text escaped", async () => {
  const messages: [type: string, content: Record<string, unknown>][] = [];
  let time = 0;
  const progress = createProgress({
    label: "<b>",
    total: 2,
    output: "notebook",
    now: () => time,
    broadcast: (type, content) => {
      messages.push([type, content]);
      return Promise.resolve();
    },
  });
  for (let done = 0; done <= 2; done++, time += 1000) progress.update(done);
  await progress.finish();
  assert.deepEqual(messages.map(([type]) => type), [
    "display_data",
    ...Array(3).fill("update_display_data"),
  ]);
  assert.equal(new Set(messages.map(([, { transient }]) => JSON.stringify(transient))).size, 1);
  const { data } = messages[3][1] as { data: Record<string, string> };
  assert.match(data["text/html"], /<progress value="2" max="2"/);
  assert.ok(!data["text/html"].includes("<b>"));
  assert.equal(data["text/plain"], "<b>: 2/2 images (100 %), 0.67 images/s, in 3 s");
});

Deno.test("createProgress: operations that share a display update it instead of adding another", async () => {
  const types: string[] = [];
  for (const label of ["first", "second"]) {
    const progress = createProgress({
      label,
      total: 1,
      output: "notebook",
      displayId: "shared by a test",
      broadcast: (type) => {
        types.push(type);
        return Promise.resolve();
      },
    });
    await progress.finish();
  }
  assert.deepEqual(types, ["display_data", "update_display_data"]);
});

Deno.test("createProgress: silent writes nothing", async () => {
  const write = () => assert.fail("written");
  const progress = createProgress({ label: "x", total: 1, output: "silent", write });
  progress.update(1);
  await progress.finish();
});
