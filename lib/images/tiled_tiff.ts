/**
 * Writes images of any size as tiled TIFF, tile by tile: never more than a tile is held in memory.
 *
 * @module
 */
import { promisify } from "node:util";
import { deflate as deflateWithCallback } from "node:zlib";
import type { Box } from "../covers/cover.ts";
import { createLocked, temporaryPath } from "../runtime/files.ts";
import { operationSignal } from "../runtime/interrupt.ts";

const deflate = promisify(deflateWithCallback);

/** Where an image lies on the earth: upright, its pixels of one size. */
export interface MapGrid {
  /** EPSG code of the coordinate reference system. */
  epsg: number;
  /** Coordinates of the top left corner of the image, in units of the system. */
  origin: [x: number, y: number];
  /** Width and height of a pixel, in units of the system. */
  pixel: [width: number, height: number];
}

/** What a TIFF holds. */
export interface TiffContent {
  /** Width in px. */
  width: number;
  /** Height in px. */
  height: number;
  /** Samples a pixel, at least 3: red, green, blue, then bands that are no colour, such as near infrared. */
  bands: number;
  /** Bits a sample. */
  bits: 8 | 16;
  /** Side of the TIFF's tiles in px, a multiple of 16; 256 unless told. */
  tile?: number;
  /** Where it lies on the earth, if anywhere. */
  map?: MapGrid;
}

/** Gives the samples of a box, row-major: (H, W, bands). */
export type RenderBox = (box: Box) => Promise<Uint8Array | Uint16Array>;

/** Types of a TIFF field, with the bytes of a value. */
const SHORT = { id: 3, bytes: 2 }, LONG = { id: 4, bytes: 4 }, DOUBLE = { id: 12, bytes: 8 };
const LONG8 = { id: 16, bytes: 8 };
const HEADER_BYTES = 16;

type Field = [tag: number, type: { id: number; bytes: number }, values: readonly number[]];

/** The GeoTIFF fields of an upright image, by OGC GeoTIFF 1.1. */
function mapFields({ epsg, origin, pixel }: MapGrid): Field[] {
  const isGeographic = epsg >= 4000 && epsg < 5000;
  const keys = [
    [1024, 0, 1, isGeographic ? 2 : 1], // GTModelType
    [1025, 0, 1, 1], // GTRasterType: a pixel is an area
    [isGeographic ? 2048 : 3072, 0, 1, epsg],
  ];
  return [
    [33550, DOUBLE, [...pixel, 0]], // ModelPixelScale
    [33922, DOUBLE, [0, 0, 0, ...origin, 0]], // ModelTiepoint
    [34735, SHORT, [1, 1, 0, keys.length, ...keys.flat()]], // GeoKeyDirectory
  ];
}

function fieldsOf(content: Required<Omit<TiffContent, "map">> & { map?: MapGrid }): Field[] {
  const { width, height, bands, bits, tile, map } = content;
  const extra = new Array<number>(bands - 3).fill(0); // 0: no alpha
  return [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, new Array<number>(bands).fill(bits)],
    [259, SHORT, [8]], // compression: deflate
    [262, SHORT, [2]], // photometric interpretation: RGB
    [277, SHORT, [bands]],
    [284, SHORT, [1]], // planar configuration: pixel by pixel
    [322, LONG, [tile]],
    [323, LONG, [tile]],
    ...(extra.length > 0 ? [[338, SHORT, extra] satisfies Field] : []),
    ...(map ? mapFields(map) : []),
  ];
}

/** The file's directory, at a place in it: entries of 20 bytes, then the values that do not fit into them. */
function directory(fields: Field[], at: number): Uint8Array {
  const sorted = fields.toSorted(([a], [b]) => a - b);
  const head = 8 + 20 * sorted.length + 8;
  const beside = sorted.map(([, { bytes }, { length }]) => length * bytes > 8 ? length * bytes : 0);
  const view = new DataView(new ArrayBuffer(head + beside.reduce((sum, n) => sum + n + n % 2, 0)));
  view.setBigUint64(0, BigInt(sorted.length), true);
  let next = head;
  sorted.forEach(([tag, { id, bytes }, values], i) => {
    const entry = 8 + 20 * i;
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, id, true);
    view.setBigUint64(entry + 4, BigInt(values.length), true);
    let place = entry + 12;
    if (beside[i] > 0) {
      view.setBigUint64(place, BigInt(at + next), true);
      place = next;
      next += beside[i] + beside[i] % 2;
    }
    values.forEach((value, n) => setValue(view, place + n * bytes, id, value));
  });
  return new Uint8Array(view.buffer);
}

