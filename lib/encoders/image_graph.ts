/**
 * Puts the normalisation of pixels into the ONNX graph of an image tower, for devices to which bytes go quicker than
 * floats: what was (B, 3, S, S) normalised floats becomes the bytes of B images, four in a word. Whatever precision the
 * model has within, both ends are then neither 16-bit floats, which Deno cannot pass, nor converted here.
 *
 * The model is a protocol buffer (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Its parts are copied as they
 * are: nodes are put before and behind them.
 *
 * @module
 */
import type { ModelPreprocessing } from "./preprocess.ts";
import { concat, type Field, fieldsOf, hold, holdInteger, nameOf, tagOf } from "./protobuf.ts";

/** The input of a graph that was made here. */
export const PACKED_PIXELS = "packed_pixels";

/** Element types of tensors. */
const FLOAT = 1, INT64 = 7, FLOAT16 = 10, UINT32 = 12;
/** Fields of the messages that are looked at, by what they hold. */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;

/** Kinds of attributes. */
const INT_ATTRIBUTE = 2, INTS_ATTRIBUTE = 7;

/** An operator of the graph; attributes are whole numbers or lists of them. */
function node(
  type: string,
  inputs: readonly string[],
  output: string,
  attributes: Record<string, number | readonly number[]> = {},
): Uint8Array {
  const written = Object.entries(attributes).map(([name, value]) => {
    const values = typeof value === "number"
      ? [holdInteger(3, value), holdInteger(20, INT_ATTRIBUTE)]
      : [...value.map((one) => holdInteger(8, one)), holdInteger(20, INTS_ATTRIBUTE)];
    return hold(5, concat([hold(1, name), ...values]));
  });
  const names = inputs.map((name) => hold(1, name));
  return hold(
    GRAPH.node,
    concat([...names, hold(2, output), hold(3, `${output}/node`), hold(4, type), ...written]),
  );
}

/** A constant of the graph. */
function constant(name: string, data: Float32Array | BigInt64Array | Uint32Array): Uint8Array {
  const type = data instanceof Float32Array ? FLOAT : data instanceof Uint32Array ? UINT32 : INT64;
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const shape = holdInteger(1, data.length);
  return hold(
    GRAPH.initializer,
    concat([shape, holdInteger(2, type), hold(8, name), hold(9, raw)]),
  );
}

/** What goes into a graph, or comes out of it: dimensions are sizes or names. */
function valueInfo(name: string, type: number, shape: readonly (number | string)[]): Uint8Array {
  const dimensions = shape.map((size) =>
    hold(1, typeof size === "number" ? holdInteger(1, size) : hold(2, size))
  );
  const tensor = concat([holdInteger(1, type), hold(2, concat(dimensions))]);
  return concat([hold(1, name), hold(2, hold(1, tensor))]);
}

/** The name and the type of elements of an input or output. */
function readValueInfo(bytes: Uint8Array): { name: string; type: number; shape?: Uint8Array } {
  let name = "", type = 0, shape: Uint8Array | undefined;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) name = nameOf(field.value);
    if (field.number !== 2) continue;
    for (const kind of fieldsOf(field.value)) {
      if (kind.number !== 1) continue; // no tensor
      for (const part of fieldsOf(kind.value)) {
        if (part.number === 1) type = part.integer;
        if (part.number === 2) shape = part.value;
      }
    }
  }
  return { name, type, shape };
}

/** Names that no model has. */
const own = (name: string) => `detailclip/${name}`;

/**
 * Nodes that take words of four bytes apart: (B, S S 3 / 4) -> `output` (B, 3, S, S), normalised. Divisions and
 * products of whole numbers, as devices lack operators on bytes and bits.
 */
