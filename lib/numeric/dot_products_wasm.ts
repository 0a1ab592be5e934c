/**
 * The WebAssembly of dot products: dot_products.wat, which says how it is assembled, as bytes.
 *
 * @module
 */

const MODULE =
  "AGFzbQEAAAABEwJgBX9/f39/AGAHf39/f39/fwACJQIGbWVtb3J5BHJvd3MCAwGAgAQGbWVtb3J5B3NjcmF0Y2gCAAEDBQQA" +
  "AAABBx8EBHBhY2sAAANvbmUAAQhlc3RpbWF0ZQACA3R3bwADCqkWBIkDAgd/CHsCQANAIAJFDQFBACEFA0AgACEGIAYgAWoh" +
  "ByAHIAFqIQggCCABaiEJIAQgBWohCiAKIANqIQsDQCAG/QBEAQAhDCAH/QBEAQAhDSAI/QBEAQAhDiAJ/QBEAQAhDyAMIA39" +
  "DQABAgMQERITBAUGBxQVFhchECAMIA39DQgJCgsYGRobDA0ODxwdHh8hESAOIA/9DQABAgMQERITBAUGBxQVFhchEiAOIA/9" +
  "DQgJCgsYGRobDA0ODxwdHh8hEyAKIBAgEv0NAAECAwQFBgcQERITFBUWF/0LBAAgCiAQIBL9DQgJCgsMDQ4PGBkaGxwdHh/9" +
  "CwQgIAogESAT/Q0AAQIDBAUGBxAREhMUFRYX/QsEQCAKIBEgE/0NCAkKCwwNDg8YGRobHB0eH/0LBGAgBkEQaiEGIAdBEGoh" +
  "ByAIQRBqIQggCUEQaiEJIApBgAFqIQogCiALSQ0ACyAAIAFBAnRqIQAgBUEQaiEFIAVBEEYNAAsgBCADaiEEIAJBAWshAgwA" +
  "CwsLpwcCBX8JeyABQQFqQQF2IQcgASAHayEGIAAgBiACbGohBSAEIAZBBnRqIQYCQANAIAdFDQH9DAAAAAAAAAAAAAAAAAAA" +
  "AAAhC/0MAAAAAAAAAAAAAAAAAAAAACEM/QwAAAAAAAAAAAAAAAAAAAAAIQ39DAAAAAAAAAAAAAAAAAAAAAAhDv0MAAAAAAAA" +
  "AAAAAAAAAAAAACEP/QwAAAAAAAAAAAAAAAAAAAAAIRD9DAAAAAAAAAAAAAAAAAAAAAAhEf0MAAAAAAAAAAAAAAAAAAAAACES" +
  "IAMhCSAAIAJqIQgDQCAJ/QpDAQAhCiAA/V0DAP1fIAogC/2HAiELIAD9XQMI/V8gCiAM/YcCIQwgAP1dAxD9XyAKIA39hwIh" +
  "DSAA/V0DGP1fIAogDv2HAiEOIAX9XQMA/V8gCiAP/YcCIQ8gBf1dAwj9XyAKIBD9hwIhECAF/V0DEP1fIAogEf2HAiERIAX9" +
  "XQMY/V8gCiAS/YcCIRIgCf0KQwEIIQogAP1dAyD9XyAKIAv9hwIhCyAA/V0DKP1fIAogDP2HAiEMIAD9XQMw/V8gCiAN/YcC" +
  "IQ0gAP1dAzj9XyAKIA79hwIhDiAF/V0DIP1fIAogD/2HAiEPIAX9XQMo/V8gCiAQ/YcCIRAgBf1dAzD9XyAKIBH9hwIhESAF" +
  "/V0DOP1fIAogEv2HAiESIAn9CkMBECEKIAD9XQNA/V8gCiAL/YcCIQsgAP1dA0j9XyAKIAz9hwIhDCAA/V0DUP1fIAogDf2H" +
  "AiENIAD9XQNY/V8gCiAO/YcCIQ4gBf1dA0D9XyAKIA/9hwIhDyAF/V0DSP1fIAogEP2HAiEQIAX9XQNQ/V8gCiAR/YcCIREg" +
  "Bf1dA1j9XyAKIBL9hwIhEiAJ/QpDARghCiAA/V0DYP1fIAogC/2HAiELIAD9XQNo/V8gCiAM/YcCIQwgAP1dA3D9XyAKIA39" +
  "hwIhDSAA/V0DeP1fIAogDv2HAiEOIAX9XQNg/V8gCiAP/YcCIQ8gBf1dA2j9XyAKIBD9hwIhECAF/V0DcP1fIAogEf2HAiER" +
  "IAX9XQN4/V8gCiAS/YcCIRIgAEGAAWohACAFQYABaiEFIAlBIGohCSAAIAhJDQALIAQgC/0LRAEAIAQgDP0LRAEQIAQgDf0L" +
  "RAEgIAQgDv0LRAEwIAYgD/0LRAEAIAYgEP0LRAEQIAYgEf0LRAEgIAYgEv0LRAEwIARBwABqIQQgBkHAAGohBiAHQQFrIQcM" +
  "AAsLC+UEAgV/CXsgAUEBakEBdiEHIAEgB2shBiAAIAYgAmxqIQUgBCAGQQV0aiEGAkADQCAHRQ0B/QwAAAAAAAAAAAAAAAAA" +
  "AAAAIQv9DAAAAAAAAAAAAAAAAAAAAAAhDP0MAAAAAAAAAAAAAAAAAAAAACEN/QwAAAAAAAAAAAAAAAAAAAAAIQ79DAAAAAAA" +
  "AAAAAAAAAAAAAAAhD/0MAAAAAAAAAAAAAAAAAAAAACEQ/QwAAAAAAAAAAAAAAAAAAAAAIRH9DAAAAAAAAAAAAAAAAAAAAAAh" +
  "EiADIQkgACACaiEIA0AgCf0JQgEAIQogAP0ABAAgCiAL/YUCIQsgAP0ABBAgCiAM/YUCIQwgBf0ABAAgCiAP/YUCIQ8gBf0A" +
  "BBAgCiAQ/YUCIRAgCf0JQgEEIQogAP0ABCAgCiAN/YUCIQ0gAP0ABDAgCiAO/YUCIQ4gBf0ABCAgCiAR/YUCIREgBf0ABDAg" +
  "CiAS/YUCIRIgCf0JQgEIIQogAP0ABEAgCiAL/YUCIQsgAP0ABFAgCiAM/YUCIQwgBf0ABEAgCiAP/YUCIQ8gBf0ABFAgCiAQ" +
  "/YUCIRAgCf0JQgEMIQogAP0ABGAgCiAN/YUCIQ0gAP0ABHAgCiAO/YUCIQ4gBf0ABGAgCiAR/YUCIREgBf0ABHAgCiAS/YUC" +
  "IRIgAEGAAWohACAFQYABaiEFIAlBEGohCSAAIAhJDQALIAQgCyAN/eQB/QtEAQAgBCAMIA795AH9C0QBECAGIA8gEf3kAf0L" +
  "RAEAIAYgECAS/eQB/QtEARAgBEEgaiEEIAZBIGohBiAHQQFrIQcMAAsLC4sHAgN/DXsCQANAIAFFDQH9DAAAAAAAAAAAAAAA" +
  "AAAAAAAhD/0MAAAAAAAAAAAAAAAAAAAAACEQ/QwAAAAAAAAAAAAAAAAAAAAAIRH9DAAAAAAAAAAAAAAAAAAAAAAhEv0MAAAA" +
  "AAAAAAAAAAAAAAAAACET/QwAAAAAAAAAAAAAAAAAAAAAIRT9DAAAAAAAAAAAAAAAAAAAAAAhFf0MAAAAAAAAAAAAAAAAAAAA" +
  "ACEWIAMhCCADIARqIQkgACACaiEHA0AgAP1dAwD9XyELIAD9XQMI/V8hDCAA/V0DEP1fIQ0gAP1dAxj9XyEOIAj9CkMBACEK" +
  "IAsgCiAP/YcCIQ8gDCAKIBD9hwIhECANIAogEf2HAiERIA4gCiAS/YcCIRIgCf0KQwEAIQogCyAKIBP9hwIhEyAMIAogFP2H" +
  "AiEUIA0gCiAV/YcCIRUgDiAKIBb9hwIhFiAA/V0DIP1fIQsgAP1dAyj9XyEMIAD9XQMw/V8hDSAA/V0DOP1fIQ4gCP0KQwEI" +
  "IQogCyAKIA/9hwIhDyAMIAogEP2HAiEQIA0gCiAR/YcCIREgDiAKIBL9hwIhEiAJ/QpDAQghCiALIAogE/2HAiETIAwgCiAU" +
  "/YcCIRQgDSAKIBX9hwIhFSAOIAogFv2HAiEWIAD9XQNA/V8hCyAA/V0DSP1fIQwgAP1dA1D9XyENIAD9XQNY/V8hDiAI/QpD" +
  "ARAhCiALIAogD/2HAiEPIAwgCiAQ/YcCIRAgDSAKIBH9hwIhESAOIAogEv2HAiESIAn9CkMBECEKIAsgCiAT/YcCIRMgDCAK" +
  "IBT9hwIhFCANIAogFf2HAiEVIA4gCiAW/YcCIRYgAP1dA2D9XyELIAD9XQNo/V8hDCAA/V0DcP1fIQ0gAP1dA3j9XyEOIAj9" +
  "CkMBGCEKIAsgCiAP/YcCIQ8gDCAKIBD9hwIhECANIAogEf2HAiERIA4gCiAS/YcCIRIgCf0KQwEYIQogCyAKIBP9hwIhEyAM" +
  "IAogFP2HAiEUIA0gCiAV/YcCIRUgDiAKIBb9hwIhFiAAQYABaiEAIAhBIGohCCAJQSBqIQkgACAHSQ0ACyAFIA/9C0QBACAF" +
  "IBD9C0QBECAFIBH9C0QBICAFIBL9C0QBMCAFIAZqIQcgByAT/QtEAQAgByAU/QtEARAgByAV/QtEASAgByAW/QtEATAgBUHA" +
  "AGohBSABQQFrIQEMAAsLCw==";

