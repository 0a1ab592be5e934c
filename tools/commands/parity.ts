/**
 * `deno task parity`: whether this workspace's transformer is PyTorch's. A file holds what
 * `torch.nn.Transformer` computed (its layout: tools/parity/compare.ts); sizes are read from its tensors.
 *
 *     deno task parity FILE --heads H [--engine webgpu|native|wasm]
 *
 * Prints one line of JSON, the largest |difference| of `output`, `gradient` and `losses`; on standard
 * error the engine, the same relative to PyTorch's largest value, and a verdict. Exits with 0 when they are equal up to
 * the order of float32 sums, 1 when they are not or could not be compared, 2 when it was called wrongly.
 *
 * @module
 */
import { ENGINES, loadEngine } from "../../lib/tensor/mod.ts";
import { beyondTolerance, compareFile, TOLERANCE } from "../parity/compare.ts";
import { readParityFile } from "../parity/parity_file.ts";
import { oneOf, readOptions, UsageError } from "./arguments.ts";
import { runTask } from "./task.ts";

const USAGE = "Usage: deno task parity FILE --heads H [--engine webgpu|native|wasm]";

/** What the command line asks for. */
function parseCall(args: string[]) {
  const options = { heads: { type: "string" }, engine: { type: "string" } } as const;
  const { values, positionals } = readOptions({ args, options, allowPositionals: true });
  if (positionals.length !== 1) {
    throw new UsageError(`Cannot check parity: expected one FILE, got ${positionals.length}`);
  }
  const heads = Number(values.heads);
  if (!Number.isSafeInteger(heads) || heads < 1) {
    const got = values.heads ?? "none";
    throw new UsageError(`Cannot read --heads: expected a positive integer, got ${got}`);
  }
  const engine = values.engine === undefined ? undefined : oneOf("engine", values.engine, ENGINES);
  return { path: positionals[0], heads, engine };
}

if (import.meta.main) {
  await runTask(USAGE, async () => {
    const { path, heads, engine: prefer } = parseCall(Deno.args);
    const file = await readParityFile(path, heads); // before an engine is built for it
    const { name, version, device } = await loadEngine({ prefer });
    const { absolute, relative } = await compareFile(path, file);
    const { output, gradient, losses } = relative;
    const short = (part: number) => part.toExponential(1);
    console.error(
      `${name} ${version} (${device}); relative to the largest value of each tensor: ` +
        `output ${short(output)}, gradient ${short(gradient)}, losses ${short(losses)}`,
    );
    console.log(JSON.stringify(absolute));
    const different = beyondTolerance(relative);
    console.error(
      different.length === 0
        ? `equal: no part differs by more than ${TOLERANCE}`
        : `different: ${different.join(", ")} by more than ${TOLERANCE}`,
    );
    return different.length > 0 ? 1 : 0;
  });
}
