import assert from "node:assert/strict";
import { needsPatchCount, planFusion, resolveSpec } from "./registry.ts";
import type { FusionSpec } from "./spec.ts";

Deno.test("a resolved spec has every default, and resolving it again changes nothing", () => {
  const specs: [FusionSpec, Record<string, unknown>][] = [
    [{ kind: "transformer", size: "small" }, {
      ...{ encoderLayers: 6, decoderLayers: 6, heads: 4, feedForward: 2048 },
      ...{ dropout: 0.1, epsilon: 1e-5, vectors: 1, inputScale: 1, patches: true },
    }],
    [{ kind: "max-pool" }, { hidden: 1024, inputScale: 16, vectors: 1 }],
    [{ kind: "mlp", input: "full", layers: 2 }, { hidden: 32, batchNorm: false }],
    [{ kind: "mlp", input: "patches", layers: 3, batchNorm: true }, { hidden: 1024 }],
    [{ kind: "linear" }, { bias: true }],
    [{ kind: "weighted" }, { per: "patch" }],
  ];
  for (const [spec, defaults] of specs) {
    const resolved = resolveSpec(spec, 32);
    assert.deepEqual(resolved, { ...spec, ...defaults });
    assert.deepEqual(resolveSpec(resolved, 32), resolved);
    const sizes = { dim: 32, patches: 3 };
    const shapes = (spec: FusionSpec) => planFusion(spec, sizes).map(({ shape }) => shape);
    assert.deepEqual(shapes(resolved), shapes(spec));
  }
});

Deno.test("models that weigh or join the patches one by one need their number, others do not", () => {
  const mlp = { kind: "mlp", layers: 2 } as const;
  const fixed: FusionSpec[] = [{ kind: "weighted" }, { kind: "linear" }, {
    ...mlp,
    input: "patches",
  }];
  const free: FusionSpec[] = [
    { kind: "transformer", size: "tiny" },
    { kind: "max-pool" },
    { kind: "mean" },
    { ...mlp, input: "full" },
  ];
  assert.deepEqual(fixed.map(needsPatchCount), [true, true, true]);
  assert.deepEqual(free.map(needsPatchCount), [false, false, false, false]);
  for (const spec of fixed) {
    assert.throws(() => planFusion(spec, { dim: 8 }), /needs the number of patches/);
  }
});

Deno.test("a kind that is not there is refused, also by a name that every object has", () => {
  for (const kind of ["magic", "toString", "__proto__"]) {
    const spec = { kind } as unknown as FusionSpec;
    for (const ask of [needsPatchCount, () => resolveSpec(spec, 8)]) {
      assert.throws(() => ask(spec), {
        message: `Cannot create fusion model: no kind "${kind}"`,
      });
    }
  }
});
