/**
 * The WebAssembly of products of quantised vectors: quantized_products.wat, which says how it is assembled, as bytes.
 *
 * @module
 */

const MODULE =
  "AGFzbQEAAAABEgJgBX9/f39/AGAGf39/f39/AAIlAgZtZW1vcnkEcm93cwIDAYCABAZtZW1vcnkHc2NyYXRjaAIAAQMDAgAB" +
  "Bw8CBGludDgAAARpbnQ0AAEK+QoC6QMCBX8GewJAA0AgAUUNAf0MAAAAAAAAAAAAAAAAAAAAACEK/QwAAAAAAAAAAAAAAAAA" +
  "AAAAIQv9DAAAAAAAAAAAAAAAAAAAAAAhDP0MAAAAAAAAAAAAAAAAAAAAACENIAAgAmohByAHIAJqIQggCCACaiEJIAchBSAD" +
  "IQYDQCAG/QBEAQAhDiAG/QBEARAhDyAKIA4gAP0BAwD9ugEgDyAA/QEDCP26Af2uAf2uASEKIABBEGohACALIA4gB/0BAwD9" +
  "ugEgDyAH/QEDCP26Af2uAf2uASELIAdBEGohByAMIA4gCP0BAwD9ugEgDyAI/QEDCP26Af2uAf2uASEMIAhBEGohCCANIA4g" +
  "Cf0BAwD9ugEgDyAJ/QEDCP26Af2uAf2uASENIAlBEGohCSAGQSBqIQYgACAFSQ0ACyAKIAv9DQABAgMQERITBAUGBxQVFhcg" +
  "CiAL/Q0ICQoLGBkaGwwNDg8cHR4f/a4BIQ4gDCAN/Q0AAQIDEBESEwQFBgcUFRYXIAwgDf0NCAkKCxgZGhsMDQ4PHB0eH/2u" +
  "ASEPIAQgDiAP/Q0AAQIDBAUGBxAREhMUFRYXIA4gD/0NCAkKCwwNDg8YGRobHB0eH/2uAf0LRAEAIAkhACAEQRBqIQQgAUEB" +
  "ayEBDAALCwuLBwIFfwx7IAT9AEQBACEVQQ/9DyEWAkADQCABRQ0B/QwAAAAAAAAAAAAAAAAAAAAAIQv9DAAAAAAAAAAAAAAA" +
  "AAAAAAAhD/0MAAAAAAAAAAAAAAAAAAAAACEM/QwAAAAAAAAAAAAAAAAAAAAAIRD9DAAAAAAAAAAAAAAAAAAAAAAhDf0MAAAA" +
  "AAAAAAAAAAAAAAAAACER/QwAAAAAAAAAAAAAAAAAAAAAIQ79DAAAAAAAAAAAAAAAAAAAAAAhEiAAIAJqIQggCCACaiEJIAkg" +
  "AmohCiAIIQYgAyEHA0AgAP0ABAAhFCAVIBQgFv1O/YACIRMgFSAUQQT9jQEgFv1O/YACIRQgB/0ARAEAIBMgC/2TAiELIAf9" +
  "AEQBECAUIAv9kwIhCyAH/QBEASAgEyAP/ZMCIQ8gB/0ARAEwIBQgD/2TAiEPIABBEGohACAI/QAEACEUIBUgFCAW/U79gAIh" +
  "EyAVIBRBBP2NASAW/U79gAIhFCAH/QBEAQAgEyAM/ZMCIQwgB/0ARAEQIBQgDP2TAiEMIAf9AEQBICATIBD9kwIhECAH/QBE" +
  "ATAgFCAQ/ZMCIRAgCEEQaiEIIAn9AAQAIRQgFSAUIBb9Tv2AAiETIBUgFEEE/Y0BIBb9Tv2AAiEUIAf9AEQBACATIA39kwIh" +
  "DSAH/QBEARAgFCAN/ZMCIQ0gB/0ARAEgIBMgEf2TAiERIAf9AEQBMCAUIBH9kwIhESAJQRBqIQkgCv0ABAAhFCAVIBQgFv1O" +
  "/YACIRMgFSAUQQT9jQEgFv1O/YACIRQgB/0ARAEAIBMgDv2TAiEOIAf9AEQBECAUIA79kwIhDiAH/QBEASAgEyAS/ZMCIRIg" +
  "B/0ARAEwIBQgEv2TAiESIApBEGohCiAHQcAAaiEHIAAgBkkNAAsgDyALQQj9qwH9rgEhDyAQIAxBCP2rAf2uASEQIBEgDUEI" +
  "/asB/a4BIREgEiAOQQj9qwH9rgEhEiAPIBD9DQABAgMQERITBAUGBxQVFhcgDyAQ/Q0ICQoLGBkaGwwNDg8cHR4f/a4BIRMg" +
  "ESAS/Q0AAQIDEBESEwQFBgcUFRYXIBEgEv0NCAkKCxgZGhsMDQ4PHB0eH/2uASEUIAUgEyAU/Q0AAQIDBAUGBxAREhMUFRYX" +
  "IBMgFP0NCAkKCwwNDg8YGRobHB0eH/2uAf0LRAEAIAohACAFQRBqIQUgAUEBayEBDAALCws=";

/** Rows that a kernel takes at once. */
export const GROUP = 4;

/** Exports of quantized_products.wat: addresses and lengths are bytes. */
export interface QuantizedKernels {
  /** One query with rows of 8-bit numbers. */
  int8(rows: number, groups: number, length: number, query: number, out: number): void;
  /** One query, in two halves, with rows of 4-bit codes. */
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
