/**
 * Figures: rows in, SVG out.
 *
 * @module
 */
export * from "./theme.ts";
export {
  Figure,
  type FigureOptions,
  type Picture,
  pictureOf,
  saveFigure,
  stackFigures,
} from "./figure.ts";
export * from "./patch_counts.ts";
export * from "./recall_by_size.ts";
export * from "./recall_bars.ts";
export * from "./cover_figure.ts";
export * from "./gallery.ts";
export * from "./coverage_figure.ts";
export * from "./live.ts";
export * from "./training.ts";
export { galleryOf, type RunGalleryOptions } from "./run_gallery.ts";
export {
  type PatchRecallRow,
  recallAgainstPatches,
  type RecallAgainstPatchesOptions,
} from "./recall_against_patches.ts";
export { type KRow, recallByCover, type RecallByCoverOptions } from "./recall_by_cover.ts";
export { similarityHistogram, type SimilarityHistogramRow } from "./similarity_histogram.ts";
export { searchCostFigure, type SearchCostOptions, type SearchTimeRow } from "./search_cost.ts";
export {
  searchStrips,
  type SearchStripsOptions,
  type Strip,
  type StripsRow,
} from "./search_strips.ts";
export { encoderDots, type EncoderDotsOptions, type EncoderRow } from "./encoder_dots.ts";
export { type DotRow, recallDots } from "./recall_dots.ts";
export { recallByRMax, type RMaxRow } from "./recall_by_r_max.ts";
export {
  contactSheet,
  LARGE_SIDE,
  type Sample,
  type SheetRow,
  sheetRowOf,
} from "./contact_sheet.ts";
export { type Choices, type Position, Slider, slider, type SliderOptions } from "./slider.ts";
export { dataSetFigure, type DataSetRow, SIDE_EDGES_LOG } from "./data_set_figure.ts";
