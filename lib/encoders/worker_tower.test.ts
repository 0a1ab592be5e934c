import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { startWorkerTower } from "./worker_tower.ts";

/** Runs `work` with a tower of two threads that run `program`: it has `parentPort` and an answer in `ok`. */
async function withTower(
  program: string,
  work: (tower: ReturnType<typeof startWorkerTower>) => Promise<void>,
): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".mjs" });
  await Deno.writeTextFile(
    file,
    `import { parentPort } from "node:worker_threads";
     import process from "node:process";
     const ok = ({ pixels, count }) => ({ vectors: Float32Array.from(pixels.subarray(0, count)) });
     ${program}`,
  );
  const tower = startWorkerTower("no model", 2, pathToFileURL(file));
  try {
    await work(tower);
  } finally {
    await tower.dispose();
    await Deno.remove(file);
  }
}

/** Two images of one value: one for each thread. */
const run = (tower: ReturnType<typeof startWorkerTower>, ...values: number[]) =>
  tower.run(Float32Array.from(values), [values.length, 1, 1, 1]);

Deno.test("worker tower: a thread that ends is an error, at once and ever after", async () => {
  const program = `parentPort.on("message", (request) => {
    if (request.pixels[0] < 0) process.exit(3);
    parentPort.postMessage(ok(request));
  });`;
  await withTower(program, async (tower) => {
    assert.deepEqual([...await run(tower, 1, 2)], [1, 2]);
    await assert.rejects(run(tower, 1, -2), /Cannot encode images: its thread ended/);
    await assert.rejects(run(tower, 1, 2), /Cannot encode images: its thread ended/);
  });
});

Deno.test("worker tower: a thread that throws is an error", async () => {
  const program = `parentPort.on("message", () => { throw new Error("out of luck"); });`;
  await withTower(program, async (tower) => {
    await assert.rejects(run(tower, 1, 2), /Cannot encode images: its thread failed.*out of luck/s);
  });
});

Deno.test("worker tower: after a failure the next run gets its own answers", async () => {
  const program = `parentPort.on("message", (request) => {
    const [first] = request.pixels;
    if (first === 0) return parentPort.postMessage({ error: "zero" });
    const answer = ok(request); // as long as the pixels are this run's
    setTimeout(() => parentPort.postMessage(answer), 100 * first);
  });`;
  await withTower(program, async (tower) => {
    await assert.rejects(run(tower, 0, 2), /zero/);
    assert.deepEqual([...await run(tower, 1, 1.5)], [1, 1.5]);
  });
});
