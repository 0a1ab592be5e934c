import assert from "node:assert/strict";
import { completeCover } from "./complete.ts";
import { gridCover } from "./grid.ts";
import { objectCover } from "./objects.ts";
import { coverName, type CoverSpec, makeCover, parseCoverName } from "./spec.ts";
import { verifiedCover } from "./verified.ts";

const image = {
  width: 200,
  height: 150,
  objects: [{ left: 1, top: 2, width: 30, height: 40 }],
};

Deno.test("makeCover: makes what the named functions make", () => {
  const cases: [CoverSpec, unknown][] = [
    [{ scheme: "complete", k: 4 }, completeCover(200, 150, 4)],
    [
      { scheme: "complete", k: 4, fit: "stretch" },
      completeCover(200, 150, 4, { fit: "stretch" }),
    ],
    [{ scheme: "grid", n: 3, fit: "stretch" }, gridCover(200, 150, 3, { fit: "stretch" })],
    [
      { scheme: "verified", k: 6, minSide: 0.1 },
      verifiedCover(200, 150, { k: 6, minSide: 0.1 }),
    ],
    [
      { scheme: "verified", k: 6, minSide: 0.1, maxAspect: 1, objectAspect: 2 },
      verifiedCover(200, 150, { k: 6, minSide: 0.1, maxAspect: 1, objectAspect: 2 }),
    ],
    [{ scheme: "objects" }, objectCover(200, 150, image.objects)],
  ];
  for (const [spec, expected] of cases) {
    assert.deepEqual(makeCover(JSON.parse(JSON.stringify(spec)), image), expected);
  }
  const { levels } = makeCover({ scheme: "full" }, image);
  assert.deepEqual(levels, [[{ left: 0, top: 0, width: 200, height: 150 }]]);
});

Deno.test("makeCover: refuses unknown schemes, missing objects and bad values", () => {
  const bad = { scheme: "tiles", k: 3 } as unknown as CoverSpec;
  assert.throws(() => makeCover(bad, image), /scheme must be one of full, .* got "tiles"/);
  assert.throws(() => coverName(bad), /Cannot name a cover: .* got "tiles"/);
  const plain = { width: 20, height: 10 };
  assert.throws(() => makeCover({ scheme: "objects" }, plain), /20x10 .* no list of objects/);
  assert.throws(() => makeCover({ scheme: "complete", k: -1 }, plain), /k must be/);
  const missing = { scheme: "grid" } as unknown as CoverSpec;
  assert.throws(() => makeCover(missing, plain), /n is missing: it must be a positive integer/);
  assert.throws(() => makeCover({ scheme: "full" }, { width: 0, height: 1 }), /width must be/);
});

Deno.test("covers refuse misspelt and missing settings, with the name that was meant", () => {
  const make = (spec: unknown) => () => makeCover(spec as CoverSpec, image);
  const refusals: [() => unknown, RegExp][] = [
    [make({ scheme: "grid", n: 3, fitt: "stretch" }), /fitt is not a setting; did you mean fit\?/],
    [make({ scheme: "full", k: 3 }), /Cannot cover image: k is not a setting/],
    [make({ scheme: "verified", k: 6, minSde: 0.1 }), /minSde is not .* did you mean minSide/],
    [make(null), /Cannot cover image: it must be an object, got null/],
    [() => makeCover({ scheme: "full" }, null as unknown as typeof image), /image .* got null/],
    [() => coverName({ scheme: "complete" } as CoverSpec), /Cannot name a cover: k is missing/],
    [() => coverName({ scheme: "grid", n: NaN }), /Cannot name a cover: n must be .* got NaN/],
    [() => coverName(undefined as unknown as CoverSpec), /Cannot name a cover: .* got undefined/],
  ];
  const stretch = { fitt: "stretch" } as { fit?: "stretch" };
  const none = null as unknown as { fit?: "stretch" };
  for (const cover of [gridCover, completeCover]) {
    refusals.push([() => cover(20, 10, 3, stretch), /fitt is not .* did you mean fit\?/]);
    refusals.push([() => cover(20, 10, 3, none), /options must be an object, got null/]);
  }
  const verified = { k: 6, minSide: 0.1, maxaspect: 1 };
  refusals.push([() => verifiedCover(200, 150, verified), /maxaspect .* did you mean maxAspect\?/]);
  for (const [work, message] of refusals) {
    assert.throws(work, (error) => error instanceof RangeError && message.test(error.message));
  }
});

Deno.test("coverName and parseCoverName agree", () => {
  for (const name of ["full", "objects", "cc@10", "grid@3"]) {
    assert.equal(coverName(parseCoverName(name)), name);
  }
  const verified = parseCoverName("vc@10:0.0125");
  assert.deepEqual(verified, { scheme: "verified", k: 10, minSide: 0.0125 });
  assert.equal(coverName(verified), "vc@10");
  for (const name of ["", "cc", "cc@0", "cc@2.5", "cc@3:0.1", "vc@10", "vc@10:0", "vc@10:1.5"]) {
    assert.throws(() => parseCoverName(name), /Cannot read cover name/, name);
  }
  for (const name of ["cc@999999999999999999999", "grid@9007199254740993", "vc@1:0.1"]) {
    assert.throws(
      () => parseCoverName(name),
      /Cannot read cover name .*: [kn] must be an? .* got /,
    );
  }
});
