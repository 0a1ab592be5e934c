import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { createRandom } from "../../numeric/random.ts";
import { type EngineName, loadEngine } from "../engine.ts";
import {
  attention,
  type AttentionWeights,
  dropout,
  feedForward,
  gelu,
  l2Normalize,
  layerNorm,
  linear,
  matmul,
  residualNorm,
} from "./mod.ts";

const random = createRandom("ops");

/** Normal numbers; matrices as small as a layer's weights, so that nothing saturates. */
function draw(...shape: number[]): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1), scale = shape.length === 2 ? shape[1] ** -0.5 : 1;
  return tf.tensor(Float32Array.from({ length: size }, () => scale * random.normal()), shape);
}

/** The largest difference between two tensors, relative to the largest element of the second. */
function difference(actual: tf.Tensor, expected: tf.Tensor): number {
  assert.deepEqual(actual.shape, expected.shape);
  const [a, b] = [Array.from(actual.dataSync()), Array.from(expected.dataSync())];
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / scale;
}

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** An operation, the same as a composition of tfjs's own operations, and the shapes of its inputs. */
interface Case {
  name: string;
  op: Op;
  plain: Op;
  inputs: number[][];
  /** How many of the inputs, from the left, need a gradient; all, if absent. */
  differentiable?: number;
}

const plainGelu = (x: tf.Tensor) =>
  tf.mul(x, tf.mul(tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1), 0.5));
const plainLinear = (x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor) => {
  const y = tf.matMul(tf.reshape(x, [-1, x.shape.at(-1)!]), tf.transpose(w));
  return tf.reshape(b ? tf.add(y, b) : y, [...x.shape.slice(0, -1), w.shape[0]]);
};
function plainNorm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), scale), shift);
}

/** nn.MultiheadAttention, head by head, as its documentation says. */
function plainAttention(
  x: tf.Tensor,
  memory: tf.Tensor,
  [w, b, ow, ob]: tf.Tensor[],
  heads: number,
  mask?: tf.Tensor,
): tf.Tensor {
  const D = x.shape[2]!, d = D / heads;
  const [wq, wk, wv] = tf.split(w, 3), [bq, bk, bv] = tf.split(b, 3);
  const q = plainLinear(x, wq, bq),
    k = plainLinear(memory, wk, bk),
    v = plainLinear(memory, wv, bv);
  const contexts = Array.from({ length: heads }, (_, h) => {
    const part = (t: tf.Tensor) => tf.slice(t, [0, 0, h * d], [-1, -1, d]);
    let scores = tf.div(tf.matMul(part(q), tf.transpose(part(k), [0, 2, 1])), Math.sqrt(d));
    if (mask) scores = tf.add(scores, tf.mul(tf.sub(1, tf.expandDims(mask, 1)), -1e9));
    return tf.matMul(tf.softmax(scores), part(v));
  });
  return plainLinear(tf.concat(contexts, 2), ow, ob);
}

const weightsOf = ([w, b, ow, ob]: tf.Tensor[]) => ({
  inProjWeight: w,
  inProjBias: b,
  outProjWeight: ow,
  outProjBias: ob,
} as AttentionWeights);
const projections = (D: number) => [[3 * D, D], [3 * D], [D, D], [D]];

function selfCase(name: string, T: number, masked = false): Case {
  const mask = masked ? tf.tensor2d([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]) : undefined;
  return {
    name,
    op: (x, ...w) => {
      const y = x as tf.Tensor3D;
      return attention(y, y, weightsOf(w), { heads: 2, mask });
    },
    plain: (x, ...w) => plainAttention(x, x, w, 2, mask),
    inputs: [[2, T, 8], ...projections(8)],
  };
}

function crossCase(name: string, T: number, D: number, masked = false): Case {
  const mask = masked ? tf.tensor2d([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]) : undefined;
  return {
    name,
    op: (x, memory, ...w) =>
      attention(x as tf.Tensor3D, memory as tf.Tensor3D, weightsOf(w), { heads: 2, mask }),
    plain: (x, memory, ...w) => plainAttention(x, memory, w, 2, mask),
    inputs: [[2, T, D], [2, 5, D], ...projections(D)],
  };
}

