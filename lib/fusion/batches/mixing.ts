/**
 * Mixing: more training images than there are, made by swapping patches between those of a batch (*extended*:
 * not in the paper).
 *
 * @module
 */
import type { Random } from "../../numeric/random.ts";
import type { FeatureBatch } from "./batches.ts";

/**
 * Swaps patches between the images of a batch. No labels are needed, because the target of a mixed image is
 * the maximum over its patches like that of any other, and the model sees other images every epoch.
 *
 * The images are put in a ring in random order. In a random choice of slots every patch moves on to the next
 * image, with its level and its mask. So every image becomes a mixture of two, and each patch of the batch is
 * there once, as before. Slot 0, the whole image, stays.
 *
 * @param batch what the images are; it is left as it is
 * @param share of the slots that are swapped, 0 to 1
 * @param random where chance comes from
 * @returns a new batch; targets known by image id do not hold for it, {@linkcode batchTargets} gives them
 * @throws RangeError when `share` is not between 0 and 1
 */
export function mixPatches(batch: FeatureBatch, share: number, random: Random): FeatureBatch {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot mix patches: share must be between 0 and 1, got ${share}`);
  }
  const { imageIds, patches, dim } = batch;
  const ring = random.shuffle(imageIds.map((_, image) => image));
  const slots = random.shuffle(Array.from({ length: patches - 1 }, (_, i) => i + 1))
    .slice(0, Math.round(share * (patches - 1)));
  const features = batch.features.slice(); // (B, P, D)
  const levels = batch.levels.slice(); // (B, P)
  const mask = batch.mask?.slice(); // (B, P)
  ring.forEach((image, i) => {
    const next = ring[(i + 1) % ring.length];
    for (const slot of slots) {
      const from = image * patches + slot, to = next * patches + slot;
      features.set(batch.features.subarray(from * dim, (from + 1) * dim), to * dim);
      levels[to] = batch.levels[from];
      if (mask) mask[to] = batch.mask![from];
    }
  });
  return { ...batch, features, levels, ...(mask && { mask }) };
}
