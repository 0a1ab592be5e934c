/**
 * Runs one benchmark: `deno task bench NAME [options]`; without a name, lists them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname!;
const [name, ...args] = Deno.args;
// A benchmark is a file of this folder whose name has no further dots or underscores.
const names = [...Deno.readDirSync(folder)]
  .flatMap(({ name }) => /^([a-z-]+)\.ts$/.exec(name)?.[1] ?? [])
  .filter((found) => found !== "main").sort();

if (name === undefined || !names.includes(name) || !existsSync(join(folder, `${name}.ts`))) {
  console.error(`Usage: deno task bench NAME [options]. Benchmarks: ${names.join(", ")}`);
  Deno.exit(2);
}
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", join(folder, `${name}.ts`), ...args],
}).spawn().status;
Deno.exit(code);
