/**
 * Pixels out of an opened decoder.
 *
 * @module
 */
import type { Metadata, Sharp } from "sharp";
import { type BandPlan, isGreyFirst } from "./bands.ts";
import { type RgbImage, samplesToRgb } from "./samples.ts";
import { toRaw } from "./sharp.ts";
import type { TiffHeader } from "./tiff.ts";

/** Waits for a decoder no longer than until an abort: it goes on in the background, and its outcome is dropped. */
export async function orAbort<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    work.catch(() => {}); // a failure after the abort is nobody's
    signal.removeEventListener("abort", stop);
  }
}

/** Decodes what sharp brings to RGB by itself: grey, RGB and palettes, with or without transparency. */
export async function decodePlain(opened: Sharp, signal?: AbortSignal): Promise<RgbImage> {
  const pipeline = opened.flatten({ background: "#ffffff" }).toColourspace("srgb");
  const { width, height, channels, data } = await orAbort(toRaw(pipeline), signal);
  if (channels === 3) return { width, height, data };
  if (channels !== 1) throw new Error(`${channels} channels`);
  const rgb = new Uint8Array(data.length * 3);
  for (let i = 0, to = 0; i < data.length; i++) rgb[to++] = rgb[to++] = rgb[to++] = data[i];
  return { width, height, data: rgb };
}

/** Decodes all bands and makes RGB of those that are planned. */
export async function decodeBands(
  opened: Sharp,
  plan: BandPlan,
  { metadata, tiff, stretched, signal }: {
    metadata: Metadata;
    tiff?: TiffHeader;
    stretched: boolean;
    signal?: AbortSignal;
  },
): Promise<RgbImage> {
  const deep = metadata.depth === "ushort", samples = metadata.channels;
  const space = plan.kind === "cmyk" ? "cmyk" : deep ? "rgb16" : "srgb";
  if (plan.kind === "cmyk") opened.pipelineColourspace("cmyk");
  const raw = await orAbort(toRaw(opened.toColourspace(space), deep ? "ushort" : "uchar"), signal);
  const { width, height, channels } = raw;
  // Grey becomes red, green and blue, with the other bands behind them.
  const more = isGreyFirst(metadata) ? 2 : 0;
  if (channels !== samples + more) throw new Error(`${channels} channels instead of ${samples}`);
  const place = (band: number) => band === 0 ? 0 : band + more;
  const placed = {
    ...plan,
    colour: plan.colour.map(place),
    alpha: plan.alpha === undefined ? undefined : place(plan.alpha),
  };
  const aligned = raw.data.byteOffset % 2 === 0 ? raw.data : raw.data.slice();
  const data = deep
    ? new Uint16Array(aligned.buffer, aligned.byteOffset, width * height * channels)
    : raw.data;
  const { noData } = tiff ?? {};
  const options = { stretch: stretched, noData, signal };
  return {
    width,
    height,
    data: await samplesToRgb({ width, height, channels, data }, placed, options),
  };
}
