/**
 * Bringing an encoder of the model hub onto this machine.
 *
 * @module
 */
import type { LoadEncoderOptions } from "./encoder.ts";
import { locateEncoder } from "./locate.ts";

/**
 * Downloads the files of a hub model that `loadEncoder` needs, where they are not there yet; everything else works
 * offline. A line says licence and size first. A download that is broken off, or stopped, is gone on with by the next
 * call; each file is checked by size and checksum before it gets its name. `HF_ENDPOINT` names another hub, `HF_TOKEN`
 * the token for models that are private or gated.
 *
 * @param id `owner/name`, such as `"Xenova/clip-vit-base-patch32"`
 * @param options precision, and where to put it
 * @returns the folder of the files
 * @throws {Error} when the hub does not have the files, refuses or cannot be reached, or what it sends is damaged
 */
export function addEncoder(
  id: string,
  options: Pick<LoadEncoderOptions, "dtype" | "modelsDir" | "signal" | "output"> = {},
): Promise<string> {
  return locateEncoder(id, { ...options, remote: true });
}
