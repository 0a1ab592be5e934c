/**
 * Finds the files in which an ONNX model keeps weights outside itself: onnxruntime reads them beside the model.
 *
 * The model is a protocol buffer (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Only the messages that can
 * hold a tensor are entered, and weights that lie in the model are skipped over, not read.
 *
 * @module
 */
import { dirname, join, relative } from "node:path";

/** Kinds of messages that are entered. */
type Kind =
  | "model"
  | "graph"
  | "node"
  | "attribute"
  | "sparse"
  | "function"
  | "training"
  | "tensor";

/** The fields of each kind that hold another one, by number. */
const FIELDS: Record<Exclude<Kind, "tensor">, Record<number, Kind>> = {
  model: { 7: "graph", 20: "training", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: {
    ...{ 5: "tensor", 6: "graph", 10: "tensor", 11: "graph" },
    ...{ 22: "sparse", 23: "sparse" },
  },
  sparse: { 1: "tensor", 2: "tensor" },
  function: { 7: "node", 11: "attribute" },
  training: { 1: "graph", 2: "graph" },
};
/** `external_data` of a tensor: entries of a key (1) and a value (2). */
const EXTERNAL_DATA = 13;
/** Graphs within graphs deeper than this are no model's. */
const DEEPEST = 100;
/** How a model in onnxruntime's own format begins, after its size; such a one has its weights within. */
const ORT_FORMAT = "ORTM";
/** Bytes of a file that are in memory at a time. */
const WINDOW = 2 ** 16;

/** A file read here and there. */
class Bytes {
  #window = new Uint8Array(WINDOW);
  #from = 0;
  #length = 0;

  constructor(readonly file: Deno.FsFile, readonly size: number) {}

  /** Makes the byte at `at` one of the window's. */
  #look(at: number): void {
    if (at >= this.#from && at < this.#from + this.#length) return;
    this.file.seekSync(at, Deno.SeekMode.Start);
    this.#from = at;
    this.#length = this.file.readSync(this.#window) ?? 0;
    if (this.#length === 0) throw new Error("it ends too early");
  }

  byte(at: number): number {
    this.#look(at);
    return this.#window[at - this.#from];
  }

  text(from: number, to: number): string {
    if (to - from > WINDOW) throw new Error("a name in it is too long");
    return new TextDecoder().decode(
      Uint8Array.from({ length: to - from }, (_, i) => this.byte(from + i)),
    );
  }
}

/** The fields of the message from `from` to `to`: number and place of those of bytes, the others skipped. */
function* fieldsOf(bytes: Bytes, from: number, to: number): Generator<[number, number, number]> {
  let at = from;
  const varint = () => {
    let value = 0, scale = 1;
    for (;;) {
      const byte = bytes.byte(at++);
      value += (byte & 127) * scale; // what exceeds 2^53 is no length, and no number that is looked at
      if (byte < 128) return value;
      scale *= 128;
      if (scale > 2 ** 63) throw new Error("a number in it is too long");
    }
  };
  while (at < to) {
    const tag = varint(), wire = tag % 8, field = Math.floor(tag / 8);
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      if (at + length > to) throw new Error("a part of it is longer than the whole");
      yield [field, at, at + length];
      at += length;
    } else throw new Error(`it has a field of the unknown type ${wire}`);
  }
}

/** Notes where the external tensors of a message are. */
function collect(
  bytes: Bytes,
  kind: Kind,
  from: number,
  to: number,
  found: Set<string>,
  depth = 0,
) {
  if (depth > DEEPEST) throw new Error("its graphs are nested too deeply");
  for (const [field, start, end] of fieldsOf(bytes, from, to)) {
    if (kind === "tensor") {
      if (field !== EXTERNAL_DATA) continue;
      const entry = ["", "", ""];
      for (const [part, a, b] of fieldsOf(bytes, start, end)) {
        if (part < entry.length) entry[part] = bytes.text(a, b);
      }
      if (entry[1] === "location") found.add(entry[2]);
    } else {
      const inner = FIELDS[kind][field];
      if (inner) collect(bytes, inner, start, end, found, depth + 1);
    }
  }
}

/**
 * The files that hold weights of a model besides its own.
 *
 * @param path of an ONNX model
 * @returns their paths, relative to the model's folder, sorted
 * @throws {Error} when it is no ONNX model, or names a file outside its folder
 */
export function externalData(path: string): string[] {
  const found = new Set<string>();
  try {
    if (!Deno.statSync(path).isFile) return []; // opening a pipe would wait for its writer
    using file = Deno.openSync(path);
    const bytes = new Bytes(file, file.statSync().size);
    if (bytes.size > 8 && bytes.text(4, 8) === ORT_FORMAT) return [];
    collect(bytes, "model", 0, bytes.size, found);
  } catch (error) {
    throw new Error(`Cannot read ${path} as an ONNX model: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const folder = dirname(path);
  const names = [...found].map((name) => relative(folder, join(folder, name))).sort();
  const outside = names.find((name) => name.startsWith("..") || name === "");
  if (outside !== undefined) {
    throw new Error(`Cannot use ${path}: it keeps weights outside its folder, in ${outside}`);
  }
  return [...new Set(names)];
}
