/**
 * ONNX models that keep weights in a file beside them, made from models that do not, for the tests of this room.
 *
 * @module
 */

/** A field of a message: its number, and its bytes with the tag. */
interface Field {
  number: number;
  /** Of length-delimited fields. */
  body?: Uint8Array;
  all: Uint8Array;
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0, scale = 1;
    for (;; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const start = at, tag = varint();
    let body: Uint8Array | undefined;
    if (tag % 8 === 2) {
      const length = varint();
      body = bytes.subarray(at, at += length);
    } else if (tag % 8 === 0) varint();
    else at += tag % 8 === 1 ? 8 : 4;
    fields.push({ number: Math.floor(tag / 8), body, all: bytes.subarray(start, at) });
  }
  return fields;
}

function varintOf(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...varintOf(Math.floor(value / 128))];
}

function field(number: number, body: Uint8Array): Uint8Array {
  return concat([Uint8Array.from([...varintOf(8 * number + 2), ...varintOf(body.length)]), body]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const text = (value: string) => new TextEncoder().encode(value);

/** A tensor without its weights, which are added to `data`; small ones keep them, as exporters have it. */
function externalTensor(tensor: Uint8Array, location: string, data: Uint8Array[]): Uint8Array {
  const fields = fieldsOf(tensor), raw = fields.find(({ number }) => number === 9)?.body;
  if (raw === undefined || raw.length < 1024) return tensor;
  const offset = data.reduce((sum, { length }) => sum + length, 0);
  data.push(raw);
  const entries = { location, offset: String(offset), length: String(raw.length) };
  return concat([
    ...fields.filter(({ number }) => number !== 9).map(({ all }) => all),
    ...Object.entries(entries).map(([key, value]) =>
      field(13, concat([field(1, text(key)), field(2, text(value))]))
    ),
    Uint8Array.from([14 * 8, 1]), // data_location: EXTERNAL
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
      fieldsOf(bytes).map((part) =>
        part.number === number && part.body ? field(number, inner(part.body)) : part.all
      ),
    );
  const rewritten = rewrite(
    model,
    7,
    (graph) => rewrite(graph, 5, (tensor) => externalTensor(tensor, location, data)),
  );
  return { model: rewritten, data: concat(data) };
}
