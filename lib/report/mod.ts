/**
 * Reports: rows with their provenance, tables, the paper's numbers and its claims.
 *
 * @module
 */
export * from "./claims.ts";
export {
  filesOf,
  type FilingOptions,
  KEEP_VARIABLE,
  noteCommitted,
  type RunFiles,
  writeResults,
} from "./filing.ts";
export * from "./paper.ts";
export * from "./provenance.ts";
export * from "./results.ts";
export * from "./tables.ts";
export * from "./verdicts.ts";