function cases(): Case[] {
  const products: Case[] = [[false, false], [false, true], [true, false], [true, true]].map((
    [a, b],
  ) => ({
    name: `matmul ${a} ${b}`,
    op: (x, y) => matmul(x, y, a, b),
    plain: (x, y) =>
      tf.matMul(a ? tf.transpose(x, [0, 2, 1]) : x, b ? tf.transpose(y, [0, 2, 1]) : y),
    inputs: [a ? [3, 5, 4] : [3, 4, 5], b ? [3, 6, 5] : [3, 5, 6]],
  }));
  return [
    ...products,
    {
      name: "matmul 2-D",
      op: (x, y) => matmul(x, y),
      plain: (x, y) => tf.matMul(x, y),
      inputs: [[3, 4], [4, 2]],
    },
    {
      name: "linear",
      op: (x, w, b) => linear(x, w as tf.Tensor2D, b as tf.Tensor1D),
      plain: plainLinear,
      inputs: [[2, 3, 5], [4, 5], [4]],
    },
    {
      name: "linear without bias",
      op: (x, w) => linear(x, w as tf.Tensor2D),
      plain: plainLinear,
      inputs: [[3, 5], [4, 5]],
    },
    { name: "gelu", op: gelu, plain: plainGelu, inputs: [[4, 33]] },
    {
      name: "layer norm",
      op: (x, a, b) => layerNorm(x, a as tf.Tensor1D, b as tf.Tensor1D, 1e-5),
      plain: plainNorm,
      inputs: [[2, 3, 16], [16], [16]],
    },
    {
      name: "residual norm",
      op: (x, y, a, b) => residualNorm(x, y, a as tf.Tensor1D, b as tf.Tensor1D),
      plain: (x, y, a, b) => plainNorm(tf.add(x, y), a, b),
      inputs: [[2, 3, 16], [2, 3, 16], [16], [16]],
    },
    {
      name: "feed forward",
      op: (x, a, b, c, d) =>
        feedForward(x, a as tf.Tensor2D, b as tf.Tensor1D, c as tf.Tensor2D, d as tf.Tensor1D),
      plain: (x, a, b, c, d) => plainLinear(plainGelu(plainLinear(x, a, b)), c, d),
      inputs: [[2, 3, 8], [20, 8], [20], [8, 20], [8]],
    },
    {
      name: "unit rows",
      op: l2Normalize,
      plain: (x) => tf.div(x, tf.norm(x, "euclidean", -1, true)),
      inputs: [[3, 4, 5]],
    },
    selfCase("self-attention", 7),
    selfCase("self-attention of one", 1),
    selfCase("self-attention over more rows than a vector register", 37),
    selfCase("self-attention with padding", 5, true),
    crossCase("cross-attention of one query", 1, 8),
    crossCase("cross-attention of two queries, folded", 2, 16),
    crossCase("cross-attention of two queries, folded, with padding", 2, 16, true),
    crossCase("cross-attention of many queries", 6, 8),
    crossCase("cross-attention of many queries with padding", 6, 8, true),
  ];
}

/** The gradients of an operation, against how its value changes along a random direction. */
function checkSlopes(op: Op, tensors: tf.Tensor[]): void {
  const factor = draw(...op(...tensors).shape);
  const value = (...x: tf.Tensor[]): tf.Tensor => tf.sum(tf.mul(op(...x), factor));
  const gradients = tf.grads(value)(tensors);
  tensors.forEach((tensor, i) => {
    const direction = draw(...tensor.shape), h = 1e-2;
    const at = (step: number) =>
      value(...tensors.map((x, j) => j === i ? tf.add(x, tf.mul(direction, step)) : x))
        .dataSync()[0];
    const slope = (at(h) - at(-h)) / (2 * h);
    const along = tf.sum(tf.mul(gradients[i], direction)).dataSync()[0];
    const scale = Math.max(1, tf.norm(gradients[i]).dataSync()[0]);
    assert.ok(Math.abs(slope - along) < 0.02 * scale, `input ${i}: ${slope}, ${along}`);
  });
}