/** Rows in a panel. */
export const PANEL = 8;

/** Exports of dot_products.wat: addresses and lengths are bytes. */
export interface DotKernels {
  /** Rows as they come in scratch memory -> panels. */
  pack(from: number, stride: number, panels: number, length: number, to: number): void;
  /** One query with rows. */
  one(rows: number, panels: number, length: number, query: number, out: number): void;
  /** The same, estimated: query and estimates are float32. */
  estimate(rows: number, panels: number, length: number, query: number, out: number): void;
  /** Two queries with rows. */
  two(
    rows: number,
    panels: number,
    length: number,
    query: number,
    step: number,
    out: number,
    stride: number,
  ): void;
}

let compiled: WebAssembly.Module | undefined;

/**
 * The kernels on two memories.
 *
 * @param rows shared memory of the rows
 * @param scratch memory of the queries and products, the thread's own
 */
export function dotKernels(rows: WebAssembly.Memory, scratch: WebAssembly.Memory): DotKernels {
  compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(MODULE));
  const instance = new WebAssembly.Instance(compiled, { memory: { rows, scratch } });
  return instance.exports as unknown as DotKernels;
}

/** D as it lies in memory: rows and queries are filled up with zeros. */
export function paddedLength(dim: number): number {
  return Math.ceil(dim / 4) * 4;
}

