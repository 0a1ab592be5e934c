/**
 * ONNX models that keep weights in a file beside them, made from models that do not, for the tests of this room.
 *
 * @module
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { concat, fieldsOf, hold, holdInteger } from "./protobuf.ts";

/** A tensor without its weights, which are added to `data`; small ones keep them, as exporters have it. */
function externalTensor(tensor: Uint8Array, location: string, data: Uint8Array[]): Uint8Array {
  const fields = [...fieldsOf(tensor)], raw = fields.find(({ number }) => number === 9)?.value;
  if (raw === undefined || raw.length < 1024) return tensor;
  const offset = data.reduce((sum, { length }) => sum + length, 0);
  data.push(raw);
  const entries = { location, offset: String(offset), length: String(raw.length) };
  return concat([
    ...fields.filter(({ number }) => number !== 9).map(({ whole }) => whole),
    ...Object.entries(entries).map(([key, value]) =>
      hold(13, concat([hold(1, key), hold(2, value)]))
    ),
    holdInteger(14, 1), // data_location: EXTERNAL
  ]);
}

/**
 * Moves the weights of a model into a file of their own.
 *
 * @param model an ONNX model that has its weights within
 * @param location the name of the file, as the model is to say it
 * @returns the model without its large tensors, and those
 */
export function withExternalData(
  model: Uint8Array,
  location: string,
): { model: Uint8Array; data: Uint8Array } {
  const data: Uint8Array[] = [];
  const rewrite = (bytes: Uint8Array, number: number, inner: (body: Uint8Array) => Uint8Array) =>
    concat(
      [...fieldsOf(bytes)].map((part) =>
        part.number === number ? hold(number, inner(part.value)) : part.whole
      ),
    );
  const rewritten = rewrite(
    model,
    7,
    (graph) => rewrite(graph, 5, (tensor) => externalTensor(tensor, location, data)),
  );
  return { model: rewritten, data: concat(data) };
}

/** A random encoder of this room, in the hub's layout. */
export const RANDOM_CLIP: string = fileURLToPath(
  new URL("./testdata/random-clip", import.meta.url),
);

/** How exporters name the file of an image tower's weights. */
export const DATA = "vision_model.onnx_data";

/** A copy of the random encoder whose image tower has its weights in a file beside it. */
export async function inExternalFolder(
  test: (folder: string) => Promise<void>,
  location: string = DATA,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "external-"));
  try {
    await cp(RANDOM_CLIP, folder, { recursive: true });
    const path = join(folder, "onnx", "vision_model.onnx");
    const { model, data } = withExternalData(await Deno.readFile(path), location);
    await Deno.writeFile(path, model);
    await Deno.writeFile(join(folder, "onnx", location), data);
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
