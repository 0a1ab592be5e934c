/**
 * The WebAssembly of dot products: dot_products.wat, which says how it is assembled, as bytes.
 *
 * @module
 */

const MODULE =
  "AGFzbQEAAAABEwJgBX9/f39/AGAHf39/f39/fwACJQIGbWVtb3J5BHJvd3MCAwGAgAQGbWVtb3J5B3NjcmF0Y2gCAAED" +
  "BAMAAAEHFAMEcGFjawAAA29uZQABA3R3bwACCskOA4kDAgd/CHsCQANAIAJFDQFBACEFA0AgACEGIAYgAWohByAHIAFq" +
  "IQggCCABaiEJIAQgBWohCiAKIANqIQsDQCAG/QBEAQAhDCAH/QBEAQAhDSAI/QBEAQAhDiAJ/QBEAQAhDyAMIA39DQAB" +
  "AgMQERITBAUGBxQVFhchECAMIA39DQgJCgsYGRobDA0ODxwdHh8hESAOIA/9DQABAgMQERITBAUGBxQVFhchEiAOIA/9" +
  "DQgJCgsYGRobDA0ODxwdHh8hEyAKIBAgEv0NAAECAwQFBgcQERITFBUWF/0LBAAgCiAQIBL9DQgJCgsMDQ4PGBkaGxwd" +
  "Hh/9CwQgIAogESAT/Q0AAQIDBAUGBxAREhMUFRYX/QsEQCAKIBEgE/0NCAkKCwwNDg8YGRobHB0eH/0LBGAgBkEQaiEG" +
  "IAdBEGohByAIQRBqIQggCUEQaiEJIApBgAFqIQogCiALSQ0ACyAAIAFBAnRqIQAgBUEQaiEFIAVBEEYNAAsgBCADaiEE" +
  "IAJBAWshAgwACwsLrgQCAn8JewJAA0AgAUUNAf0MAAAAAAAAAAAAAAAAAAAAACEM/QwAAAAAAAAAAAAAAAAAAAAAIQ39" +
  "DAAAAAAAAAAAAAAAAAAAAAAhDv0MAAAAAAAAAAAAAAAAAAAAACEPIAMhBiAAIAJqIQUDQCAA/V0DAP1fIQggAP1dAwj9" +
  "XyEJIAD9XQMQ/V8hCiAA/V0DGP1fIQsgBv0KQwEAIQcgCCAHIAz9hwIhDCAJIAcgDf2HAiENIAogByAO/YcCIQ4gCyAH" +
  "IA/9hwIhDyAA/V0DIP1fIQggAP1dAyj9XyEJIAD9XQMw/V8hCiAA/V0DOP1fIQsgBv0KQwEIIQcgCCAHIAz9hwIhDCAJ" +
  "IAcgDf2HAiENIAogByAO/YcCIQ4gCyAHIA/9hwIhDyAA/V0DQP1fIQggAP1dA0j9XyEJIAD9XQNQ/V8hCiAA/V0DWP1f" +
  "IQsgBv0KQwEQIQcgCCAHIAz9hwIhDCAJIAcgDf2HAiENIAogByAO/YcCIQ4gCyAHIA/9hwIhDyAA/V0DYP1fIQggAP1d" +
  "A2j9XyEJIAD9XQNw/V8hCiAA/V0DeP1fIQsgBv0KQwEYIQcgCCAHIAz9hwIhDCAJIAcgDf2HAiENIAogByAO/YcCIQ4g" +
  "CyAHIA/9hwIhDyAAQYABaiEAIAZBIGohBiAAIAVJDQALIAQgDP0LRAEAIAQgDf0LRAEQIAQgDv0LRAEgIAQgD/0LRAEw" +
  "IARBwABqIQQgAUEBayEBDAALCwuLBwIDfw17AkADQCABRQ0B/QwAAAAAAAAAAAAAAAAAAAAAIQ/9DAAAAAAAAAAAAAAA" +
  "AAAAAAAhEP0MAAAAAAAAAAAAAAAAAAAAACER/QwAAAAAAAAAAAAAAAAAAAAAIRL9DAAAAAAAAAAAAAAAAAAAAAAhE/0M" +
  "AAAAAAAAAAAAAAAAAAAAACEU/QwAAAAAAAAAAAAAAAAAAAAAIRX9DAAAAAAAAAAAAAAAAAAAAAAhFiADIQggAyAEaiEJ" +
  "IAAgAmohBwNAIAD9XQMA/V8hCyAA/V0DCP1fIQwgAP1dAxD9XyENIAD9XQMY/V8hDiAI/QpDAQAhCiALIAogD/2HAiEP" +
  "IAwgCiAQ/YcCIRAgDSAKIBH9hwIhESAOIAogEv2HAiESIAn9CkMBACEKIAsgCiAT/YcCIRMgDCAKIBT9hwIhFCANIAog" +
  "Ff2HAiEVIA4gCiAW/YcCIRYgAP1dAyD9XyELIAD9XQMo/V8hDCAA/V0DMP1fIQ0gAP1dAzj9XyEOIAj9CkMBCCEKIAsg" +
  "CiAP/YcCIQ8gDCAKIBD9hwIhECANIAogEf2HAiERIA4gCiAS/YcCIRIgCf0KQwEIIQogCyAKIBP9hwIhEyAMIAogFP2H" +
  "AiEUIA0gCiAV/YcCIRUgDiAKIBb9hwIhFiAA/V0DQP1fIQsgAP1dA0j9XyEMIAD9XQNQ/V8hDSAA/V0DWP1fIQ4gCP0K" +
  "QwEQIQogCyAKIA/9hwIhDyAMIAogEP2HAiEQIA0gCiAR/YcCIREgDiAKIBL9hwIhEiAJ/QpDARAhCiALIAogE/2HAiET" +
  "IAwgCiAU/YcCIRQgDSAKIBX9hwIhFSAOIAogFv2HAiEWIAD9XQNg/V8hCyAA/V0DaP1fIQwgAP1dA3D9XyENIAD9XQN4" +
  "/V8hDiAI/QpDARghCiALIAogD/2HAiEPIAwgCiAQ/YcCIRAgDSAKIBH9hwIhESAOIAogEv2HAiESIAn9CkMBGCEKIAsg" +
  "CiAT/YcCIRMgDCAKIBT9hwIhFCANIAogFf2HAiEVIA4gCiAW/YcCIRYgAEGAAWohACAIQSBqIQggCUEgaiEJIAAgB0kN" +
  "AAsgBSAP/QtEAQAgBSAQ/QtEARAgBSAR/QtEASAgBSAS/QtEATAgBSAGaiEHIAcgE/0LRAEAIAcgFP0LRAEQIAcgFf0L" +
  "RAEgIAcgFv0LRAEwIAVBwABqIQUgAUEBayEBDAALCws=";

/** Rows in a panel. */
export const PANEL = 8;

/** Exports of dot_products.wat: addresses and lengths are bytes. */
export interface DotKernels {
  /** Rows as they come in scratch memory -> panels. */
  pack(from: number, stride: number, panels: number, length: number, to: number): void;
  /** One query with rows. */
  one(rows: number, panels: number, length: number, query: number, out: number): void;
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
