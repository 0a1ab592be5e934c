import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { type MemberLimits, MemberReader, type Wanted } from "./json_members.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** What a reader tells of a text that comes in pieces of `size` bytes; items are put together again. */
function readIn(size: number, bytes: Uint8Array, limits?: MemberLimits, wanted: Wanted = "items") {
  const found: Record<string, unknown> = {}, lengths: number[] = [];
  const reader = new MemberReader({
    onMember(key, first) {
      found[key] = wanted === "nothing" ? first : first === "[" ? [] : undefined;
      return wanted;
    },
    onText(key, text) {
      lengths.push(text.length);
      const value = JSON.parse(text);
      found[key] = Array.isArray(found[key]) ? [...found[key], ...value] : value;
    },
  }, limits);
  const buffer = new Uint8Array(size); // one for all pieces, as a file is read
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    reader.write(buffer.subarray(0, part.length));
  }
  reader.end();
  return { found, lengths };
}

const TEXT =
  `\ufeff {"info" : {"a\\"]": "}, \\\\"}, "images":[ {"id":1,"name":"ü😀[{"} ,[2, 3],"x,\\",y",4 ],
  "none":[ ],"number": -1.5e3,"text":"a:b,c}","categories":[[]], "end" : null}\n`;

Deno.test("members come as JSON.parse has them, however the bytes are cut", () => {
  const expected = JSON.parse(TEXT.slice(1)), bytes = bytesOf(TEXT);
  for (let size = 1; size <= bytes.length; size++) {
    for (const limits of [undefined, { piece: 1 }, { piece: 20 }]) {
      assert.deepEqual(readIn(size, bytes, limits).found, expected, `${size}`);
    }
  }
  assert.deepEqual(readIn(bytes.length, bytes, { piece: 1 }).lengths.length, 9);
  assert.deepEqual(readIn(7, bytes, {}, "nothing").found, {
    ...{ info: "{", images: "[", none: "[", number: "-", text: '"', categories: "[", end: "n" },
  });
});

Deno.test("an object without members is one, and nothing else is", () => {
  assert.deepEqual(readIn(1, bytesOf(" {\t} ")).found, {});
  for (const text of ["[1]", "1", '"{}"', "null", "true"]) {
    assert.throws(() => readIn(9, bytesOf(text)), TypeError, text);
  }
  for (const text of ["x", "<html>", "", "}", "\ufeff\ufeff{}"]) {
    assert.throws(() => readIn(9, bytesOf(text)), SyntaxError, text);
  }
  const utf16 = Uint8Array.from([0xff, 0xfe, 0x7b, 0, 0x7d, 0]);
  assert.throws(() => readIn(9, utf16), /UTF-16, not UTF-8/);
});

Deno.test("a text that is no JSON is refused: as JSON.parse does, wherever its outline or a wanted value is changed", () => {
  const random = createRandom("mutations"), bytes = bytesOf(TEXT.slice(1));
  const signs = bytesOf('{}[],:"\\ 1x');
  let refused = 0, kept = 0;
  for (let n = 0; n < 2000; n++) {
    const changed = bytes.slice();
    const at = random.integer(0, bytes.length - 1);
    changed[at] = signs[random.integer(0, signs.length - 1)];
    const text = new TextDecoder().decode(changed);
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      assert.throws(() => readIn(5, changed, { piece: 8 }), (error) => {
        return error instanceof SyntaxError || error instanceof TypeError;
      }, text);
      refused++;
      continue;
    }
    assert.deepEqual(readIn(5, changed, { piece: 8 }).found, expected, text);
    kept++;
  }
  assert.ok(refused > 200 && kept > 200, `${refused} ${kept}`);
  for (let length = 0; length < bytes.length - 1; length++) {
    assert.throws(() => readIn(9, bytes.subarray(0, length)), SyntaxError, `${length} bytes`);
  }
});

Deno.test("commas and brackets out of place are refused, also where pieces are cut", () => {
  const wrong = [
    ...['{"a":[1,]}', '{"a":[,1]}', '{"a":[1,,2]}', '{"a":[,]}', '{"a":[1}', '{"a":[1]]}', '{"a"}'],
    ...['{"a":}', '{"a":1,}', '{,"a":1}', '{"a":1]', '{"a" 1}', "{a:1}", '{"a":1}}', '{"a":1}{}'],
    ...['{"a":[1] 2}', '{"a":1 "b":2}', '{"a":[{]}', "{1:2}", '{"a"x:1}'],
  ];
  for (const text of wrong) {
    for (const piece of [1, 2, 100]) {
      assert.throws(() => readIn(3, bytesOf(text), { piece }), SyntaxError, text);
    }
  }
  assert.throws(() => readIn(9, bytesOf('{"a" : ]}')), /Unexpected "]" at byte 7/);
});

Deno.test("no more is held than a piece and an item, and what never ends is refused", () => {
  const item = JSON.stringify({ id: 1, polygon: Array(50).fill(1.25) });
  const { found, lengths } = readIn(1000, bytesOf(`{"a":[${Array(500).fill(item).join(", ")}]}`), {
    piece: 5000,
    most: 7000,
  });
  assert.equal((found.a as unknown[]).length, 500);
  assert.ok(lengths.length > 20 && Math.max(...lengths) < 5000 + 2 * item.length);
  for (const start of ['{"a":["', '{"', '{"a":', '{"a":[[[']) {
    assert.throws(
      () => readIn(1000, bytesOf(start + "1".repeat(9000)), { most: 7000 }),
      /longer than 7000 bytes at byte \d+/,
    );
  }
});
