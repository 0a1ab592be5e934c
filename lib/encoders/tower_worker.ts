/**
 * The program of one thread of a `WorkerTower`: runs a model on one image after the other.
 *
 * It uses onnxruntime-node itself, the very package that transformers.js runs on, because transformers.js
 * 4.3.1 cannot be imported in a worker of Deno.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import onnxruntime from "onnxruntime-node";
import type { WorkerAnswer, WorkerRequest } from "./worker_tower.ts";

const { path } = workerData as { path: string };

const session = onnxruntime.InferenceSession.create(path, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
  logSeverityLevel: 2,
});
session.catch(() => {}); // told in the answer to the first request, not as an error of the thread

/** The image that is being encoded. */
let own = new Float32Array(0);

async function answer({ pixels, count, shape }: WorkerRequest): Promise<Float32Array<ArrayBuffer>> {
  const model = await session;
  const area = shape.reduce((product, side) => product * side);
  if (own.length !== area) own = new Float32Array(area);
  const image = new onnxruntime.Tensor("float32", own, [1, ...shape]);
  const rows: Float32Array[] = [];
  for (let start = 0; start < count * area; start += area) {
    own.set(pixels.subarray(start, start + area)); // a tensor cannot lie in shared memory
    const outputs = await model.run({ [model.inputNames[0]]: image });
    const pooled = outputs.image_embeds ?? outputs.pooler_output;
    if (pooled === undefined) {
      throw new Error(`the model returns ${model.outputNames}, none of them pooled`);
    }
    rows.push(Float32Array.from(pooled.data as Float32Array));
    for (const output of Object.values(outputs)) output.dispose();
  }
  const vectors = new Float32Array(rows.length * (rows[0]?.length ?? 0));
  rows.forEach((row, i) => vectors.set(row, i * row.length));
  return vectors;
}

parentPort!.on("message", async (request: WorkerRequest) => {
  let reply: WorkerAnswer;
  try {
    reply = { vectors: await answer(request) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  parentPort!.postMessage(reply);
});
