/**
 * The engines that a machine has.
 *
 * @module
 */
import { type EngineName, ENGINES, loadEngine } from "detailclip/tensor";
import { findAdapter } from "../lib/runtime/gpu.ts";

/** What is measured. */
export interface EngineWish {
  /** Names, with commas between them; all that there are unless told. */
  engines?: string;
  /** Whether a GPU made of software counts. */
  software?: boolean;
}

/** Why the GPU is not measured; undefined when it is. */
export async function gpuObstacle({ software }: EngineWish): Promise<string | undefined> {
  const found = await findAdapter();
  if (!found) return "this runtime finds no device";
  if (found.software && !software) {
    return `${found.name} is made of software; --software measures it all the same`;
  }
}

/**
 * Finds the engines that there are, and says why others are not. The native one is loaded: it must come before a GPU's
 * drivers.
 *
 * @param wish which, if not all
 * @throws {RangeError} when one is no engine
 */
export async function presentEngines(wish: EngineWish): Promise<EngineName[]> {
  const forced = Deno.env.get("DETAILCLIP_ENGINE") || undefined;
  const names = (wish.engines ?? forced)?.split(",") ?? ["native", "webgpu", "wasm"];
  const found: EngineName[] = [];
  for (const name of names) {
    const engine = ENGINES.find((engine) => engine === name);
    if (!engine) {
      throw new RangeError(`Cannot measure: an engine is ${ENGINES.join(", ")}, got ${name}`);
    }
    let why: string | undefined;
    if (engine === "native") {
      const { name, note } = await loadEngine({ prefer: "native", log: () => {} });
      if (name !== "native") why = note ?? "it cannot be loaded";
    } else if (engine === "webgpu" && !forced) why = await gpuObstacle(wish);
    if (why === undefined) found.push(engine);
    else console.error(`${engine} is not measured: ${why}`);
  }
  return found;
}
