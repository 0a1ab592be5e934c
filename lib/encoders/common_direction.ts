/**
 * A direction that all vectors of an encoder share, as real CLIP's do: its texts, and its images, lie in narrow cones.
 *
 * An encoder without one can be given it after its towers. Where neither texts nor patches have a part along the
 * direction beforehand, all similarities of texts and patches are scaled and shifted alike, so that no ranking changes; what
 * changes is which similarities **one** unit vector can have to many texts at once, the ceiling of the paper's loss (eq. 7).
 *
 * @module
 */
import { z } from "zod";
import { checkSettings, listOf, number, settings } from "../runtime/settings.ts";

/** The common part of unit vectors of each kind: the cosine to the direction, in [0, 1). */
export interface CommonShares {
  /** Of texts: their mean cosine to each other rises to about its square. */
  text: number;
  /** Of images and patches. */
  image: number;
}

/** What `config.json` says under `common_direction`. */
export interface CommonDirection extends CommonShares {
  /** The direction, of any length. // (D) */
  vector: readonly number[];
}

const share = () => number("in [0, 1)", (value) => value >= 0 && value < 1);

/** What {@linkcode CommonShares} may say. */
export const COMMON_SHARES_SCHEMA: z.ZodType<CommonShares> = settings<CommonShares>({
  text: share(),
  image: share(),
});

const SCHEMA = settings<CommonDirection>({
  text: share(),
  image: share(),
  vector: listOf(z.number()),
});

/**
 * The direction that a model's vectors are given.
 *
 * @param declared what its `config.json` says, if anything
 * @param chosen `false`: none; shares: these in place of the declared ones
 * @param dim D
 * @returns the shares and the unit direction; `undefined` where vectors stay as the towers give them
 * @throws {RangeError} when either is malformed, or shares are chosen and the model declares no direction
 */
export function commonDirection(
  declared: unknown,
  chosen: CommonShares | false | undefined,
  dim: number,
): { shares: CommonShares; direction: Float64Array } | undefined {
  const attempt = "Cannot load encoder";
  if (chosen) checkSettings(COMMON_SHARES_SCHEMA, chosen, attempt, "commonDirection");
  if (chosen === false) return undefined;
  if (declared === undefined) {
    if (chosen === undefined) return undefined;
    throw new RangeError(
      `${attempt}: commonDirection cannot be set, for its config.json has no common_direction`,
    );
  }
  checkSettings(SCHEMA, declared, attempt, "common_direction");
  const { text, image, vector } = declared as CommonDirection;
  const length = Math.hypot(...vector);
  if (vector.length !== dim || !(length > 0)) {
    throw new RangeError(
      `${attempt}: common_direction.vector must have ${dim} values that are not all 0, got ${vector.length} of ` +
        `length ${length}`,
    );
  }
  return {
    shares: chosen ?? { text, image },
    direction: Float64Array.from(vector, (value) => value / length),
  };
}

/**
 * Gives unit vectors a common part: v becomes s·u + sqrt(1 - s²)·unit(v - (v·u)u), for a direction u and a share s.
 *
 * @param vectors unit rows, changed in place // (N, D)
 * @param direction u, of length 1 // (D)
 * @param share s, in [0, 1)
 * @returns the index of a row that lies along u and has no other part, or -1
 */
export function addCommonPart(
  vectors: Float32Array,
  direction: Float64Array,
  share: number,
): number {
  const dim = direction.length, own = Math.sqrt(1 - share * share);
  for (let start = 0; start < vectors.length; start += dim) {
    let along = 0, squares = 0;
    for (let d = 0; d < dim; d++) along += vectors[start + d] * direction[d];
    for (let d = 0; d < dim; d++) squares += (vectors[start + d] - along * direction[d]) ** 2;
    if (!(squares > 1e-12)) return start / dim;
    const scale = own / Math.sqrt(squares);
    for (let d = 0; d < dim; d++) {
      const rest = vectors[start + d] - along * direction[d];
      vectors[start + d] = share * direction[d] + scale * rest;
    }
  }
  return -1;
}
