/**
 * Says which engine trainings run on, and why: `deno task engine [--cuda]`. The native one is built for it if it is not
 * there, which otherwise happens by itself on first use.
 *
 * @module
 */
import { buildEngine } from "../../lib/tensor/native/build.ts";
import { engine } from "../../lib/tensor/engine.ts";
import { readOptions } from "./arguments.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task engine [--cuda]
  which engine trainings run on, and why; builds the native one, for an NVIDIA GPU with --cuda
  DETAILCLIP_ENGINE=webgpu|native|wasm forces one`;

await runTask(USAGE, async () => {
  const { values } = readOptions({ options: { cuda: { type: "boolean", default: false } } });
  if (values.cuda) {
    Deno.env.set("DETAILCLIP_CUDA", "1"); // this process then loads that one, too
    console.log(await buildEngine());
  }
  const { name, version, device, adapter, note, gflops } = await engine();
  const where = adapter ?? `the ${device}`;
  console.log(
    `${name} ${version} on ${where}: ${gflops.toPrecision(gflops < 100 ? 2 : 3)} GFLOP/s`,
  );
  if (note !== undefined) console.log(note);
});
