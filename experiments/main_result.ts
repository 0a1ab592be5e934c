/**
 * Full image against Complete Cover against object crops, on the generated CLEVR-DS.
 *
 * Command: `deno task demo` (about 4 minutes on two cores after set-up; seconds when cached).
 * Paper: Table 2 (CLEVR-DS rows) and Figure 6, there with ViT-B/32 and other objects.
 *
 * @module
 */
import type { ExperimentDefinition } from "detailclip";
import { baseline, paperScale } from "./baseline.ts";

/** The spine of the paper: how much a single full-image feature misses that patches see. */
export const mainResult: ExperimentDefinition = {
  name: "main_result",
  title: "One full-image feature misses the small objects that a Complete Cover finds",
  paper: ["Table 2", "Figure 6"],
  baseline,
  scales: {
    smoke: { dataset: { images: 100, size: 480 }, bootstrap: { resamples: 100 } },
    quick: {},
    paper: paperScale,
  },
};
