/**
 * What continuous integration changes in each notebook when it runs them once more: another seed, and what the
 * notebook lets its readers turn, in values that are quickly run.
 *
 * @module
 */

/** New values of parameters, by notebook. */
export const CHANGED_KNOBS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "00_anatomy": { seed: 8, k: 3, epochs: 2, query: "bear" },
  "01_complete_cover": { seed: 8, k: 3 },
  "02_data_sets": { seed: 8, sets: ["CLEVR-DS-S", "CLEVR-DS-L"] },
  "03_scale_sensitivity": { seed: 8, k: 4 },
  "04_patch_schemes": { seed: 8, ks: [2, 4] },
  "05_main_result": { seed: 8, k: 3 },
  "06_gallery": { seed: 8, k: 3, queries: ["bear"], count: 3 }, // of 05's run
  "07_encoders": { seed: 8, k: 3 },
  "08_choosing_k": { seed: 8, ks: [3, 4], fused: [3] },
  "09_patch_count": { seed: 8, ks: [3] },
  "10_adapters": { seed: 8, k: 3, layers: [1] },
  "11_objects_and_classes": { seed: 8, k: 3 },
  "12_time_and_memory": { seed: 8, k: 3, vectors: 4 },
  "13_similarity": { seed: 8, k: 3, bin: 0.1 },
  "14_hyperparameters": { seed: 8, draws: 3 },
  "15_equal_patches": { seed: 8, ks: [3, 4], verifiedKs: [6] },
  "16_unseen_words": { seed: 8, hidden: 100 },
};
