/**
 * Patches as proxies: the batch's own patch features stand for queries, so that the loss needs no
 * vocabulary (an alternative in the authors' code).
 *
 * @module
 */
import type { Random } from "../../numeric/random.ts";
import type { FeatureBatch } from "../batches/batches.ts";
import type { ProxySpec } from "./loss.ts";

/** Proxies that are patches of a batch. */
export interface PatchProxies {
  /** Unit vectors. // (Q, D) */
  features: Float32Array;
  /** Where each lies among the batch's B·P patches: for {@linkcode batchTargets}. // (Q) */
  own: Int32Array;
}

/**
 * Chooses proxies among the patches of a batch.
 *
 * A draw takes as many patches of every level of every image as the specification says, all where there
 * are fewer. The authors' code seeds its generator anew at every call and so draws the same places
 * forever; here every call goes on with `random`.
 *
 * @param batch patches with their levels
 * @param spec `"patches"` for all of them, or how many to draw from each level
 * @param random where chance comes from
 * @throws RangeError when the number to draw is neither a positive integer nor "sqrt"
 */
export function patchProxies(
  batch: FeatureBatch,
  spec: Exclude<ProxySpec, "text">,
  random: Random,
): PatchProxies {
  const all = groupByLevel(batch);
  const own = spec === "patches"
    ? all.flat().sort((a, b) => a - b)
    : all.flatMap((rows) => draw(rows, spec.patchesPerLevel, random));
  const features = new Float32Array(own.length * batch.dim); // (Q, D)
  own.forEach((row, q) => {
    features.set(batch.features.subarray(row * batch.dim, (row + 1) * batch.dim), q * batch.dim);
  });
  return { features, own: Int32Array.from(own) };
}

/** The rows of the batch's patches, padding left out, a list for each level of each image. */
function groupByLevel({ imageIds, patches, levels, mask }: FeatureBatch): number[][] {
  const groups: number[][] = [];
  imageIds.forEach((_, image) => {
    const byLevel = new Map<number, number[]>();
    for (let row = image * patches; row < (image + 1) * patches; row++) {
      if (mask?.[row] === 0) continue;
      const group = byLevel.get(levels[row]);
      if (group) group.push(row);
      else byLevel.set(levels[row], [row]);
    }
    groups.push(...byLevel.values());
  });
  return groups;
}

function draw(rows: number[], wanted: number | "sqrt", random: Random): number[] {
  const count = wanted === "sqrt" ? Math.floor(Math.sqrt(rows.length)) : wanted;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot draw proxies: patchesPerLevel must be a positive integer or "sqrt", got ${wanted}`,
    );
  }
  return random.shuffle(rows).slice(0, count).sort((a, b) => a - b);
}
