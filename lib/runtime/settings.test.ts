import assert from "node:assert/strict";
import {
  checkSettings,
  COUNT,
  FLAG,
  kindsOf,
  listOf,
  namedBy,
  oneOf,
  POSITIVE,
  settings,
  SHARE,
  TEXT,
} from "./settings.ts";

type Shape = { kind: "circle"; radius: number } | { kind: "square"; side: number; round?: boolean };
const SHAPE = kindsOf<Shape, "kind">("kind", {
  circle: { radius: POSITIVE },
  square: { side: COUNT, round: FLAG.optional() },
});
interface Drawing {
  title: string;
  shapes: Shape[];
  colours: Record<string, number>;
  mode?: "fast" | "exact";
}
const DRAWING = settings<Drawing>({
  title: TEXT,
  shapes: listOf(SHAPE),
  colours: namedBy(SHARE),
  mode: oneOf("fast", "exact").optional(),
});
const drawing = { title: "x", shapes: [{ kind: "circle", radius: 2 }], colours: { red: 0.5 } };

/** What is wrong with a drawing that differs from a good one. */
function faultsOf(changes: unknown): string {
  try {
    const value = changes && typeof changes === "object" && !Array.isArray(changes)
      ? { ...drawing, ...changes }
      : changes;
    checkSettings(DRAWING, value, "Cannot draw");
    return "";
  } catch (error) {
    assert.ok(error instanceof RangeError);
    return error.message.replace(/^Cannot draw: /, "");
  }
}

for (
  const [changes, fault] of [
    [{}, ""],
    [{ mode: undefined }, ""],
    [{ shapes: [{ kind: "square", side: 3, round: true }] }, ""],
    [{ titel: "y" }, "titel is not a setting; did you mean title?"],
    [{ title: 3 }, "title must be text, got 3"],
    [{ title: null }, "title must be text, got null"],
    [{ title: undefined }, "title is missing: it must be text"],
    [{ mode: "Fast" }, 'mode must be one of fast, exact, got "Fast"'],
    [{ mode: null }, "mode must be one of fast, exact, got null"],
    [{ shapes: {} }, "shapes must be a list, got {}"],
    [{ shapes: [{}] }, "shapes[0].kind is missing: it must be one of circle, square"],
    [{ shapes: [7] }, "shapes[0] must be an object, got 7"],
    [
      { shapes: [{ kind: "circle", side: 3 }] },
      "shapes[0].radius is missing: it must be positive; shapes[0].side is not a setting (there are: kind, radius)",
    ],
    [{ shapes: [{ kind: "circle", radius: NaN }] }, "shapes[0].radius must be positive, got NaN"],
    [
      { shapes: [{ kind: "circle", radius: Infinity }] },
      "shapes[0].radius must be positive, got Infinity",
    ],
    [
      { shapes: [{ kind: "square", side: 1.5 }] },
      "shapes[0].side must be a positive integer, got 1.5",
    ],
    [
      { shapes: [{ kind: "toString" }] },
      'shapes[0].kind must be one of circle, square, got "toString"',
    ],
    [{ colours: { "sea green": 2 } }, 'colours["sea green"] must be a share in [0, 1], got 2'],
    [{ colours: [] }, "colours must be an object, got []"],
    [{ ["a\n.b"]: 1 }, '["a\\n.b"] is not a setting (there are: title, shapes, colours, mode)'],
    [null, "it must be an object, got null"],
    [[], "it must be an object, got []"],
    ["x".repeat(500), `it must be an object, got "${"x".repeat(78)}…`],
  ] as const
) {
  Deno.test(`a drawing with ${JSON.stringify(changes)?.slice(0, 60)}: ${fault || "fine"}`, () => {
    assert.equal(faultsOf(changes), fault);
  });
}

Deno.test("own prototype keys are settings that nobody knows, and inherited values none at all", () => {
  assert.match(faultsOf(JSON.parse('{"__proto__": 1}')), /^__proto__ is not a setting/);
  assert.match(faultsOf({ constructor: 1 }), /^constructor is not a setting/);
});

Deno.test("all faults are said at once, in front of them what was attempted and the value's name", () => {
  assert.throws(() => checkSettings(DRAWING, { title: "", mode: 1 }, "Cannot draw", "drawing"), {
    message: 'Cannot draw: drawing.title must be text that is not empty, got ""; ' +
      "drawing.shapes is missing: it must be a list; drawing.colours is missing: it must be an " +
      "object; drawing.mode must be one of fast, exact, got 1",
  });
  assert.throws(() => checkSettings(COUNT, 0, "Cannot count", "steps"), {
    message: "Cannot count: steps must be a positive integer, got 0",
  });
});
