/**
 * Experiments: from a configuration to rows that say where they come from.
 *
 * @module
 */
export * from "./claims.ts";
export * from "./config.ts";
export * from "./data.ts";
export * from "./methods.ts";
export * from "./missing.ts";
export * from "./paper.ts";
export * from "./provenance.ts";
export * from "./results.ts";
export * from "./retrieval.ts";
export * from "./search.ts";
export * from "./series.ts";
export * from "./table.ts";
