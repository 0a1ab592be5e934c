/**
 * The losses once more, for tests: plain loops in float64, one similarity at a time.
 *
 * @module
 */
import type { LossSpec } from "./loss.ts";

/** A batch as plain arrays: unit vectors and targets. */
export interface SlowBatch {
  /** // (B, m, D) */
  fused: number[][][];
  /** // (Q, D) */
  proxies: number[][];
  /** // (B, Q) */
  targets: number[][];
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const mean = (values: number[]) => sum(values) / values.length;

/** Best cosine of every image with every proxy: the triple loop. // (B, Q) */
export function slowSimilarities({ fused, proxies }: SlowBatch): number[][] {
  return fused.map((vectors) =>
    proxies.map((proxy) =>
      Math.max(...vectors.map((vector) => {
        let dot = 0;
        for (let d = 0; d < proxy.length; d++) dot += vector[d] * proxy[d];
        return dot;
      }))
    )
  );
}

function standardised(column: number[]): number[] {
  const centre = mean(column);
  const deviation = Math.sqrt(mean(column.map((value) => (value - centre) ** 2)) + 1e-8);
  return column.map((value) => (value - centre) / deviation);
}

function softmax(column: number[]): number[] {
  const powers = column.map((value) => Math.exp(value));
  return powers.map((power) => power / sum(powers));
}

const divergence = (p: number[], q: number[]) => sum(p.map((x, i) => x * Math.log(x / q[i])));

/** The loss of one proxy, from its similarities `s` and targets `t`, one value an image. // (B) */
function lossOfProxy(spec: LossSpec, s: number[], t: number[]): number {
  const best = t.indexOf(Math.max(...t));
  switch (spec.kind) {
    case "query-proxy": {
      if (spec.distance === "mse") return 100 * mean(s.map((value, b) => (value - t[b]) ** 2));
      if (spec.distance === "l1") return 100 * mean(s.map((value, b) => Math.abs(value - t[b])));
      const p = softmax(s), q = softmax(t), middle = p.map((value, b) => (value + q[b]) / 2);
      return 100 * (divergence(p, middle) + divergence(q, middle)) / 2;
    }
    case "standardised-mse": {
      const target = standardised(t);
      return mean(standardised(s).map((value, b) => (value - target[b]) ** 2));
    }
    case "listwise-kl": {
      const soft = (column: number[]) =>
        softmax(standardised(column).map((value) => value / spec.temperature));
      return divergence(soft(t), soft(s));
    }
    case "triplet":
      return sum(s.map((value, b) => {
        const asked = Math.min(spec.margin, t[best] - t[b]);
        return b === best ? 0 : Math.max(0, asked - (s[best] - value));
      })) / (s.length - 1);
    case "additive-margin": {
      const logits = s.map((value, b) => spec.scale * (value - (b === best ? spec.margin : 0)));
      return -Math.log(softmax(logits)[best]);
    }
  }
}

/** The loss of a batch: the mean over its proxies. */
export function slowLoss(spec: LossSpec, batch: SlowBatch): number {
  const similarities = slowSimilarities(batch);
  return mean(
    batch.proxies.map((_, q) =>
      lossOfProxy(spec, similarities.map((row) => row[q]), batch.targets.map((row) => row[q]))
    ),
  );
}
