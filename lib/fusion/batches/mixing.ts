/**
 * Bag mixing: scenes that never were, made of the patches of several.
 *
 * @module
 */
import type { Random } from "../../numeric/random.ts";
import type { FeatureBatch } from "./batches.ts";

/**
 * Swaps patches between the images of a batch. *Beyond the paper*: no labels are needed, because the
 * target of a mixed bag is the maximum over its patches like that of any other, and the model sees other
 * bags every epoch.
 *
 * The images are lined up in a ring in random order, and in a random choice of slots every patch moves
 * on to the next image, with its level and with whether it is one or padding. So every image becomes a
 * mixture of two scenes, and no patch of the batch is lost or doubled. Slot 0, the whole image, stays.
 *
 * @param batch what the images are; it is left as it is
 * @param share of the slots that are swapped, 0 to 1
 * @param random where chance comes from
 * @returns a new batch; targets known by image id do not hold for it, {@linkcode batchTargets} gives them
 * @throws RangeError when `share` is not between 0 and 1
 */
export function mixBags(batch: FeatureBatch, share: number, random: Random): FeatureBatch {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot mix bags: share must be between 0 and 1, got ${share}`);
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

/**
 * Bags of a few random patches of the batch, whatever image they come from. *Beyond the paper*: a bag needs
 * no labels, like a mixed one, and with few patches the loss tells the model far more clearly which patch
 * gave which similarity; a model that has learned small bags goes on to whole covers.
 *
 * @param batch where patches come from; it is left as it is
 * @param patches patches of a bag, besides the whole image in slot 0
 * @param random where chance comes from
 * @returns as many bags as the batch has images, each with the whole image of one of them // (B, 1 + patches, D)
 * @throws RangeError when `patches` is not a positive integer, or no image has a patch besides slot 0
 */
export function drawBags(batch: FeatureBatch, patches: number, random: Random): FeatureBatch {
  if (!Number.isInteger(patches) || patches < 1) {
    throw new RangeError(`Cannot draw bags: patches must be a positive integer, got ${patches}`);
  }
  const { imageIds, dim } = batch;
  const rows = imageIds.flatMap((_, image) =>
    Array.from({ length: batch.patches - 1 }, (_, i) => image * batch.patches + i + 1)
  ).filter((row) => batch.mask?.[row] !== 0);
  if (rows.length === 0) {
    throw new RangeError("Cannot draw bags: the images have no patches besides the whole image");
  }
  const slots = patches + 1;
  const features = new Float32Array(imageIds.length * slots * dim); // (B, 1 + patches, D)
  const levels = new Uint8Array(imageIds.length * slots);
  for (let to = 0; to < levels.length; to++) {
    const from = to % slots === 0 ? to / slots * batch.patches : random.pick(rows);
    features.set(batch.features.subarray(from * dim, (from + 1) * dim), to * dim);
    levels[to] = batch.levels[from];
  }
  return { imageIds, patches: slots, dim, features, levels };
}
