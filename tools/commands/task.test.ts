import assert from "node:assert/strict";
import { join } from "node:path";
import { encoderFiles } from "../../lib/encoders/locate.ts";
import { withFolder, writeImages } from "../../lib/features/testing.ts";
import { ROOT } from "../project.ts";
import { type RunningTask, startTask, type TaskOptions } from "./task_testing.ts";

const RANDOM_CLIP = join(ROOT, "lib", "encoders", "testdata", "random-clip");
const TESTDATA = join("tools", "commands", "testdata");
/** A task that was told to stop and is there after so long has swallowed it: none of these would end by itself (ms). */
const SWALLOWED = 30_000;

/** A folder, and how a task is started in it and caught at a moment. */
interface Moment {
  start(folder: string, options?: TaskOptions): Promise<RunningTask> | RunningTask;
  reached(task: RunningTask, folder: string): boolean | Promise<boolean>;
  /** Both unless told. */
  signals?: Deno.Signal[];
}

const BOTH: Deno.Signal[] = ["SIGINT", "SIGTERM"];

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** A copy of what the install needs, with a registry that never answers. */
async function startInstall(folder: string): Promise<RunningTask> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  silent.add(listener);
  await new Deno.Command("sh", {
    args: [
      "-c",
      'mkdir -p "$1/copy/lib/encoders" && cp deno.json deno.lock package.json "$1/copy" && ' +
      'cp -r tools "$1/copy" && cp -r lib/runtime "$1/copy/lib" && ' +
      'cp lib/encoders/encoder.ts "$1/copy/lib/encoders"',
      "sh",
      folder,
    ],
    cwd: ROOT,
  }).output();
  return startTask(["install"], {
    root: join(folder, "copy"),
    env: {
      DENO_DIR: join(folder, "deno"),
      NPM_CONFIG_REGISTRY: `http://127.0.0.1:${listener.addr.port}/`,
    },
  });
}
const silent = new Set<Deno.TcpListener>();

/** An encoder one of whose files is a pipe that nobody writes: whoever reads it, in native code or not, waits. */
async function pipedEncoder(folder: string): Promise<string> {
  const encoder = join(folder, "encoder");
  await Deno.mkdir(join(encoder, "onnx"), { recursive: true });
  for (const file of encoderFiles("fp32")) {
    if (file.includes("vision")) continue;
    await Deno.copyFile(join(RANDOM_CLIP, file), join(encoder, file));
  }
  const pipe = join(encoder, "onnx", "vision_model.onnx");
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  return encoder;
}

async function startExtract(folder: string, encoder: string): Promise<RunningTask> {
  const images = join(folder, "images");
  await writeImages(images, 30);
  const args = ["--dataset", images, "--cache", join(folder, "cache"), "--cover", "cc@10"];
  return startTask(["extract", ...args, "--encoder", encoder]);
}

const MOMENTS: Record<string, Moment> = {
  "install": {
    start: startInstall,
    reached: (task) => task.processes().some((line) => / install --/.test(line)),
    signals: ["SIGTERM"],
  },
  "generation": {
    start: (folder, options) =>
      startTask(["generate", "--out", join(folder, "set"), "--images", "99999"], options),
    reached: (_task, folder) => exists(join(folder, "set", "images")),
    signals: ["SIGTERM"],
  },
  "the load of an encoder": {
    start: async (folder) => await startExtract(folder, await pipedEncoder(folder)),
    reached: (task) => task.said().includes("30 images"),
  },
  "extraction": {
    start: (folder) => startExtract(folder, RANDOM_CLIP),
    reached: (_task, folder) => exists(join(folder, "cache")),
    signals: ["SIGINT"],
  },
  "training": {
    start: (folder) => startTask([join(TESTDATA, "train_forever.ts"), folder]),
    reached: (task) => task.said().includes("trains"),
    signals: ["SIGINT"],
  },
  "a native call": {
    start: () => startTask([join(TESTDATA, "block.ts")]),
    reached: (task) => task.said().includes("blocks") && task.processes().length >= 3,
  },
};

for (
  const [moment, { start, reached, signals = BOTH }] of Object.entries(MOMENTS)
) {
  for (const signal of signals) {
    Deno.test({
      name: `one ${signal} during ${moment} ends a task with 130 and leaves no process`,
      ignore: Deno.build.os !== "linux",
      fn: () =>
        withFolder(async (folder) => {
          const task = await start(folder);
          await task.until(() => reached(task, folder));
          task.process.kill(signal);
          const late = setTimeout(() => task.process.kill("SIGKILL"), SWALLOWED);
          const { code } = await task.end;
          clearTimeout(late);
          assert.equal(code, 130, task.said());
          assert.match(
            task.said(),
            new RegExp(`error: Operation stopped: interrupted by ${signal}`),
          );
          assert.deepEqual(task.processes(), []);
          silent.forEach((listener) => listener.close());
          silent.clear();
        }),
    });
  }
}

Deno.test("a task that is stopped before its watchdog listens does not begin its work", async () => {
  const stopped = "error: Operation stopped: interrupted by SIGTERM", said: string[] = [];
  // now and then the system delivers the signal later, and the work is stopped as it begins
  while (said.at(-1) !== stopped && said.length < 10) {
    const task = startTask([join(TESTDATA, "stopped_early.ts")]);
    assert.equal((await task.end).code, 130, task.said());
    said.push(task.said().trim());
    assert.ok(said.at(-1)!.endsWith(stopped), said.at(-1));
  }
  assert.equal(said.at(-1), stopped);
});

Deno.test({
  name: "a task that npx started ends with npx, which passes no SIGTERM on",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      const { start, reached } = MOMENTS.generation;
      const task = await start(folder, { env: { npm_command: "exec" }, shell: true });
      await task.until(() => reached(task, folder));
      task.process.kill("SIGTERM"); // which ends the shell alone
      await task.end;
      assert.match(task.said(), /error: Operation stopped: interrupted by the end of npm/);
      assert.deepEqual(task.processes(), []);
    }),
});
