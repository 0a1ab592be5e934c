/**
 * Files with what PyTorch computed: read and checked. Their layout is described in `parity.ts`.
 *
 * @module
 */
import {
  type NamedArray,
  readSafetensors,
  type SafeTensors,
} from "../../lib/tensor/safetensors.ts";
import type { TransformerSpec } from "../../lib/fusion/model/spec.ts";

/** What a parity file holds. */
export interface ParityFile {
  /** The transformer, its sizes read from the weights. */
  spec: TransformerSpec;
  /** D. */
  dim: number;
  /** Weights by PyTorch name. */
  weights: Map<string, NamedArray>;
  /** Gradients of the first loss by PyTorch name, one for each weight. */
  gradients: Map<string, NamedArray>;
  /** Patch features (B, P, D). */
  patches: NamedArray;
  /** Prompts (Q, D). */
  text: NamedArray;
  /** PyTorch's output (B, D). */
  fused: NamedArray;
  /** PyTorch's losses, the first before any step. */
  losses: number[];
  /** The optimiser's numbers. */
  adamW: { learningRate: number; weightDecay: number; betas: [number, number]; epsilon: number };
}

/**
 * Reads a parity file.
 *
 * @param path a safetensors file
 * @param heads attention heads, which the tensors do not tell
 * @throws Error naming the file and what it lacks
 */
export async function readParityFile(path: string, heads: number): Promise<ParityFile> {
  const content = await readSafetensors(path);
  try {
    return parse(content, heads);
  } catch (error) {
    throw new Error(`Cannot check ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

function parse({ tensors, metadata }: SafeTensors, heads: number): ParityFile {
  const get = (name: string, axes: string): NamedArray => {
    const found = tensors.get(name);
    if (!found) throw new Error(`it has no tensor ${name}`);
    const rank = axes.split(", ").length;
    if (found.shape.length !== rank || found.shape.some((n) => n === 0)) {
      throw new Error(`${name} must be (${axes}), got [${found.shape}]`);
    }
    return found;
  };
  const patches = get("input.patches", "B, P, D");
  const text = get("input.text", "Q, D");
  const fused = get("output.fused", "B, D");
  const [images, , dim] = patches.shape;
  if (text.shape[1] !== dim) throw new Error(`input.text must be (Q, ${dim}), got [${text.shape}]`);
  if (fused.shape[0] !== images || fused.shape[1] !== dim) {
    throw new Error(`output.fused must be (${images}, ${dim}), got [${fused.shape}]`);
  }
  const weights = withPrefix(tensors, "weights."), gradients = withPrefix(tensors, "grad.");
  checkGradients(weights, gradients);
  const { model, adamW } = readSettings(metadata);
  const spec: TransformerSpec = { ...sizesOf(weights), epsilon: model.epsilon, heads, dropout: 0 };
  const losses = readLosses(metadata.losses);
  return { spec, dim, weights, gradients, patches, text, fused, losses, adamW };
}

function withPrefix(tensors: ReadonlyMap<string, NamedArray>, prefix: string) {
  return new Map(
    [...tensors].filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

function checkGradients(
  weights: ReadonlyMap<string, NamedArray>,
  gradients: ReadonlyMap<string, NamedArray>,
): void {
  for (const name of weights.keys()) {
    if (!gradients.has(name)) throw new Error(`it has no tensor grad.${name}`);
  }
  for (const name of gradients.keys()) {
    if (!weights.has(name)) throw new Error(`it has grad.${name}, but no weights.${name}`);
  }
}

/** Layers and width, as the names and shapes of the weights tell them. */
function sizesOf(weights: ReadonlyMap<string, NamedArray>): TransformerSpec {
  const layers = (stack: string) => {
    const numbers = [...weights.keys()].flatMap((name) =>
      name.match(new RegExp(`^${stack}\\.layers\\.(\\d+)\\.`))?.[1] ?? []
    );
    if (numbers.length === 0) throw new Error(`it has no tensor weights.${stack}.layers.0.*`);
    return new Set(numbers).size; // gaps show when the model is built: a parameter is missing
  };
  return {
    kind: "transformer",
    size: "tiny", // every number of the size is given
    encoderLayers: layers("encoder"),
    decoderLayers: layers("decoder"),
    feedForward: weights.get("encoder.layers.0.linear1.weight")?.shape[0],
  };
}

function readLosses(text: string | undefined): number[] {
  let losses: unknown;
  try {
    losses = JSON.parse(text ?? "");
  } catch { /* the message below serves both */ }
  const finite = (value: unknown): value is number => Number.isFinite(value);
  if (Array.isArray(losses) && losses.length > 0 && losses.every(finite)) return losses;
  throw new Error(`its metadata must hold losses, a JSON array of numbers, got ${text}`);
}

/**
 * The numbers behind the losses: each from the metadata by its PyTorch name, or from the call written
 * out in `what`, or PyTorch's default for `nn.Transformer` and our fixture's for AdamW.
 */
function readSettings(metadata: Record<string, string>) {
  const { what = "" } = metadata;
  const number = (key: string, fallback: number): number => {
    const text = metadata[key] ?? new RegExp(`\\b${key}=([^,()\\s]+)`).exec(what)?.[1];
    const value = text === undefined ? fallback : Number(text);
    if (Number.isFinite(value)) return value;
    throw new Error(`${key} in its metadata must be a number, got ${text}`);
  };
  const betas = (metadata.betas ?? /\bbetas=\(([^)]*)\)/.exec(what)?.[1] ?? "0.9,0.999")
    .replace(/[[\]()\s]/g, "").split(",").map(Number);
  if (betas.length !== 2 || !betas.every(Number.isFinite)) {
    throw new Error(`betas in its metadata must be two numbers, got ${metadata.betas ?? what}`);
  }
  const activation = metadata.activation ?? /\bactivation=['"]?(\w+)/.exec(what)?.[1] ?? "gelu";
  if (activation !== "gelu") throw new Error(`its activation is ${activation}, only gelu is known`);
  if (/\bnorm_first=True/.test(what)) throw new Error("its layers normalise first, ours last");
  return {
    model: { epsilon: number("layer_norm_eps", 1e-5) },
    adamW: {
      learningRate: number("lr", 1e-3),
      weightDecay: number("weight_decay", 1e-2),
      betas: betas as [number, number],
      epsilon: number("eps", 1e-8),
    },
  };
}
