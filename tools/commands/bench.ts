/**
 * Runs one benchmark: `deno task bench NAME [options]`; without a name, lists them. Results go to runs/bench; `--keep`, without
 * other options, renews the committed ones in results/bench, and the page that shows them.
 *
 * @module
 */
import { join } from "node:path";
import { KEEP_VARIABLE } from "../../lib/report/filing.ts";
import { spawnChild } from "../../lib/runtime/children.ts";
import { ROOT } from "../project.ts";
import { UsageError } from "./arguments.ts";
import { runTask } from "./task.ts";

const folder = join(ROOT, "bench");
const [name, ...options] = Deno.args;
const args = options.filter((option) => option !== "--keep"), keep = args.length < options.length;
// A benchmark is a file of bench/ whose name has no further dots or underscores.
const names = [...Deno.readDirSync(folder)]
  .flatMap(({ name }) => /^([a-z-]+)\.ts$/.exec(name)?.[1] ?? [])
  .filter((found) => found !== "record").sort();

const usage = `Usage: deno task bench NAME [options]. Benchmarks: ${names.join(", ")}
The options of a benchmark stand at the head of bench/NAME.ts; --keep, without others, renews results/bench.`;
await runTask(usage, async () => {
  if (name === undefined || !names.includes(name)) {
    throw new UsageError(`Cannot run bench: there is no benchmark ${name ?? "named"}`);
  }
  if (keep && args.length > 0) {
    throw new UsageError(
      "Cannot run bench: --keep is for the committed measurement, which options change",
    );
  }
  const child = spawnChild(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--frozen", "-P=programs"],
      ...[join(folder, `${name}.ts`), ...args],
    ],
    env: { [KEEP_VARIABLE]: keep ? "1" : "" },
  });
  const { code } = await child.status;
  if (keep && code === 0) {
    const { fillPages } = await import("../checks/readme_table.ts"); // with the whole library
    await fillPages(ROOT, ["bench/README.md"]);
  }
  return code;
});
