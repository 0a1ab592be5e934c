/**
 * How an image becomes one vector, or a few, as plain JSON: part of a configuration.
 *
 * @module
 */
import { z } from "zod";
import { COVER_SCHEMA, type CoverSpec } from "../covers/spec.ts";
import { MODEL_SCHEMA } from "../fusion/model/spec.ts";
import { kindOf } from "../fusion/model/registry.ts";
import { TRAIN_SCHEMA } from "../fusion/training/train_config.ts";
import { type FusionSpec, resolveSpec, type TrainConfig } from "../fusion/mod.ts";
import {
  COUNT,
  FLAG,
  kindsOf,
  listOf,
  number,
  oneOf,
  settings,
  TEXT,
} from "../runtime/settings.ts";

/** How the vectors of a fused image are found. */
export type Fuser =
  /** A model that is trained on the training split and chosen on the validation split. */
  | {
    kind: "trained";
    model: FusionSpec;
    train: Omit<TrainConfig, "seed">;
    /** Whether the mean of the training patches is subtracted from every patch (*extended*). */
    centre?: boolean;
    /**
     * Where training starts: PyTorch's random weights; or, *extended*, a transformer that averages its
     * patches, or one that looks for each word in each patch.
     */
    start?: "random" | "average" | "detectors";
  }
  /** The unit vector that minimises the paper's loss, image by image: its ceiling; see `bestUnitVectors`. */
  | { kind: "loss-ceiling" }
  /** The ridge solution over the known class prompts; see `closedFormFusion`. */
  | { kind: "closed-form"; ridge?: number }
  /**
   * What the best patch shows of each concept; see `fuseClassWise`. The concepts are the encoder's own, the nouns of
   * `commonNouns`, or words of one's own: unless told the encoder's own, where it has some, else nouns. `pool` tells
   * whether levels of the cover count alike; `full` is the share of the full image's vector, 0 unless told.
   */
  | {
    kind: "class-wise-maximum";
    of?: "concepts" | "nouns" | string[];
    pool?: "maximum" | "levels";
    full?: number;
  }
  /** Centroids of the patches, which know no words; see `sphericalKMeans`. */
  | { kind: "k-means"; vectors: number }
  /** Directions found in the training patches, without words; see `fitVisualWords`. */
  | { kind: "visual-words"; vectors: number; words?: number };

/** A way to turn the patches of an image into one vector, or a few. */
export interface FusionMethod {
  /** Name as tables and figures print it: `"DetailCLIP"`, `"closed form"`, `"DetailCLIP+ (m = 4)"`. */
  method: string;
  /** Where the patches come from. */
  cover: CoverSpec;
  /** How they are fused. */
  fuser: Fuser;
}

/** What the parts of a trained fuser cannot do together, and which of them. */
function misfit(fuser: Fuser): [path: string[], why: string] | undefined {
  if (fuser.kind !== "trained") return;
  const { model, start = "random", centre } = fuser;
  if (model.kind === "mean") return [["model", "kind"], '"mean" has no weights to train'];
  if (centre && !kindOf(model).canCentre) {
    return [
      ["centre"],
      `is for transformer and max-pool: a model of kind "${model.kind}" has none`,
    ];
  }
  if (start === "random") return;
  if (model.kind !== "transformer") {
    return [["start"], `"${start}" is for a transformer, and the model is of kind "${model.kind}"`];
  }
  if (start === "detectors" && model.patches === false) {
    return [["start"], '"detectors" needs a model that sees patches'];
  }
}

const WORDS = listOf(TEXT).refine(
  ({ length }) => length > 1,
  "must be a list of two words or more",
);

const FUSER_SCHEMA: z.ZodType<Fuser> = kindsOf<Fuser, "kind">("kind", {
  trained: {
    model: MODEL_SCHEMA,
    train: TRAIN_SCHEMA,
    centre: FLAG.optional(),
    start: oneOf("random", "average", "detectors").optional(),
  },
  "loss-ceiling": {},
  "closed-form": { ridge: number("a number from 0 on", (value) => value >= 0).optional() },
  "class-wise-maximum": {
    of: z.union([oneOf("concepts", "nouns"), WORDS], {
      error: 'must be "concepts", "nouns" or a list of words',
    }).optional(),
    pool: oneOf("maximum", "levels").optional(),
    full: number("a number from 0 to below 1", (value) => value >= 0 && value < 1).optional(),
  },
  "k-means": { vectors: COUNT },
  "visual-words": { vectors: COUNT, words: COUNT.optional() },
}).superRefine((fuser, context) => {
  const found = misfit(fuser);
  if (found) context.addIssue({ code: "custom", path: found[0], message: found[1] });
});

/** What a {@linkcode FusionMethod} may say. */
export const METHOD_SCHEMA: z.ZodType<FusionMethod> = settings<FusionMethod>({
  method: TEXT,
  cover: COVER_SCHEMA,
  fuser: FUSER_SCHEMA,
});

/**
 * Refuses a fusion that its encoder or its data set rules out.
 *
 * @param method which one
 * @param sizes `dim`: D; `words`: how many classes it may learn; `concepts`: whether the encoder has some
 * @throws {RangeError} when a transformer is too narrow to start from so many words
 * @throws {Error} when the model cannot be made for features of D dimensions, or the encoder lacks concepts
 */
export function checkFits(
  { method, fuser }: FusionMethod,
  { dim, words, concepts }: { dim: number; words: number; concepts: boolean },
): void {
  if (fuser.kind === "class-wise-maximum" && fuser.of === "concepts" && !concepts) {
    throw new Error(
      `Cannot fuse ${method}: the encoder has no concepts; "nouns" serves any encoder`,
    );
  }
  if (fuser.kind !== "trained") return;
  const model = resolveSpec(fuser.model, dim);
  if (fuser.start !== "detectors" || model.kind !== "transformer") return;
  if (model.feedForward! >= words) return;
  throw new RangeError(
    `Cannot train ${method}: ${words} words to start from need feed-forward blocks at least as wide, ` +
      `got ${model.feedForward}`,
  );
}
