/**
 * What continuous integration changes in each notebook when it runs them once more: another seed, and what the
 * notebook lets its readers turn, in values that are quickly run.
 *
 * @module
 */
import { join } from "node:path";
import { ROOT } from "../project.ts";

/** A CLIP of random weights, as a stand-in for one of the reader's own. */
const CLIP = join(ROOT, "lib", "encoders", "testdata", "random-clip");

/** New values of parameters, by notebook. */
export const CHANGED_KNOBS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "00_anatomy": { seed: 8, dataset: "CLEVR-DS-L", images: 50, k: 3, epochs: 2, query: "bear" },
  "01_complete_cover": { seed: 8, dataset: "CLEVR-DS-S", k: 3, sides: [0.1] },
  "02_data_sets": { seed: 8, images: 50, sets: ["CLEVR-DS-S", "CLEVR-DS-L"] },
  "03_scale_sensitivity": { seed: 8, dataset: "CLEVR-DS-L", images: 50, k: 4 },
  "04_patch_schemes": { seed: 8, dataset: "CLEVR-DS-S", images: 50, covers: ["cc@3", "grid@4"] },
  "05_main_result": { seed: 8, images: 50, epochs: 1, k: 3, methods: ["DetailCLIP+"] },
  "06_gallery": { seed: 8, images: 50, epochs: 1, k: 3, queries: ["bear"], count: 3 },
  "07_encoders": {
    ...{ seed: 8, images: 50, epochs: 1, k: 3, judged: 0.5 },
    datasets: { shop: "retail" },
  },
  "08_choosing_k": { seed: 8, dataset: "CLEVR-DS", images: 50, epochs: 1, ks: [3, 4], fused: [3] },
  "09_patch_count": { seed: 8, images: 50, epochs: 1, covers: ["cc@3", "grid@4"] },
  "10_adapters": {
    ...{ seed: 8, images: 50, epochs: 1, k: 3 },
    ...{ adapters: ["MLP", "DetailCLIP, our training"], depths: { MLP: [2] } },
  },
  "11_objects_and_classes": { seed: 8, images: 50, epochs: 1, k: 3, classes: [20], objects: [4] },
  "12_time_and_memory": { seed: 8, images: 50, epochs: 1, k: 3, vectors: 4 },
  "13_similarity": {
    ...{ seed: 8, encoder: CLIP, images: 50, epochs: 1, k: 3 },
    ...{ methods: ["DetailCLIP+", "closed form"], bin: 0.1 },
  },
  "14_hyperparameters": { seed: 8, images: 50, grid: { gamma: [0.1, 0.8] }, draws: 3 },
  "15_equal_patches": { seed: 8, images: 50, covers: ["cc@3", "grid@4", "vc@6:0.1"] },
  "16_unseen_words": { seed: 8, images: 50, epochs: 1, hidden: 100, k: 3, vectors: [1, 3] },
  "17_geometry": { seed: 8, images: 50, k: 3, texts: [0, 0.5], objects: [4] },
  "18_remote_sensing": { seed: 8, side: 500, turn: 20, k: 8, windows: [100], word: "taxi" },
  "19_scorers": {
    ...{ seed: 8, images: 50, ks: [3] },
    ...{ ways: ["levels"], vectors: ["class-wise maximum, nouns"] },
  },
};
