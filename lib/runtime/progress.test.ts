import assert from "node:assert/strict";
import { createProgress, type ProgressOptions, showStep } from "./progress.ts";
import { formatProgress, formatSeconds } from "./progress_line.ts";

/** A clock that tests move: timers are called as its time passes them. */
function testClock() {
  const timers = new Set<{ ms: number; next: number; call: () => void }>();
  let time = 0;
  return {
    now: () => time,
    every(ms: number, call: () => void) {
      const timer = { ms, next: time + ms, call };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    wait(ms: number) {
      for (const end = time + ms; time < end;) {
        time = Math.min(end, ...[...timers].map(({ next }) => next));
        for (const timer of timers) {
          if (timer.next > time) continue;
          timer.next += timer.ms;
          timer.call();
        }
      }
    },
    get running() {
      return timers.size;
    },
  };
}

/** Progress on a clock of the test's, and the lines or frames that it wrote so far. */
function watched(options: Partial<ProgressOptions> & Pick<ProgressOptions, "output">) {
  const clock = testClock();
  let text = "";
  const shared = { write: (part: string) => void (text += part), ...clock };
  const progress = createProgress({ label: "cut", ...shared, ...options });
  const frames = () =>
    text.replaceAll("\x1b[K", "").split(options.output === "log" ? "\n" : /[\r\n]+/).filter(
      Boolean,
    );
  return { clock, progress, frames, text: () => text };
}

Deno.test("formatSeconds: seconds, minutes, hours", () => {
  assert.equal(formatSeconds(7.6), "8 s");
  assert.equal(formatSeconds(185), "3 min 05 s");
  assert.equal(formatSeconds(7620), "2 h 07 min");
});

Deno.test("formatProgress: nothing known, under way, finished, cached, stopped", () => {
  const state = { label: "a", done: 0, total: 4, unit: "images", rate: 0, elapsed: 2 };
  assert.equal(formatProgress({ ...state, finished: false }), "a: 0/4 images (0 %), for 2 s");
  assert.equal(
    formatProgress({ ...state, done: 3, rate: 0.5, finished: false, note: "1 failed" }),
    "a: 3/4 images (75 %), 0.50/s, 2 s left, 1 failed",
  );
  assert.equal(
    formatProgress({ ...state, done: 4, rate: 0.5, elapsed: 8, finished: true }),
    "a: 4/4 images (100 %), 0.50/s, in 8 s",
  );
  assert.equal(
    formatProgress({ ...state, done: 4, cached: 4, finished: true }),
    "a: 4 images, cached",
  );
  assert.equal(formatProgress({ ...state, finished: true, stopped: true }), "a: stopped after 2 s");
});

Deno.test("formatProgress: fits 80 columns and keeps count, rate and time left", () => {
  const state = {
    label: "Train DetailCLIP, our training",
    ...{ done: 12000, total: 21000, unit: "images", rate: 1234.5, elapsed: 900, finished: false },
    note: "epoch 12/20, loss 0.1924, recall 77.1 % (best 77.3 %)",
  };
  const wide = formatProgress(state);
  assert.equal(
    wide,
    "Train DetailCLIP, our training: 12000/21000 images (57 %), 1235/s, 7 s left",
  );
  assert.match(formatProgress({ ...state, label: "Train" }), /left, epoch 12\/20, loss 0\.1924$/);
  const long = formatProgress({ ...state, label: "x".repeat(100) });
  assert.equal([...long].length, 80);
  assert.match(long, /^x+…: 12000\/21000 images, 1235\/s, 7 s left$/);
  assert.equal([...formatProgress(state, 12)].length, 12);
});

Deno.test("createProgress: a terminal gets one line, rewritten, not more often than needed", async () => {
  const { clock, progress, frames, text } = watched({ output: "terminal", total: 200 });
  for (let done = 1; done <= 200; done++) {
    clock.wait(10);
    progress.update(done);
  }
  await progress.finish();
  assert.equal(text().split("\n").length, 2, "one line break, at the end");
  assert.equal(frames().length, 21, "one frame per 100 ms and a last one");
  assert.match(frames()[15], /^█{15}░{5} cut: 151\/200 images \(75 %\), 100\.0\/s, 0 s left/);
  assert.match(frames()[20], /^█{20} cut: 200\/200 images \(100 %\), 100\.0\/s, in 2 s/);
  assert.ok(frames().every((frame) => [...frame].length < 80));
  assert.equal(clock.running, 0, "its timer is gone");
});

Deno.test("createProgress: a terminal hears something every second although no unit is done", async () => {
  const { clock, progress, frames } = watched({ output: "terminal", total: 4 });
  clock.wait(3000);
  assert.match(frames().at(-1)!, /cut: 0\/4 images \(0 %\), for 3 s/);
  assert.ok(frames().length >= 3);
  await progress.finish();
});

Deno.test("createProgress: the first batch, which has loading in it, gives no rate", () => {
  const { clock, progress, frames } = watched({ output: "terminal", total: 64 });
  const batch = (from: number) => {
    for (let done = from + 1; done <= from + 8; done++) progress.update(done); // all at once
  };
  clock.wait(10_000); // loading
  batch(0);
  clock.wait(1500);
  assert.ok(frames().every((frame) => !frame.includes("/s")), "a rate before the second batch");
  clock.wait(500);
  batch(8);
  clock.wait(1000); // 2 s a batch: 4 images a second
  assert.match(frames().at(-1)!, /16\/64 images \(25 %\), 4\.00\/s, 11 s left/);
  clock.wait(1000);
  batch(16);
  assert.ok(
    frames().every((frame) => !frame.includes("/s") || frame.includes(" 4.00/s")),
    "every rate that was shown is the right one",
  );
  clock.wait(1000);
  assert.match(frames().at(-1)!, /9 s left/);
});

Deno.test("createProgress: the rate is that of the last seconds, and cached images do not flatter", async () => {
  const { clock, progress, frames } = watched({ output: "log", total: 2000 });
  clock.wait(500);
  progress.update(1000, undefined, 1000); // found at once
  assert.deepEqual(frames(), []);
  for (let done = 1010; done <= 1500; done += 10) {
    clock.wait(2000);
    progress.update(done, undefined, 1000);
  }
  assert.match(frames().at(-1)!, /cut: 1\d+\/2000 images \(7\d %\), 5\.00\/s, 1 min 4\d s left/);
  await progress.finish();
  assert.match(frames().at(-1)!, /cut: 1500\/2000 images \(75 %\), 4\.98\/s, in 1 min 41 s/);
});

Deno.test("createProgress: what is cached says so at once, without a bar", async () => {
  const { clock, progress, frames } = watched({ output: "terminal", total: 20 });
  for (let done = 1; done <= 20; done++) {
    clock.wait(10);
    progress.update(done, undefined, done);
  }
  await progress.finish();
  assert.deepEqual(frames(), ["cut: 20 images, cached"]);
});

Deno.test("createProgress: a log has whole lines only, the first after 2 s, then one every 5 s", async () => {
  const { clock, progress, text } = watched({ output: "log", total: 100 });
  for (let done = 1; done <= 25; done++) {
    clock.wait(500);
    progress.update(done);
  }
  assert.equal(text().trimEnd().split("\n").length, 3); // at 2, 7 and 12 s
  await progress.finish("stopped");
  assert.ok(!text().includes("\r") && !text().includes("\x1b"));
  assert.match(text(), /cut: stopped after 13 s\n$/);
});

Deno.test("showStep: says what begins, how long it goes on, and how it ended", async () => {
  const clock = testClock();
  let text = "";
  const options = {
    output: "log",
    write: (part: string) => void (text += part),
    ...clock,
  } as const;
  const work = () => {
    clock.wait(12_000);
    return Promise.resolve(5);
  };
  assert.equal(await showStep("Compile", work, { ...options, about: "about 20 s" }), 5);
  assert.equal(
    text,
    "Compile: about 20 s\nCompile: 10 s of about 20 s\nCompile: done in 12 s\n",
  );
  await assert.rejects(showStep("Break", () => Promise.reject(new Error("why")), options), /why/);
  assert.match(text, /Break: …\nBreak: stopped after 0 s\n$/);
  assert.equal(clock.running, 0);
});

Deno.test("showStep: a step that is mostly quick leaves a line only when it was slow", async () => {
  for (const output of ["terminal", "log", "notebook"] as const) {
    const clock = testClock();
    let text = "";
    const options = {
      ...{ output, leaves: "slow", ...clock } as const,
      write: (part: string) => void (text += part),
      broadcast: (_type: string, { data }: Record<string, unknown>) => {
        text += `${(data as Record<string, string>)["text/plain"]}\n`;
        return Promise.resolve();
      },
    };
    const wait = (ms: number) => () => Promise.resolve(clock.wait(ms));
    await showStep("Load", wait(900), options);
    assert.equal(text, output === "terminal" ? "\rLoad: …\x1b[K\r\x1b[K" : "", output);
    text = "";
    await showStep("Load", wait(3000), options);
    assert.match(text, /Load: [23] s[^]*Load: done in 3 s[^ ]*\n$/, output);
  }
});

Deno.test("createProgress: other output has the line to itself, and the line comes back after it", async () => {
  const { clock, progress, text, frames } = watched({ output: "terminal", leaves: "never" });
  assert.deepEqual(frames(), ["cut: …"]);
  progress.clear();
  assert.ok(text().endsWith("\r\x1b[K"));
  clock.wait(900);
  assert.equal(frames().length, 1);
  clock.wait(600);
  assert.deepEqual(frames(), ["cut: …", "cut: 1 s"]);
  await progress.finish();
  assert.ok(text().endsWith("\r\x1b[K") && !text().includes("\n"), "it leaves nothing");
});

Deno.test("createProgress: a notebook gets one display that is updated, with its text escaped", async () => {
  const messages: [type: string, content: Record<string, unknown>][] = [];
  const clock = testClock();
  const progress = createProgress({
    label: "<b>",
    total: 2,
    output: "notebook",
    ...clock,
    broadcast: (type, content) => {
      messages.push([type, content]);
      return Promise.resolve();
    },
  });
  for (let done = 0; done <= 2; done++) {
    clock.wait(800); // less than without news
    progress.update(done);
  }
  await progress.finish();
  assert.deepEqual(messages.map(([type]) => type), [
    "display_data",
    ...Array(3).fill("update_display_data"),
  ]);
  assert.equal(new Set(messages.map(([, { transient }]) => JSON.stringify(transient))).size, 1);
  const { data } = messages[3][1] as { data: Record<string, string> };
  assert.match(data["text/html"], /<progress value="2" max="2"/);
  assert.ok(!data["text/html"].includes("<b>"));
  assert.equal(data["text/plain"], "<b>: 2/2 images (100 %), 0.83/s, in 2 s");
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