for (const engine of ["native", "wasm"] as EngineName[]) {
  const load = async () => {
    const { name, note } = await loadEngine({ prefer: engine });
    if (name !== engine) console.log(`skipped on ${engine}: ${note}`);
    return name === engine;
  };

  Deno.test(`ops on ${engine}: values and gradients are those of plain tfjs`, async (t) => {
    if (!await load()) return;
    for (const { name, op, plain, inputs } of cases()) {
      await t.step(name, () => {
        const tensors = inputs.map((shape) => draw(...shape));
        const expected = plain(...tensors), factor = draw(...expected.shape);
        assert.ok(difference(op(...tensors), expected) < 2e-5, "the value");
        const gradients = (f: Op) =>
          tf.grads((...x: tf.Tensor[]) => tf.sum(tf.mul(f(...x), factor)))(tensors);
        const [ours, theirs] = [gradients(op), gradients(plain)];
        ours.forEach((gradient, i) => {
          const off = difference(gradient, theirs[i]);
          assert.ok(off < 1e-4, `the gradient of input ${i} is off by ${off}`);
        });
      });
    }
  });

  Deno.test(`ops on ${engine}: gradients agree with finite differences`, async (t) => {
    if (!await load()) return;
    for (const { name, op, inputs } of cases()) {
      await t.step(name, () => {
        const tensors = inputs.map((shape) => draw(...shape));
        checkSlopes(op, tensors);
      });
    }
  });

  Deno.test(`ops on ${engine}: a step forward and back leaves no tensor behind`, async () => {
    if (!await load()) return;
    for (const { name, op, inputs } of cases()) {
      const variables = inputs.map((shape) => tf.tidy(() => tf.variable(draw(...shape))));
      const step = () => {
        const { value, grads } = tf.variableGrads(() => tf.sum(op(...variables)), variables);
        tf.dispose([value, grads]);
      };
      step();
      const before = tf.memory().numTensors;
      step();
      assert.equal(tf.memory().numTensors, before, name);
      tf.dispose(variables);
    }
  });

  Deno.test(`dropout within blocks on ${engine}: a seed's gradient is that of its value`, async (t) => {
    if (!await load()) return;
    const [B, T, D, rate] = [2, 5, 8, 0.3];
    const dropout = () => ({ rate, random: createRandom(4) });
    const blocks: Record<string, { op: Op; inputs: number[][] }> = {
      "residual norm": {
        op: (x, y, a, b) =>
          residualNorm(x, y, a as tf.Tensor1D, b as tf.Tensor1D, { dropout: dropout() }),
        inputs: [[B, T, D], [B, T, D], [D], [D]],
      },
      "feed forward": {
        op: (x, a, b, c, d) =>
          feedForward(x, a as tf.Tensor2D, b as tf.Tensor1D, c as tf.Tensor2D, d as tf.Tensor1D, {
            dropout: dropout(),
          }),
        inputs: [[B, T, D], [20, D], [20], [D, 20], [D]],
      },
      "self-attention": {
        op: (x, ...w) => {
          const y = x as tf.Tensor3D;
          return attention(y, y, weightsOf(w), { heads: 2, dropout: dropout() });
        },
        inputs: [[B, T, D], ...projections(D)],
      },
      "cross-attention": {
        op: (x, memory, ...w) =>
          attention(x as tf.Tensor3D, memory as tf.Tensor3D, weightsOf(w), {
            heads: 2,
            dropout: dropout(),
          }),
        inputs: [[B, 1, D], [B, T, D], ...projections(D)],
      },
    };
    for (const [name, { op, inputs }] of Object.entries(blocks)) {
      await t.step(name, () => {
        const tensors = inputs.map((shape) => draw(...shape));
        checkSlopes(op, tensors);
      });
    }
  });

  Deno.test(`dropout on ${engine}: share, scale, gradient and seed`, async () => {
    if (!await load()) return;
    const x = tf.ones([200, 300]);
    const once = (seed: number) => dropout(x, 0.25, createRandom(seed)).dataSync();
    const y = once(1);
    const zeros = y.filter((value) => value === 0).length / y.length;
    assert.ok(Math.abs(zeros - 0.25) < 0.01, `dropped ${zeros}`);
    assert.ok(y.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6));
    assert.deepEqual(once(1), y);
    assert.notDeepEqual(once(2), y);
    const gradient = tf.grad((x) => tf.sum(dropout(x, 0.25, createRandom(1))))(x);
    assert.deepEqual(gradient.dataSync(), y);
    assert.equal(dropout(x, 0, createRandom(1)), x);
    assert.throws(() => dropout(x, 1, createRandom(1)), /Cannot drop out: the rate must be/);
  });
}

Deno.test("attention: heads must divide the dimension", () => {
  const x = tf.zeros([1, 2, 6]) as tf.Tensor3D;
  assert.throws(
    () => attention(x, x, {} as AttentionWeights, { heads: 4 }),
    /Cannot attend: heads must divide the dimension 6, got 4/,
  );
});
