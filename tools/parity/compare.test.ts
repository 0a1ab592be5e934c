import * as tf from "@tensorflow/tfjs-core";
import assert from "node:assert/strict";
import { join } from "node:path";
import { testOnEngines } from "../../lib/tensor/engines_testing.ts";
import { checkParity } from "./compare.ts";
import {
  readSafetensors,
  type SafeTensors,
  writeSafetensors,
} from "../../lib/tensor/safetensors.ts";

const TESTDATA = join(import.meta.dirname!, "../../lib/fusion/testdata");

/** PyTorch's files: the reference of the whole workspace, and one in which every size differs from it. */
const FILES = [["fusion_torch.safetensors", 2], ["fusion_small.safetensors", 3]] as const;

for (const [name, heads] of FILES) {
  testOnEngines(`${name}: output, gradients and AdamW's losses are PyTorch's`, async () => {
    const before = tf.memory().numTensors;
    const { absolute, relative } = await checkParity(join(TESTDATA, name), heads);
    assert.ok(relative.output < 1e-4 && absolute.output < 1e-4, `output ${relative.output}`);
    assert.ok(relative.gradient < 1e-4, `gradient ${relative.gradient}`);
    assert.ok(absolute.losses < 1e-3, `losses ${absolute.losses}`);
    assert.equal(tf.memory().numTensors, before);
  });
}

/** A copy of the small file with something changed. */
async function changed(change: (content: SafeTensors) => void): Promise<string> {
  const content = await readSafetensors(join(TESTDATA, "fusion_small.safetensors"));
  change(content);
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  await writeSafetensors(path, content);
  return path;
}

testOnEngines("each difference shows where it is, and only there", async () => {
  const off = async (change: (content: SafeTensors) => void) => {
    const path = await changed(change);
    const { absolute } = await checkParity(path, 3);
    await Deno.remove(path);
    return absolute;
  };
  const nudge = (name: string, amount: number) => ({ tensors }: SafeTensors) => {
    tensors.get(name)!.data[1] += amount;
  };
  const near = (value: number, expected: number) => assert.ok(Math.abs(value - expected) < 1e-4);
  const output = await off(nudge("output.fused", 0.5));
  near(output.output, 0.5);
  assert.ok(output.gradient < 1e-4 && output.losses < 1e-4);
  const gradient = await off(nudge("grad.decoder.layers.1.norm2.bias", -0.25));
  near(gradient.gradient, 0.25);
  assert.ok(gradient.output < 1e-4 && gradient.losses < 1e-4);
  const weight = await off(nudge("weights.encoder.layers.0.linear1.weight", 0.5));
  assert.ok(Math.min(weight.output, weight.gradient, weight.losses) > 1e-4);
  const epsilon = await off(({ metadata }) => metadata.layer_norm_eps = "0.1");
  assert.ok(Math.min(epsilon.output, epsilon.gradient, epsilon.losses) > 1e-4);
  const rate = await off(({ metadata }) => metadata.lr = "0.004");
  assert.ok(rate.output < 1e-4 && rate.gradient < 1e-4 && rate.losses > 1e-2);
  const written = await off((content) => {
    const { torch, losses, layer_norm_eps } = content.metadata;
    const what = `AdamW(lr=0.003,weight_decay=0.1), layer_norm_eps=${layer_norm_eps}`;
    content.metadata = { torch, losses, what };
  });
  assert.ok(Math.max(written.output, written.gradient, written.losses) < 1e-4);
});

testOnEngines("files of another layout are refused with the reason", async () => {
  const before = tf.memory().numTensors;
  const refused = async (change: (content: SafeTensors) => void, message: RegExp, heads = 3) => {
    const path = await changed(change);
    await assert.rejects(checkParity(path, heads), (error: Error) => {
      assert.ok(error.message.startsWith(`Cannot check ${path}: `), error.message);
      assert.match(error.message, message);
      return true;
    });
    await Deno.remove(path);
  };
  const drop = (name: string) => ({ tensors }: SafeTensors) => tensors.delete(name);
  const move = (from: string, to: string) => ({ tensors }: SafeTensors) => {
    tensors.set(to, tensors.get(from)!);
    tensors.delete(from);
  };
  await refused(drop("input.patches"), /it has no tensor input.patches/);
  await refused(drop("input.text"), /it has no tensor input.text/);
  await refused(drop("output.fused"), /it has no tensor output.fused/);
  await refused(({ tensors }) => tensors.clear(), /it has no tensor/);
  await refused(drop("grad.encoder.norm.bias"), /it has no tensor grad.encoder.norm.bias/);
  await refused(drop("weights.encoder.norm.bias"), /grad.encoder.norm.bias, but no weights/);
  await refused(({ tensors }) => {
    for (const name of [...tensors.keys()]) if (name.includes("decoder.")) tensors.delete(name);
  }, /no tensor weights.decoder.layers.0/);
  await refused(({ tensors }) => {
    for (const kind of ["weights", "grad"]) {
      tensors.delete(`${kind}.encoder.norm.bias`);
    }
  }, /parameter encoder.norm.bias is missing/);
  await refused(({ tensors }) => {
    for (const kind of ["weights", "grad"]) {
      tensors.set(`${kind}.extra`, { shape: [1], data: new Float32Array(1) });
    }
  }, /it has no parameter extra/);
  await refused(({ tensors }) => {
    tensors.set("grad.encoder.norm.bias", { shape: [1], data: new Float32Array(1) });
  }, /grad.encoder.norm.bias has 1 values, but 12 are computed/);
  await refused(
    move("input.text", "input.patches"),
    /input.patches must be \(B, P, D\), got \[5,12\]/,
  );
  await refused(({ tensors }) => {
    tensors.set("output.fused", tensors.get("input.text")!);
  }, /output.fused must be \(3, 12\), got \[5,12\]/);
  await refused(({ tensors }) => {
    tensors.set("input.text", { shape: [1, 11], data: new Float32Array(11) });
  }, /input.text must be \(Q, 12\)/);
  await refused(({ tensors }) => tensors.get("output.fused")!.data[3] = NaN, /fused is not finite/);
  await refused(({ tensors }) => tensors.get("input.patches")!.data[3] = NaN, /is not finite/);
  await refused(({ metadata }) => delete metadata.losses, /must hold losses/);
  for (const losses of ["", "7", "[]", "[null]", '["1"]', "{"]) {
    await refused(({ metadata }) => metadata.losses = losses, /must hold losses/);
  }
  await refused(({ metadata }) => metadata.lr = "fast", /lr in its metadata must be a number/);
  await refused(({ metadata }) => metadata.betas = "(0.9)", /betas in its metadata must be two/);
  await refused(({ metadata }) => metadata.what = "activation='relu'", /activation is relu/);
  await refused(({ metadata }) => metadata.what = "norm_first=True", /normalise first/);
  await refused(() => {}, /heads must divide D = 12, got 5/, 5);
  assert.equal(tf.memory().numTensors, before);
});
