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
  type SaveOptions,
  stackFigures,
} from "./figure.ts";
export {
  type CardOptions,
  type KeyEntry,
  plot,
  type PlotMarks,
  plots,
  type ThemedPlotOptions,
} from "./plot.ts";
export type { AnnotatedBox } from "./annotated_box.ts";
export * from "./recall_bars.ts";
export * from "./cover_figure.ts";
export * from "./gallery.ts";
export * from "./live.ts";
export * from "./training.ts";
export { galleryOf, type RunGalleryOptions } from "./run_gallery.ts";
export {
  type LineRow,
  type RecallAxis,
  recallLines,
  type RecallLinesOptions,
} from "./recall_lines.ts";
export { similarityHistogram, type SimilarityHistogramRow } from "./similarity_histogram.ts";
export { type DotRow, recallDots } from "./recall_dots.ts";
export {
  contactSheet,
  LARGE_SIDE,
  type Sample,
  type SheetRow,
  sheetRowOf,
} from "./contact_sheet.ts";
export { type Choices, type Position, Slider, slider, type SliderOptions } from "./slider.ts";
