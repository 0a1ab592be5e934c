/**
 * `deno task encoder`: which encoders there are, bringing one from the model hub, checking one that is here.
 *
 * Only `add` needs the network.
 *
 * @module
 */
import { addEncoder, listEncoders, type LocalEncoder } from "../../lib/encoders/mod.ts";
import { checkEncoder, describeCheck } from "../encoders/check_encoder.ts";
import { EXPORTED_MODELS, KNOWN_MODELS } from "../encoders/known_models.ts";
import { ENCODER_OPTIONS, readEncoder, readOptions, UsageError } from "./arguments.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task encoder list | add ID | check ID [options]
  list                  the encoders that are here, and models of the hub to choose from
  add ID                downloads a model of the hub, or goes on with a download that was broken off
  check ID              shapes, speed, int8 beside fp32, and a fixed image and text beside PyTorch where that is installed
  --dtype fp32|fp16|q8  precision of the weights (fp32)
  --device DEVICE       of check: auto, cpu, webgpu, cuda, dml or coreml (cpu)
  --torch MODEL         of check: PyTorch's checkpoint of the same model, a folder or an id
Of the environment: HF_ENDPOINT (another hub), HF_TOKEN (for private and gated models), DETAILCLIP_MODELS (the folder of models),
DETAILCLIP_TORCH_PYTHON (the Python that has PyTorch, instead of that of .venv-torch)`;

const OPTIONS = {
  dtype: ENCODER_OPTIONS.dtype,
  device: ENCODER_OPTIONS.device,
  torch: { type: "string" },
} as const;

/** What the command line asks for. */
function parseCall(args: string[]) {
  const { values, positionals } = readOptions({ args, options: OPTIONS, allowPositionals: true });
  const [given = "list", id, ...rest] = positionals;
  const action = (["list", "add", "check"] as const).find((name) => name === given);
  if (action === undefined) {
    throw new UsageError(`Cannot read the command line: expected list, add or check, got ${given}`);
  }
  const { dtype, device } = readEncoder(values);
  if ((action !== "list") !== (id !== undefined) || rest.length > 0) {
    const expected = action === "list" ? "no ID" : "one ID";
    throw new UsageError(
      `Cannot ${action}: expected ${expected}, got ${positionals.slice(1).join(" ") || "none"}`,
    );
  }
  return { action, id, dtype, device, torch: values.torch };
}

/** An encoder that is here, in a line. */
function describeLocal({ id, dtypes, bytes, embedded, licence }: LocalEncoder): string {
  if (dtypes.length === 0) return `  ${id}: begun; deno task encoder add ${id} goes on`;
  const origin = embedded ? "part of this repository" : `licence ${licence ?? "not noted"}`;
  return `  ${id}: ${dtypes.join(", ")}, ${(bytes / 1e6).toFixed(0)} MB, ${origin}`;
}

/** What `list` prints. */
export async function listing(options: { modelsDir?: string } = {}): Promise<string> {
  const here = await listEncoders(options), ids = new Set(here.map(({ id }) => id));
  const others = KNOWN_MODELS.filter(({ id }) => !ids.has(id));
  return [
    "On this machine:",
    ...here.map(describeLocal),
    "On the hub, among others (deno task encoder add ID); not checked here with their own weights:",
    ...others.map(({ id, about }) => `  ${id}: ${about}`),
    "By export from PyTorch (.venv-torch/bin/python tools/encoders/SCRIPT … --output FOLDER); FOLDER is the encoder's ID then:",
    ...EXPORTED_MODELS.map(({ about, script }) => `  ${about}: ${script}`),
  ].join("\n");
}

/** Does what is asked for. */
async function run(args: string[]): Promise<void> {
  const { action, id, ...how } = parseCall(args);
  if (action === "list") return console.log(await listing());
  if (action === "add") {
    const folder = await addEncoder(id, { dtype: how.dtype });
    return console.log(`${id}: ${how.dtype ?? "fp32"} is in ${folder}`);
  }
  console.log(describeCheck(await checkEncoder(id, how)).join("\n"));
}

if (import.meta.main) await runTask(USAGE, () => run(Deno.args));
