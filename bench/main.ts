/**
 * Runs one benchmark: `deno task bench NAME [options]`; without a name, lists them. Results go to runs/bench; `--keep`, without
 * other options, renews the committed ones in results/bench.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { KEEP_VARIABLE } from "../lib/report/filing.ts";
import { helpOn } from "../tools/commands/arguments.ts";

const folder = import.meta.dirname!;
const [name, ...options] = Deno.args;
const args = options.filter((option) => option !== "--keep"), keep = args.length < options.length;
// A benchmark is a file of this folder whose name has no further dots or underscores.
const names = [...Deno.readDirSync(folder)]
  .flatMap(({ name }) => /^([a-z-]+)\.ts$/.exec(name)?.[1] ?? [])
  .filter((found) => !["main", "record"].includes(found)).sort();

const usage = `Usage: deno task bench NAME [options]. Benchmarks: ${names.join(", ")}
The options of a benchmark stand at the head of bench/NAME.ts; --keep, without others, renews results/bench.`;
helpOn(usage);
if (name === undefined || !names.includes(name) || !existsSync(join(folder, `${name}.ts`))) {
  console.error(usage);
  Deno.exit(2);
}
if (keep && args.length > 0) {
  console.error("Cannot run bench: --keep is for the committed measurement, which options change");
  Deno.exit(2);
}
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", join(folder, `${name}.ts`), ...args],
  env: { [KEEP_VARIABLE]: keep ? "1" : "" },
}).spawn().status;
Deno.exit(code);