function unpacking(
  { size, mean, std, scale }: ModelPreprocessing,
  output: string,
  half: boolean,
): Uint8Array[] {
  const parts: Uint8Array[] = [constant(own("256"), Uint32Array.of(256))];
  let word = PACKED_PIXELS;
  const bytes: string[] = [];
  for (let i = 0; i < 4; i++) {
    let byte = word; // the last one is all that is left
    if (i < 3) {
      const [rest, above] = [own(`rest${i}`), own(`above${i}`)];
      byte = own(`byte${i}`);
      parts.push(
        node("Div", [word, own("256")], rest),
        node("Mul", [rest, own("256")], above),
        node("Sub", [word, above], byte),
      );
      word = rest;
    }
    const [float, column] = [own(`float${i}`), own(`column${i}`)];
    parts.push(node("Cast", [byte], float, { to: FLOAT }));
    parts.push(node("Unsqueeze", [float, own("last")], column)); // (B, S S 3 / 4, 1)
    bytes.push(column);
  }
  const shape = BigInt64Array.of(-1n, BigInt(size), BigInt(size), 3n);
  const turned = half ? own("turned") : output;
  parts.push(
    constant(own("last"), BigInt64Array.of(2n)),
    node("Concat", bytes, own("bytes"), { axis: 2 }),
    constant(own("shape"), shape),
    node("Reshape", [own("bytes"), own("shape")], own("image")), // (B, S, S, 3)
    constant(own("scale"), Float32Array.from(std, (one) => scale / one)),
    constant(own("shift"), Float32Array.from(mean, (one, i) => -one / std[i])),
    node("Mul", [own("image"), own("scale")], own("scaled")),
    node("Add", [own("scaled"), own("shift")], own("normalised")),
    node("Transpose", [own("normalised")], turned, { perm: [0, 3, 1, 2] }), // (B, 3, S, S)
  );
  if (half) parts.push(node("Cast", [turned], output, { to: FLOAT16 }));
  return parts;
}

/** A model whose input is packed pixels. */
export interface PackedModel {
  /** The model, to be loaded from memory; weights outside it are still beside the original. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The names of 16-bit outputs of the original, by those of the 32-bit ones in their place. */
  renamed: Map<string, string>;
}

/** What is in place of a field of the graph: nodes before all others, nodes behind them; undefined: it stays. */
type Replacement = { before?: Uint8Array[]; behind?: Uint8Array[] } | undefined;

/** Puts packed pixels in the place of the input of pixels. */
function replaceInput(field: Field, preprocessing: ModelPreprocessing): Replacement {
  const { name, type } = readValueInfo(field.value);
  if (name !== "pixel_values" || (type !== FLOAT && type !== FLOAT16)) return undefined;
  const words = preprocessing.size ** 2 * 3 / 4;
  const input = hold(GRAPH.input, valueInfo(PACKED_PIXELS, UINT32, ["batch", words]));
  return { before: [input, ...unpacking(preprocessing, name, type === FLOAT16)] };
}

/** Puts an output of 32 bits in the place of one of 16. */
function replaceOutput(field: Field, renamed: PackedModel["renamed"]): Replacement {
  const { name, type, shape } = readValueInfo(field.value), wide = own(name);
  if (type !== FLOAT16) return undefined;
  renamed.set(wide, name);
  const tensor = concat([holdInteger(1, FLOAT), ...(shape ? [hold(2, shape)] : [])]);
  const output = concat([hold(1, wide), hold(2, hold(1, tensor))]);
  return { behind: [node("Cast", [name], wide, { to: FLOAT }), hold(GRAPH.output, output)] };
}

/**
 * Makes a model that takes packed pixels of one that takes normalised floats.
 *
 * @param model an ONNX model whose input is `pixel_values` (B, 3, S, S), of 32 or 16 bits
 * @param preprocessing S, and how bytes become numbers
 * @returns the model with the input {@linkcode PACKED_PIXELS}, uint32 (B, S S 3 / 4), the bytes of B images
 * (S, S, 3) in little-endian order, and outputs of 32 bits
 * @throws {Error} when it is no such model
 */
export function packPixels(model: Uint8Array, preprocessing: ModelPreprocessing): PackedModel {
  const { size } = preprocessing;
  if (size % 2 !== 0) throw new Error(`images of ${size} px are no whole number of words`);
  const renamed: PackedModel["renamed"] = new Map();
  let packed = false;
  const parts = [...fieldsOf(model)].flatMap((field) => {
    if (field.number !== MODEL_GRAPH) return [field.whole];
    const before: Uint8Array[] = [], kept: Uint8Array[] = [], behind: Uint8Array[] = [];
    for (const part of fieldsOf(field.value)) {
      const input = part.number === GRAPH.input ? replaceInput(part, preprocessing) : undefined;
      const output = part.number === GRAPH.output ? replaceOutput(part, renamed) : undefined;
      packed ||= input !== undefined;
      const replacement = input ?? output;
      if (!replacement) kept.push(part.whole);
      before.push(...replacement?.before ?? []);
      behind.push(...replacement?.behind ?? []);
    }
    const all = [...before, ...kept, ...behind]; // hundreds of megabytes, copied once
    return [tagOf(MODEL_GRAPH, all.reduce((sum, { length }) => sum + length, 0)), ...all];
  });
  if (!packed) throw new Error("it has no input pixel_values of 32- or 16-bit floats");
  return { bytes: concat(parts), renamed };
}
