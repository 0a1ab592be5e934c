/**
 * Errors on their way from one thread to another, where they would lose their class and what it adds.
 *
 * @module
 */
import { ImageError } from "../images/image_error.ts";

/** An error as plain data. */
export interface PackedError {
  kind: "image" | "range" | "other";
  message: string;
  /** Of an {@linkcode ImageError}. */
  source?: string;
  reason?: string;
  /** The error behind it. */
  cause?: PackedError;
}

/** Makes plain data of what was thrown. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { kind: "other", message: String(error) };
  const { message } = error;
  const cause = error.cause === undefined ? {} : { cause: packError(error.cause) };
  if (error instanceof ImageError) {
    const { source, reason } = error;
    return { kind: "image", message, source, reason, ...cause };
  }
  return { kind: error instanceof RangeError ? "range" : "other", message, ...cause };
}

/** Makes an error of the same class and message again. */
export function unpackError({ kind, message, source, reason = "", cause }: PackedError): Error {
  const options = cause && { cause: unpackError(cause) };
  if (kind === "range") return new RangeError(message, options);
  if (kind === "other") return new Error(message, options);
  const error = new ImageError(source, reason, undefined, options);
  error.message = message; // with its detail
  return error;
}