function setValue(view: DataView, at: number, type: number, value: number): void {
  if (type === SHORT.id) view.setUint16(at, value, true);
  else if (type === LONG.id) view.setUint32(at, value, true);
  else if (type === DOUBLE.id) view.setFloat64(at, value, true);
  else view.setBigUint64(at, BigInt(value), true);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

/** The samples of a tile that may stand out of the image, zero where it does; little-endian bytes. */
async function tileBytes(
  { width, height, bands, bits, tile }: Required<Omit<TiffContent, "map">>,
  left: number,
  top: number,
  render: RenderBox,
): Promise<Uint8Array> {
  const box = {
    left,
    top,
    width: Math.min(tile, width - left),
    height: Math.min(tile, height - top),
  };
  const samples = await render(box);
  const wanted = box.width * box.height * bands, Samples = bits === 8 ? Uint8Array : Uint16Array;
  if (samples.length !== wanted || !(samples instanceof Samples)) {
    throw new RangeError(
      `Cannot write TIFF: ${box.width}x${box.height} px need ${wanted} samples of ${bits} bits, got ` +
        `${samples.length} of ${8 * samples.BYTES_PER_ELEMENT}`,
    );
  }
  const whole = new Samples(tile * tile * bands), row = box.width * bands;
  for (let y = 0; y < box.height; y++) {
    whole.set(samples.subarray(y * row, (y + 1) * row), y * tile * bands);
  }
  return new Uint8Array(whole.buffer);
}

/**
 * Writes a tiled BigTIFF (deflate), as GeoTIFF where it lies on the earth. The file appears when it is whole.
 *
 * @param path the file; what is there is replaced
 * @param content size, samples and place
 * @param render gives the samples of a box, called tile by tile, row-major
 * @throws {RangeError} when the content is no such image, or a box gets other samples than it has
 * @throws the interrupt's reason
 */
export async function writeTiledTiff(
  path: string,
  content: TiffContent,
  render: RenderBox,
): Promise<void> {
  const full = { tile: 256, ...content }, { width, height, bands, bits, tile } = full;
  const whole = [width, height, bands - 2, tile].every((n) => Number.isSafeInteger(n) && n > 0);
  if (!whole || tile % 16 !== 0 || (bits !== 8 && bits !== 16)) {
    throw new RangeError(
      `Cannot write TIFF ${path}: it needs a size, 3 bands or more of 8 or 16 bits and tiles of a multiple of 16 px, ` +
        `got ${width}x${height} px, ${bands} bands of ${bits} bits, tiles of ${tile} px`,
    );
  }
  const signal = operationSignal();
  const temporary = temporaryPath(path);
  try {
    using file = await createLocked(temporary);
    await writeAll(file, new Uint8Array(HEADER_BYTES));
    const offsets: number[] = [], counts: number[] = [];
    let at = HEADER_BYTES;
    for (let top = 0; top < height; top += tile) {
      for (let left = 0; left < width; left += tile) {
        signal.throwIfAborted();
        const bytes = await deflate(await tileBytes(full, left, top, render), { level: 1 });
        await writeAll(file, bytes);
        offsets.push(at);
        counts.push(bytes.length);
        at += bytes.length;
      }
    }
    const fields: Field[] = [...fieldsOf(full), [324, LONG8, offsets], [325, LONG8, counts]];
    await writeAll(file, new Uint8Array(at % 2)); // directories begin at even places
    at += at % 2;
    await writeAll(file, directory(fields, at));
    await file.seek(0, Deno.SeekMode.Start);
    await writeAll(file, header(at));
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** The header of a little-endian BigTIFF whose directory stands at a place. */
function header(directoryAt: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  view.setUint16(0, 0x4949, true);
  view.setUint16(2, 43, true);
  view.setUint16(4, 8, true); // bytes of an offset
  view.setBigUint64(8, BigInt(directoryAt), true);
  return new Uint8Array(view.buffer);
}
