export * from "./random.ts";
export * from "./files.ts";
export * from "./interrupt.ts";
export * from "./covers/cover.ts";
export * from "./images/mod.ts";
export * from "./retrieval/mod.ts";
