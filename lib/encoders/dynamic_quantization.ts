/**
 * Finds ONNX models that quantise as they run, whose results depend on what is run together.
 *
 * @module
 */

/** In the names of onnxruntime's operators that find the range of a whole tensor as the model runs. */
const MARK = new TextEncoder().encode("DynamicQuantize");
const CHUNK = 2 ** 22;

/**
 * Whether a model quantises its activations by the range they have in one run, so that images run together
 * would feel each other. Models of onnxruntime's `quantize_dynamic`, as the hub has them, do;
 * tools/encoders/export_encoder.py writes int8 models with a range a token, which do not.
 *
 * @param path an ONNX file; its operators' names are looked for in its bytes
 */
export async function quantizesByRun(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const buffer = new Uint8Array(CHUNK);
  let kept = 0; // bytes of the chunk before: the mark may lie across the border
  for (;;) {
    const read = await file.read(buffer.subarray(kept));
    if (read === null) return false;
    const bytes = buffer.subarray(0, kept + read);
    if (includes(bytes, MARK)) return true;
    kept = Math.min(MARK.length - 1, bytes.length);
    buffer.copyWithin(0, bytes.length - kept, bytes.length);
  }
}

function includes(bytes: Uint8Array, wanted: Uint8Array): boolean {
  for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}
