import assert from "node:assert/strict";
import { UsageError } from "./arguments.ts";
import { readArguments } from "./headline_run.ts";

Deno.test("headline: the command line names a unit, the next one, or none", () => {
  assert.deepEqual(readArguments([]), { keep: false });
  assert.deepEqual(readArguments(["--next", "--keep", "--minutes", "50"]), {
    ...{ unit: "next", keep: true, minutes: 50 },
  });
  assert.deepEqual(readArguments(["--next", "--device", "webgpu"]), {
    ...{ unit: "next", keep: false, device: "webgpu" },
  });
  const { unit } = readArguments(["plain-2490-60"]);
  assert.deepEqual(unit, { geometry: "plain", images: 2490, epochs: 60, seed: 7 });
});

Deno.test("headline: what cannot be meant is refused", () => {
  for (
    const [args, why] of [
      [["common-7000"], /there is no unit common-7000; did you mean common-7000-40/],
      [["--next", "common-7000-40"], /two ways to say which unit/],
      [["common-7000-40", "plain-7000-40"], /one unit at a time/],
      [["--keep"], /which unit\? Name one, or say --next/],
      [["--next", "--minutes", "35792"], /--minutes must be at most 35791, .*got 35792/],
      [["--next", "--device", "gpu"], /--device: expected auto, cpu, webgpu/],
      [["--next", "--device", "auto", "--keep"], /--keep is for .*, which --device changes/],
      [["--next", "--minutes", "soon"], /--minutes must be a positive number, got "soon"/],
    ] as const
  ) {
    assert.throws(
      () => readArguments([...args]),
      (error) => error instanceof UsageError && why.test(error.message),
    );
  }
});
