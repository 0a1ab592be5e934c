/**
 * Builds the native engine, which otherwise happens by itself on first use: `deno task engine [--cuda]`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { buildEngine } from "../../lib/tensor/native/build.ts";
import { engine } from "../../lib/tensor/engine.ts";
import { fail } from "../project.ts";

const { values } = parseArgs({ options: { cuda: { type: "boolean", default: false } } });
try {
  if (values.cuda) Deno.env.set("DETAILCLIP_CUDA", "1"); // this process then loads that one, too
  console.log(await buildEngine());
  const { name, version, device, gflops } = await engine();
  console.log(`${name} ${version} on the ${device}: ${gflops.toFixed(0)} GFLOP/s`);
} catch (error) {
  fail(error);
}
