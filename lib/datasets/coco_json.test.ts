import assert from "node:assert/strict";
import { parseAnnotations } from "./coco_json.ts";

Deno.test("ids that a number cannot hold are kept as text, digit for digit, and nothing else is", () => {
  assert.deepEqual(
    parseAnnotations(
      `{"id": 9007199254740993, "image_id" :\n-18446744073709551615, "category_id":9007199254740991,
        "area": 9007199254740993, "x": {"id": 123456789012345678.5}, "y": {"id": 1234567890123456789e2},
        "text": "\\"id\\": 9007199254740993"}`,
    ),
    {
      id: "9007199254740993",
      image_id: "-18446744073709551615",
      category_id: 9007199254740991,
      area: 9007199254740992,
      x: { id: 123456789012345680 },
      y: { id: 123456789012345678900 },
      text: '"id": 9007199254740993',
    },
  );
});

Deno.test("a byte order mark, NaN and Infinity are read; in strings they are text", () => {
  const text =
    `\ufeff[NaN,-Infinity , {"NaN": Infinity}, "NaN \\" Infinity", "\\\\", NaN, "\\\\\\"NaN"]`;
  assert.deepEqual(parseAnnotations(text), [
    ...[Infinity, -Infinity, { NaN: Infinity }],
    ...['NaN " Infinity', "\\", Infinity, '\\"NaN'],
  ]);
});

Deno.test("what is no JSON stays an error, whatever else is in it", () => {
  for (
    const text of [
      "",
      "\ufeff",
      "[NaN",
      "[nan]",
      "[+Infinity]",
      "[1NaN]",
      "[NaNs]",
      '["NaN]',
      "[--Infinity]",
    ]
  ) {
    assert.throws(() => parseAnnotations(text), SyntaxError, text);
  }
});
