/**
 * Why there is no image to be had.
 *
 * @module
 */

/** Why an image could not be decoded. */
export class ImageError extends Error {
  /** The name by which it is told from other errors. */
  override name = "ImageError";

  /**
   * Makes the error; its message is `Cannot decode image "path": reason (detail)`.
   *
   * @param source what was to be decoded: the path, or `undefined` for bytes
   * @param reason short, stable text to count and group by, such as `truncated or corrupt`
   * @param detail what else is known, for people
   * @param options the error behind it, as `cause`
   */
  constructor(
    readonly source: string | undefined,
    readonly reason: string,
    detail?: string,
    options?: ErrorOptions,
  ) {
    const what = source === undefined ? "image from bytes" : `image "${source}"`;
    super(`Cannot decode ${what}: ${reason}${detail ? ` (${detail})` : ""}`, options);
  }
}
