/**
 * Protocol buffers in memory, as far as ONNX models need them: fields are found and written, nothing is interpreted.
 *
 * @module
 */

/** A field of a message: its number, where it begins, tag included, and what it holds. */
export interface Field {
  number: number;
  whole: Uint8Array;
  value: Uint8Array;
  /** Of a number. */
  integer: number;
}

/**
 * The fields of a message, one after another.
 *
 * @throws {Error} when it is none
 */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      if (at >= bytes.length || scale > 2 ** 63) throw new Error("a number in it does not end");
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const begin = at, tag = varint(), wire = tag % 8;
    let from = at, integer = 0;
    if (wire === 0) integer = varint();
    else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else if (wire === 2) {
      const length = varint();
      from = at;
      at += length;
    } else throw new Error(`it has a field of the unknown type ${wire}`);
    if (at > bytes.length) throw new Error("a part of it is longer than the whole");
    const value = bytes.subarray(from, at);
    yield { number: Math.floor(tag / 8), whole: bytes.subarray(begin, at), value, integer };
  }
}

/** The text of a field. */
export const nameOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** All parts, one after another. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return Uint8Array.of(...bytes, value);
}

/** What stands before so many bytes of a field. */
export const tagOf = (number: number, length: number): Uint8Array =>
  concat([varint(8 * number + 2), varint(length)]);

/** A field that holds bytes, text or a message. */
export function hold(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return concat([tagOf(number, bytes.length), bytes]);
}

/** A field that holds a whole number. */
export const holdInteger = (number: number, value: number): Uint8Array =>
  concat([varint(8 * number), varint(value)]);
