/**
 * The WebAssembly of dot products: dot_products.wat, which says how it is assembled, as bytes.
 *
 * @module
 */

const MODULE =
  "AGFzbQEAAAABEwJgBX9/f39/AGAHf39/f39/fwACJQIGbWVtb3J5BHJvd3MCAwGAgAQGbWVtb3J5B3NjcmF0Y2gCAAEDBAMA" +
  "AAEHFAMEcGFjawAAA29uZQABA3R3bwACCu8WA4kDAgd/CHsCQANAIAJFDQFBACEFA0AgACEGIAYgAWohByAHIAFqIQggCCAB" +
  "aiEJIAQgBWohCiAKIANqIQsDQCAG/QBEAQAhDCAH/QBEAQAhDSAI/QBEAQAhDiAJ/QBEAQAhDyAMIA39DQABAgMQERITBAUG" +
  "BxQVFhchECAMIA39DQgJCgsYGRobDA0ODxwdHh8hESAOIA/9DQABAgMQERITBAUGBxQVFhchEiAOIA/9DQgJCgsYGRobDA0O" +
  "DxwdHh8hEyAKIBAgEv0NAAECAwQFBgcQERITFBUWF/0LBAAgCiAQIBL9DQgJCgsMDQ4PGBkaGxwdHh/9CwQgIAogESAT/Q0A" +
  "AQIDBAUGBxAREhMUFRYX/QsEQCAKIBEgE/0NCAkKCwwNDg8YGRobHB0eH/0LBGAgBkEQaiEGIAdBEGohByAIQRBqIQggCUEQ" +
  "aiEJIApBgAFqIQogCiALSQ0ACyAAIAFBAnRqIQAgBUEQaiEFIAVBEEYNAAsgBCADaiEEIAJBAWshAgwACwsL1AwCBX8NeyAB" +
  "QQF2IQcgACAHIAJsaiEFIAQgB0EGdGohBiABQQFxIQECQANAIAdFDQH9DAAAAAAAAAAAAAAAAAAAAAAhD/0MAAAAAAAAAAAA" +
  "AAAAAAAAACEQ/QwAAAAAAAAAAAAAAAAAAAAAIRH9DAAAAAAAAAAAAAAAAAAAAAAhEv0MAAAAAAAAAAAAAAAAAAAAACET/QwA" +
  "AAAAAAAAAAAAAAAAAAAAIRT9DAAAAAAAAAAAAAAAAAAAAAAhFf0MAAAAAAAAAAAAAAAAAAAAACEWIAMhCSAAIAJqIQgDQCAJ" +
  "/QpDAQAhCiAA/V0DAP1fIQsgAP1dAwj9XyEMIAD9XQMQ/V8hDSAA/V0DGP1fIQ4gCyAKIA/9hwIhDyAMIAogEP2HAiEQIA0g" +
  "CiAR/YcCIREgDiAKIBL9hwIhEiAF/V0DAP1fIQsgBf1dAwj9XyEMIAX9XQMQ/V8hDSAF/V0DGP1fIQ4gCyAKIBP9hwIhEyAM" +
  "IAogFP2HAiEUIA0gCiAV/YcCIRUgDiAKIBb9hwIhFiAJ/QpDAQghCiAA/V0DIP1fIQsgAP1dAyj9XyEMIAD9XQMw/V8hDSAA" +
  "/V0DOP1fIQ4gCyAKIA/9hwIhDyAMIAogEP2HAiEQIA0gCiAR/YcCIREgDiAKIBL9hwIhEiAF/V0DIP1fIQsgBf1dAyj9XyEM" +
  "IAX9XQMw/V8hDSAF/V0DOP1fIQ4gCyAKIBP9hwIhEyAMIAogFP2HAiEUIA0gCiAV/YcCIRUgDiAKIBb9hwIhFiAJ/QpDARAh" +
  "CiAA/V0DQP1fIQsgAP1dA0j9XyEMIAD9XQNQ/V8hDSAA/V0DWP1fIQ4gCyAKIA/9hwIhDyAMIAogEP2HAiEQIA0gCiAR/YcC" +
  "IREgDiAKIBL9hwIhEiAF/V0DQP1fIQsgBf1dA0j9XyEMIAX9XQNQ/V8hDSAF/V0DWP1fIQ4gCyAKIBP9hwIhEyAMIAogFP2H" +
  "AiEUIA0gCiAV/YcCIRUgDiAKIBb9hwIhFiAJ/QpDARghCiAA/V0DYP1fIQsgAP1dA2j9XyEMIAD9XQNw/V8hDSAA/V0DeP1f" +
  "IQ4gCyAKIA/9hwIhDyAMIAogEP2HAiEQIA0gCiAR/YcCIREgDiAKIBL9hwIhEiAF/V0DYP1fIQsgBf1dA2j9XyEMIAX9XQNw" +
  "/V8hDSAF/V0DeP1fIQ4gCyAKIBP9hwIhEyAMIAogFP2HAiEUIA0gCiAV/YcCIRUgDiAKIBb9hwIhFiAAQYABaiEAIAVBgAFq" +
  "IQUgCUEgaiEJIAAgCEkNAAsgBCAP/QtEAQAgBCAQ/QtEARAgBCAR/QtEASAgBCAS/QtEATAgBiAT/QtEAQAgBiAU/QtEARAg" +
  "BiAV/QtEASAgBiAW/QtEATAgBEHAAGohBCAGQcAAaiEGIAdBAWshBwwACwsgBSEAIAYhBAJAA0AgAUUNAf0MAAAAAAAAAAAA" +
  "AAAAAAAAACEP/QwAAAAAAAAAAAAAAAAAAAAAIRD9DAAAAAAAAAAAAAAAAAAAAAAhEf0MAAAAAAAAAAAAAAAAAAAAACESIAMh" +
  "CSAAIAJqIQgDQCAA/V0DAP1fIQsgAP1dAwj9XyEMIAD9XQMQ/V8hDSAA/V0DGP1fIQ4gCf0KQwEAIQogCyAKIA/9hwIhDyAM" +
  "IAogEP2HAiEQIA0gCiAR/YcCIREgDiAKIBL9hwIhEiAA/V0DIP1fIQsgAP1dAyj9XyEMIAD9XQMw/V8hDSAA/V0DOP1fIQ4g" +
  "Cf0KQwEIIQogCyAKIA/9hwIhDyAMIAogEP2HAiEQIA0gCiAR/YcCIREgDiAKIBL9hwIhEiAA/V0DQP1fIQsgAP1dA0j9XyEM" +
  "IAD9XQNQ/V8hDSAA/V0DWP1fIQ4gCf0KQwEQIQogCyAKIA/9hwIhDyAMIAogEP2HAiEQIA0gCiAR/YcCIREgDiAKIBL9hwIh" +
  "EiAA/V0DYP1fIQsgAP1dA2j9XyEMIAD9XQNw/V8hDSAA/V0DeP1fIQ4gCf0KQwEYIQogCyAKIA/9hwIhDyAMIAogEP2HAiEQ" +
  "IA0gCiAR/YcCIREgDiAKIBL9hwIhEiAAQYABaiEAIAlBIGohCSAAIAhJDQALIAQgD/0LRAEAIAQgEP0LRAEQIAQgEf0LRAEg" +
  "IAQgEv0LRAEwIARBwABqIQQgAUEBayEBDAALCwuLBwIDfw17AkADQCABRQ0B/QwAAAAAAAAAAAAAAAAAAAAAIQ/9DAAAAAAA" +
  "AAAAAAAAAAAAAAAhEP0MAAAAAAAAAAAAAAAAAAAAACER/QwAAAAAAAAAAAAAAAAAAAAAIRL9DAAAAAAAAAAAAAAAAAAAAAAh" +
  "E/0MAAAAAAAAAAAAAAAAAAAAACEU/QwAAAAAAAAAAAAAAAAAAAAAIRX9DAAAAAAAAAAAAAAAAAAAAAAhFiADIQggAyAEaiEJ" +
  "IAAgAmohBwNAIAD9XQMA/V8hCyAA/V0DCP1fIQwgAP1dAxD9XyENIAD9XQMY/V8hDiAI/QpDAQAhCiALIAogD/2HAiEPIAwg" +
  "CiAQ/YcCIRAgDSAKIBH9hwIhESAOIAogEv2HAiESIAn9CkMBACEKIAsgCiAT/YcCIRMgDCAKIBT9hwIhFCANIAogFf2HAiEV" +
  "IA4gCiAW/YcCIRYgAP1dAyD9XyELIAD9XQMo/V8hDCAA/V0DMP1fIQ0gAP1dAzj9XyEOIAj9CkMBCCEKIAsgCiAP/YcCIQ8g" +
  "DCAKIBD9hwIhECANIAogEf2HAiERIA4gCiAS/YcCIRIgCf0KQwEIIQogCyAKIBP9hwIhEyAMIAogFP2HAiEUIA0gCiAV/YcC" +
  "IRUgDiAKIBb9hwIhFiAA/V0DQP1fIQsgAP1dA0j9XyEMIAD9XQNQ/V8hDSAA/V0DWP1fIQ4gCP0KQwEQIQogCyAKIA/9hwIh" +
  "DyAMIAogEP2HAiEQIA0gCiAR/YcCIREgDiAKIBL9hwIhEiAJ/QpDARAhCiALIAogE/2HAiETIAwgCiAU/YcCIRQgDSAKIBX9" +
  "hwIhFSAOIAogFv2HAiEWIAD9XQNg/V8hCyAA/V0DaP1fIQwgAP1dA3D9XyENIAD9XQN4/V8hDiAI/QpDARghCiALIAogD/2H" +
  "AiEPIAwgCiAQ/YcCIRAgDSAKIBH9hwIhESAOIAogEv2HAiESIAn9CkMBGCEKIAsgCiAT/YcCIRMgDCAKIBT9hwIhFCANIAog" +
  "Ff2HAiEVIA4gCiAW/YcCIRYgAEGAAWohACAIQSBqIQggCUEgaiEJIAAgB0kNAAsgBSAP/QtEAQAgBSAQ/QtEARAgBSAR/QtE" +
  "ASAgBSAS/QtEATAgBSAGaiEHIAcgE/0LRAEAIAcgFP0LRAEQIAcgFf0LRAEgIAcgFv0LRAEwIAVBwABqIQUgAUEBayEBDAAL" +
  "Cws=";

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
