/**
 * Towers of images as functions on bytes: on the processor, where these are normalised before they go to the model, and
 * on other devices, where they go as they are.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { DRIVER_VARIABLES, withEnv } from "../runtime/gpu.ts";
import type { EncoderDevice, EncoderDtype } from "./encoder.ts";
import { PACKED_PIXELS, packPixels } from "./image_graph.ts";
import { encoderFiles } from "./locate.ts";
import { type ModelPreprocessing, normalizationTable, normalizePatches } from "./preprocess.ts";
import { chooseOutput, type Tower } from "./towers.ts";

/** A loaded tower of images. */
export interface ImageTower {
  /**
   * Runs the model on `count` images.
   *
   * @param bytes images (B, S, S, 3)
   * @param count B
   * @param output which of the model's outputs; its vectors if absent
   * @returns (B, D), not normalised
   */
  run(bytes: Uint8Array, count: number, output?: string): Promise<Float32Array>;
  /** Frees the session. */
  dispose(): Promise<unknown>;
}

/**
 * A tower on the processor.
 *
 * @param tower takes normalised pixels (B, 3, S, S)
 * @param preprocessing how bytes become those
 * @param most images of one run
 */
export function towerOfFloats(
  tower: Tower,
  preprocessing: ModelPreprocessing,
  most: number,
): ImageTower {
  const { size } = preprocessing, table = normalizationTable(preprocessing);
  const pixels = new Float32Array(most * 3 * size ** 2); // (most, 3, S, S), reused by every run
  return {
    run(bytes, count, output) {
      const wanted = pixels.subarray(0, count * 3 * size ** 2);
      normalizePatches(bytes, 0, count, size, table, wanted);
      return tower.run(wanted, [count, 3, size, size], output);
    },
    dispose: () => tower.dispose(),
  };
}

/** What may help where a device cannot be used. */
const HINTS: Record<Exclude<EncoderDevice, "cpu">, string> = {
  webgpu: "It wants a GPU and, on Linux, its Vulkan driver and Debian's libvulkan1",
  cuda:
    "onnxruntime's CUDA files are not in its package: node node_modules/onnxruntime-node/script/install.js " +
    "--onnxruntime-node-install=cuda12 fetches them; device webgpu needs none",
  dml: "It is part of Windows",
  coreml: "It is part of macOS",
};

/** Says of what went wrong on a device what was attempted, and what may help. */
export function deviceError(device: Exclude<EncoderDevice, "cpu">, error: unknown): Error {
  const [first] = (error as Error).message.split("\n");
  const why = first.replace(/^\/onnxruntime_src\/.* was false\. /, ""); // where in its source
  if (why.startsWith("Cannot load encoder")) return error as Error;
  const said = `Cannot load encoder on ${device}: ${why.replace(/\.$/, "")}. ${HINTS[device]}`;
  return new Error(said, { cause: error });
}

/** How a tower on a device is loaded. */
export interface DeviceTowerOptions {
  dtype: EncoderDtype;
  device: Exclude<EncoderDevice, "cpu">;
  preprocessing: ModelPreprocessing;
}

/**
 * Loads a tower on a device. It takes bytes, four in a word; its ends are of 32 bits whatever it computes in.
 *
 * @param folder absolute path of the model's folder
 * @param options precision and device
 * @throws {Error} when it cannot be loaded there; {@linkcode deviceError} says it in words
 */
export async function loadDeviceTower(
  folder: string,
  { dtype, device, preprocessing }: DeviceTowerOptions,
): Promise<ImageTower> {
  if (dtype === "q8") {
    throw new Error(
      `Cannot load encoder on ${device}: q8 is for the processor; use dtype fp16 or fp32`,
    );
  }
  const path = join(folder, encoderFiles(dtype)[0]);
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  let renamed: ReturnType<typeof packPixels>["renamed"];
  const load = async () => {
    const packed = packPixels(await Deno.readFile(path), preprocessing);
    renamed = packed.renamed;
    return await InferenceSession.create(packed.bytes, {
      executionProviders: [device],
      logSeverityLevel: 4, // what fails is thrown; it warns of shapes that the processor computes
      extra: { session: { model_external_initializers_file_folder_path: dirname(path) } },
    });
  };
  const session = await withEnv(DRIVER_VARIABLES, load);
  const names = new Map(session.outputNames.map((name) => [renamed.get(name) ?? name, name]));
  const words = preprocessing.size ** 2 * 3 / 4;
  return {
    async run(bytes, count, output) {
      const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
      const packed = new Uint32Array(aligned.buffer, aligned.byteOffset, count * words);
      const name = names.get(chooseOutput([...names.keys()], output))!;
      const feeds = { [PACKED_PIXELS]: new Tensor("uint32", packed, [count, words]) };
      const { [name]: made } = await session.run(feeds, [name]);
      const values = Float32Array.from(made.data as Float32Array);
      made.dispose();
      return values;
    },
    dispose: () => session.release(),
  };
}
