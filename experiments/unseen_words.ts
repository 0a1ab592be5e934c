/**
 * Beyond the paper: what a fused vector is worth for words that the fusion was not trained on.
 *
 * Command: `deno task notebooks 16_unseen_words`.
 *
 * @module
 */
import type { ExperimentDefinition } from "detailclip";
import { baseline } from "./baseline.ts";
import {
  atScales,
  CC10,
  closedForm,
  coverAt,
  detailClip,
  detailClipPlus,
  kMeans,
  visualWords,
} from "./fusion.ts";

/** Words that fusion was not trained on: 38 of the 138 classes are kept from it. */
export const unseenWords: ExperimentDefinition = {
  name: "unseen_words",
  title: "What a fused vector is worth for words that it was not trained on",
  paper: [],
  baseline,
  always: { hiddenWords: 38 },
  ...atScales((scale) => {
    const all = scale === "smoke" ? [1, 2] : [1, 2, 4, 8, 16, 32];
    const few = scale === "smoke" ? [1, 2] : [1, 8];
    return [
      detailClip(coverAt(scale), scale),
      closedForm(CC10),
      ...few.map((m) => detailClipPlus(CC10, scale, m)),
      ...all.map((m) => kMeans(CC10, m)),
      ...all.map((m) => visualWords(CC10, m)),
    ];
  }),
};