/**
 * Products of queries with panels of rows, two queries at a time.
 *
 * @param kernels on the memories
 * @param at addresses and sizes: the rows; the queries, Q of them; where the products go, `stride` numbers a query
 */
export function multiplyPanels(
  kernels: DotKernels,
  { rows, panels, dim, query, queries, out, stride }: {
    rows: number;
    panels: number;
    dim: number;
    query: number;
    queries: number;
    out: number;
    stride: number;
  },
): void {
  const columns = paddedLength(dim), length = columns * PANEL * 4, step = columns * 8;
  let q = 0;
  for (; q + 1 < queries; q += 2) {
    kernels.two(rows, panels, length, query + q * step, step, out + q * stride * 8, stride * 8);
  }
  if (q < queries) kernels.one(rows, panels, length, query + q * step, out + q * stride * 8);
}

/** Lengths whose product is so great that sums in float32 may overflow. */
const GREAT = 2 ** 120;

/**
 * How far an estimate of `estimate` can be from the product of `one` after that is rounded to float32: n roundings change
 * a sum by at most nu / (1 - nu) of the sum of its absolute terms, u = 2⁻²⁴, which is at most the product of the lengths
 * (Higham, Accuracy and Stability of Numerical Algorithms, §3.1); and a term below the smallest normal number by 2⁻¹⁴⁹.
 *
 * @param dim D: a product has fewer than D + 8 roundings, the last one included
 * @param lengths product of the Euclidean lengths of query and row
 * @returns a bound; Infinity where there is none
 */
export function estimateError(dim: number, lengths: number): number {
  const roundings = paddedLength(dim) + 8, relative = roundings * 2 ** -24;
  if (relative > 0.5 || !(lengths < GREAT)) return Infinity;
  return 1.01 * relative / (1 - relative) * lengths + roundings * 2 ** -149;
}
