/**
 * The WebAssembly of products of quantised vectors: quantized_products.wat, which says how it is assembled, as bytes.
 *
 * @module
 */

const MODULE =
  "AGFzbQEAAAABEgJgBX9/f39/AGAGf39/f39/AAIlAgZtZW1vcnkEcm93cwIDAYCABAZtZW1vcnkHc2NyYXRjaAIAAQMD" +
  "AgABBw8CBGludDgAAARpbnQ0AAEK0QoC6QMCBX8GewJAA0AgAUUNAf0MAAAAAAAAAAAAAAAAAAAAACEK/QwAAAAAAAAA" +
  "AAAAAAAAAAAAIQv9DAAAAAAAAAAAAAAAAAAAAAAhDP0MAAAAAAAAAAAAAAAAAAAAACENIAAgAmohByAHIAJqIQggCCAC" +
  "aiEJIAchBSADIQYDQCAG/QBEAQAhDiAG/QBEARAhDyAKIA4gAP0BAwD9ugEgDyAA/QEDCP26Af2uAf2uASEKIABBEGoh" +
  "ACALIA4gB/0BAwD9ugEgDyAH/QEDCP26Af2uAf2uASELIAdBEGohByAMIA4gCP0BAwD9ugEgDyAI/QEDCP26Af2uAf2u" +
  "ASEMIAhBEGohCCANIA4gCf0BAwD9ugEgDyAJ/QEDCP26Af2uAf2uASENIAlBEGohCSAGQSBqIQYgACAFSQ0ACyAKIAv9" +
  "DQABAgMQERITBAUGBxQVFhcgCiAL/Q0ICQoLGBkaGwwNDg8cHR4f/a4BIQ4gDCAN/Q0AAQIDEBESEwQFBgcUFRYXIAwg" +
  "Df0NCAkKCxgZGhsMDQ4PHB0eH/2uASEPIAQgDiAP/Q0AAQIDBAUGBxAREhMUFRYXIA4gD/0NCAkKCwwNDg8YGRobHB0e" +
  "H/2uAf0LRAEAIAkhACAEQRBqIQQgAUEBayEBDAALCwvjBgIFfwh7IAT9AEQBACERQQ/9DyESAkADQCABRQ0B/QwAAAAA" +
  "AAAAAAAAAAAAAAAAIQv9DAAAAAAAAAAAAAAAAAAAAAAhDP0MAAAAAAAAAAAAAAAAAAAAACEN/QwAAAAAAAAAAAAAAAAA" +
  "AAAAIQ4gACACaiEIIAggAmohCSAJIAJqIQogCCEGIAMhBwNAIAD9AAQAIRAgESAQIBL9Tv2AAiEPIBEgEEEE/Y0BIBL9" +
  "Tv2AAiEQIAsgD/2HASAH/QBEAQD9ugH9rgEhCyALIA/9iAEgB/0ARAEQ/boB/a4BIQsgCyAQ/YcBIAf9AEQBIP26Af2u" +
  "ASELIAsgEP2IASAH/QBEATD9ugH9rgEhCyAAQRBqIQAgCP0ABAAhECARIBAgEv1O/YACIQ8gESAQQQT9jQEgEv1O/YAC" +
  "IRAgDCAP/YcBIAf9AEQBAP26Af2uASEMIAwgD/2IASAH/QBEARD9ugH9rgEhDCAMIBD9hwEgB/0ARAEg/boB/a4BIQwg" +
  "DCAQ/YgBIAf9AEQBMP26Af2uASEMIAhBEGohCCAJ/QAEACEQIBEgECAS/U79gAIhDyARIBBBBP2NASAS/U79gAIhECAN" +
  "IA/9hwEgB/0ARAEA/boB/a4BIQ0gDSAP/YgBIAf9AEQBEP26Af2uASENIA0gEP2HASAH/QBEASD9ugH9rgEhDSANIBD9" +
  "iAEgB/0ARAEw/boB/a4BIQ0gCUEQaiEJIAr9AAQAIRAgESAQIBL9Tv2AAiEPIBEgEEEE/Y0BIBL9Tv2AAiEQIA4gD/2H" +
  "ASAH/QBEAQD9ugH9rgEhDiAOIA/9iAEgB/0ARAEQ/boB/a4BIQ4gDiAQ/YcBIAf9AEQBIP26Af2uASEOIA4gEP2IASAH" +
  "/QBEATD9ugH9rgEhDiAKQRBqIQogB0HAAGohByAAIAZJDQALIAsgDP0NAAECAxAREhMEBQYHFBUWFyALIAz9DQgJCgsY" +
  "GRobDA0ODxwdHh/9rgEhDyANIA79DQABAgMQERITBAUGBxQVFhcgDSAO/Q0ICQoLGBkaGwwNDg8cHR4f/a4BIRAgBSAP" +
  "IBD9DQABAgMEBQYHEBESExQVFhcgDyAQ/Q0ICQoLDA0ODxgZGhscHR4f/a4B/QtEAQAgCiEAIAVBEGohBSABQQFrIQEM" +
  "AAsLCw==";

/** Rows that a kernel takes at once. */
export const GROUP = 4;

/** Exports of quantized_products.wat: addresses and lengths are bytes. */
export interface QuantizedKernels {
  /** One query with rows of 8-bit numbers. */
  int8(rows: number, groups: number, length: number, query: number, out: number): void;
  /** One query with rows of 4-bit codes. */
  int4(
    rows: number,
    groups: number,
    length: number,
    query: number,
    levels: number,
    out: number,
  ): void;
}

let compiled: WebAssembly.Module | undefined;

/**
 * The kernels on two memories.
 *
 * @param rows shared memory of the rows
 * @param scratch memory of the queries and products, the thread's own
 */
export function quantizedKernels(
  rows: WebAssembly.Memory,
  scratch: WebAssembly.Memory,
): QuantizedKernels {
  compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(MODULE));
  const instance = new WebAssembly.Instance(compiled, { memory: { rows, scratch } });
  return instance.exports as unknown as QuantizedKernels;
}
