export * from "./random.ts";
export * from "./files.ts";
export * from "./interrupt.ts";
export * from "./covers/mod.ts";
export * from "./images/mod.ts";
export * from "./encoders/mod.ts";
export * from "./retrieval/mod.ts";
export * from "./plots/mod.ts";
