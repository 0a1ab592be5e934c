/**
 * The two towers of a CLIP-family model as functions on plain arrays. The only user of transformers.js.
 *
 * @module
 */
import type { PreTrainedModel, PreTrainedTokenizer, Tensor } from "@huggingface/transformers";
import { join } from "node:path";
import { quantizesByRun } from "./dynamic_quantization.ts";
import type { EncoderDtype } from "./encoder.ts";
import { encoderFiles } from "./locate.ts";

/** The parts of config.json that are read here. */
export interface ModelConfig {
  model_type?: string;
  text_config?: { max_position_embeddings?: number };
  vision_config?: { patch_size?: number; hidden_size?: number; num_hidden_layers?: number };
  /** Ours: a direction that vectors are given after the towers. */
  common_direction?: unknown;
}

/** How towers are loaded. */
export interface TowerOptions {
  dtype: EncoderDtype;
  device: string;
  threads: number;
}

/** One loaded tower. */
export interface Tower {
  /**
   * Runs the model on `count` inputs.
   *
   * @param output which of the model's outputs; its vectors if absent
   * @returns (count, D), not normalised
   */
  run(
    inputs: Float32Array | BigInt64Array,
    dims: number[],
    output?: string,
  ): Promise<Float32Array>;
  /** Frees the session. */
  dispose(): Promise<unknown>;
}

/** Cuts texts into token ids, each list as short as the model allows. */
export type Tokenize = (texts: readonly string[]) => number[][];

/** Families: which classes load the towers. SigLIP's vectors are its pooled outputs. */
const FAMILIES = {
  clip: { text: "CLIPTextModelWithProjection", image: "CLIPVisionModelWithProjection" },
  siglip: { text: "SiglipTextModel", image: "SiglipVisionModel" },
} as const;

/** The family of a model, or an error that names those known. */
function familyOf(config: ModelConfig): keyof typeof FAMILIES {
  const type = config.model_type;
  if (type === "clip" || type === "siglip") return type;
  const known = Object.keys(FAMILIES).join(", ");
  throw new Error(`Cannot load encoder: model_type must be one of ${known}, got ${type}`);
}

/** transformers.js, imported when the first encoder is loaded; it never goes to the network from here. */
async function library(): Promise<typeof import("@huggingface/transformers")> {
  return await import("@huggingface/transformers");
}

/**
 * Loads one tower. Its results do not depend on what is run together: models of which that is not true are
 * run one input at a time.
 *
 * @param folder absolute path of the model's folder
 * @param config the content of its config.json
 */
export async function loadTower(
  part: "text" | "image",
  folder: string,
  config: ModelConfig,
  options: TowerOptions,
): Promise<Tower> {
  const transformers = await library();
  const [image, text] = encoderFiles(options.dtype);
  const alone = options.dtype === "q8" &&
    await quantizesByRun(join(folder, part === "image" ? image : text));
  const model: PreTrainedModel = await transformers[FAMILIES[familyOf(config)][part]]
    .from_pretrained(folder, {
      local_files_only: true,
      dtype: options.dtype,
      device: options.device as "cpu",
      session_options: {
        intraOpNumThreads: options.threads,
        graphOptimizationLevel: "all",
        // Between runs its threads would wait busily, on the cores that decode and cut the next images.
        extra: { session: { intra_op: { allow_spinning: "0" } } },
      },
    });
  const session = Object.values(model.sessions)[0] as Session;
  const half = session.inputMetadata.some(({ type }) => type === "float16");
  const tower: Tower = {
    run: (inputs, dims, output) =>
      runTower(transformers, model, session, half, inputs, dims, output),
    dispose: () => model.dispose(),
  };
  return alone ? oneByOne(tower) : tower;
}

/** A tower that runs its inputs one at a time, so that none feels another. */
function oneByOne(tower: Tower): Tower {
  return {
    async run(inputs, [count, ...shape], output) {
      const size = inputs.length / count;
      const rows: Float32Array[] = [];
      for (let start = 0; start < inputs.length; start += size) {
        rows.push(await tower.run(inputs.slice(start, start + size), [1, ...shape], output));
      }
      const vectors = new Float32Array(count * rows[0].length); // (B, D)
      rows.forEach((row, i) => vectors.set(row, i * row.length));
      return vectors;
    },
    dispose: () => tower.dispose(),
  };
}

interface Session {
  inputNames: readonly string[];
  inputMetadata: readonly { type?: string; shape?: readonly (number | string)[] }[];
}

/** Names of the output that holds a tower's vectors. */
const VECTORS = ["text_embeds", "image_embeds", "pooler_output"];

async function runTower(
  { Tensor }: typeof import("@huggingface/transformers"),
  model: PreTrainedModel,
  session: Session,
  half: boolean,
  inputs: Float32Array | BigInt64Array,
  dims: number[],
  output?: string,
): Promise<Float32Array> {
  const feeds: Record<string, Tensor> = {};
  if (inputs instanceof BigInt64Array) {
    feeds.input_ids = new Tensor("int64", inputs, dims);
    if (session.inputNames.includes("attention_mask")) {
      feeds.attention_mask = new Tensor("int64", new BigInt64Array(inputs.length).fill(1n), dims);
    }
  } else {
    feeds.pixel_values = half
      ? new Tensor("float16", new Float16Array(inputs), dims)
      : new Tensor("float32", inputs, dims);
  }
  const outputs: Record<string, Tensor> = await model(feeds);
  const wanted = output === undefined ? VECTORS : [output];
  const name = wanted.find((key) => key in outputs);
  if (name === undefined) {
    throw new Error(
      `Cannot encode: the model returns ${Object.keys(outputs)}, none of them ${
        output ?? "pooled"
      }`,
    );
  }
  const values = Float32Array.from(floats(outputs[name]));
  for (const tensor of [...Object.values(feeds), ...Object.values(outputs)]) tensor.dispose();
  return values;
}

/** A tensor's numbers, whether single or half precision. */
function floats(tensor: Tensor): ArrayLike<number> {
  const data = tensor.data;
  if (tensor.type !== "float16") return data as Float32Array;
  return data instanceof Uint16Array
    ? new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)
    : data as Float16Array;
}

/**
 * Loads a model's tokenizer.
 *
 * CLIP's text tower looks only backwards and reads the first end token, so that texts need no padding;
 * SigLIP's was trained on texts padded to its full context.
 */
export async function loadTokenizer(folder: string, config: ModelConfig): Promise<Tokenize> {
  const { AutoTokenizer } = await library();
  const tokenizer: PreTrainedTokenizer = await AutoTokenizer.from_pretrained(folder, {
    local_files_only: true,
  });
  const padded = familyOf(config) === "siglip";
  const context = config.text_config?.max_position_embeddings ?? (padded ? 64 : 77);
  const filler = tokenizer.pad_token_id ?? 0;
  return (texts) => {
    if (texts.length === 0) return [];
    const { input_ids } = tokenizer([...texts], { return_tensor: false }) as {
      input_ids: number[][];
    };
    return input_ids.map((ids) => {
      // The library's own truncation drops the end token, from which CLIP reads a text's vector.
      const cut = ids.length > context ? [...ids.slice(0, context - 1), ids.at(-1)!] : ids;
      return padded ? [...cut, ...Array(context - cut.length).fill(filler)] : cut;
    });
  };
}
