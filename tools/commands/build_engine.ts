/**
 * Builds the native engine, which otherwise happens by itself on first use: `deno task engine [--cuda]`.
 *
 * @module
 */
import { buildEngine } from "../../lib/tensor/native/build.ts";
import { engine } from "../../lib/tensor/engine.ts";
import { fail, helpOn, readOptions } from "./arguments.ts";

const USAGE = "Usage: deno task engine [--cuda]   builds the native engine, for a GPU with --cuda";

helpOn(USAGE);
try {
  const { values } = readOptions({ options: { cuda: { type: "boolean", default: false } } });
  if (values.cuda) Deno.env.set("DETAILCLIP_CUDA", "1"); // this process then loads that one, too
  console.log(await buildEngine());
  const { name, version, device, gflops } = await engine();
  console.log(`${name} ${version} on the ${device}: ${gflops.toFixed(0)} GFLOP/s`);
} catch (error) {
  fail(error, USAGE);
}
