/**
 * A folder of troublesome files, made at run time: what a long run over other people's files will
 * meet. Each comes with what is to be expected of it. For tests only.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { sharp } from "../sharp.ts";

/** One troublesome file. */
export interface HostileFile {
  /** Name in the folder. */
  name: string;
  /** Full path. */
  path: string;
  /** The size in px as which it decodes; missing when it must be refused. */
  size?: [width: number, height: number];
  /** The `reason` for which it must be refused; missing when it decodes. */
  reason?: string;
}

/** Width and height in px of the picture that the decodable files show. */
export const SCENE_SIZE: [number, number] = [64, 48];

/**
 * The picture that the decodable files show: a left half in orange, a right half in blue, a white
 * corner at the top left, so that a wrong orientation or a wrong colour shows.
 *
 * @returns raw RGB as a sharp pipeline
 */
export function scene(): ReturnType<typeof sharp> {
  const [width, height] = SCENE_SIZE;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const x = i % width, y = Math.floor(i / width);
    const colour = x < 16 && y < 12
      ? [255, 255, 255]
      : x < width / 2
      ? [230, 120, 20]
      : [20, 60, 200];
    data.set(colour, i * 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/**
 * Fills a folder with troublesome files.
 *
 * @param directory an existing, empty folder
 * @returns every file with what is to be expected of it
 */
export async function makeHostileFolder(directory: string): Promise<HostileFile[]> {
  const files: HostileFile[] = [];
  const add = async (
    name: string,
    expected: Partial<HostileFile>,
    content?: Uint8Array | string,
  ) => {
    const path = `${directory}/${name}`;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    if (bytes) await Deno.writeFile(path, bytes);
    files.push({ name, path, ...expected });
  };
  for (const [name, bytes] of Object.entries(await decodableFiles())) {
    await add(name, { size: SCENE_SIZE }, bytes);
  }
  const turned = await scene().jpeg().withMetadata({ orientation: 6 }).toBuffer();
  await add("orientation 6.jpg", { size: [SCENE_SIZE[1], SCENE_SIZE[0]] }, turned);
  const dot = sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } });
  await add("one pixel.png", { size: [1, 1] }, await dot.png().toBuffer());

  for (const [name, [reason, content]] of Object.entries(await refusedFiles())) {
    await add(name, { reason }, content);
  }
  await Deno.symlink(`${directory}/nowhere`, `${directory}/dangling.jpg`);
  await add("dangling.jpg", { reason: "unreadable file" });
  await Deno.mkdir(`${directory}/a.jpg`);
  await add("a.jpg", { reason: "is a directory" });
  if (Deno.uid() !== 0) { // root reads every file, whatever its mode
    await add("no permission.jpg", { reason: "unreadable file" }, await scene().jpeg().toBuffer());
    await Deno.chmod(`${directory}/no permission.jpg`, 0);
  }
  return files;
}

async function decodableFiles(): Promise<Record<string, Uint8Array>> {
  const jpeg = await scene().jpeg().toBuffer(), png = await scene().png().toBuffer();
  const frames = [png, await scene().negate().png().toBuffer()];
  const animated = () => sharp(frames, { join: { animated: true } });
  return {
    "plain.jpg": jpeg,
    "with spaces, ümläut and 写真.jpg": jpeg,
    "png named.jpg": png,
    "cmyk.jpg": await scene().toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer(),
    "grey.jpg": await scene().toColourspace("b-w").jpeg().toBuffer(),
    "progressive.jpg": await scene().jpeg({ progressive: true }).toBuffer(),
    "16 bit.png": await scene().toColourspace("rgb16").png().toBuffer(),
    "16 bit grey.png": await scene().toColourspace("grey16").png().toBuffer(),
    "palette.png": await scene().png({ palette: true, colours: 4 }).toBuffer(),
    "interlaced.png": await scene().png({ progressive: true }).toBuffer(),
    "alpha.png": await scene().ensureAlpha(0.5).png().toBuffer(),
    "grey alpha.png": await scene().toColourspace("b-w").ensureAlpha(0.5).png().toBuffer(),
    "animated.webp": await animated().webp({ lossless: true }).toBuffer(),
    "animated.gif": await animated().gif().toBuffer(),
    "deep.tif": await scene().toColourspace("rgb16").tiff({ compression: "deflate" }).toBuffer(),
    "small.avif": await scene().avif({ quality: 90 }).toBuffer(),
  };
}

async function refusedFiles(): Promise<Record<string, [reason: string, Uint8Array | string]>> {
  // Noise, so that half of the file is half of the picture.
  const noise = sharp({
    create: {
      width: 200,
      height: 150,
      channels: 3,
      background: "grey",
      noise: { type: "gaussian", mean: 128, sigma: 60 },
    },
  });
  const half = async (file: Promise<Uint8Array>) => (await file).slice(0, (await file).length / 2);
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>';
  const damaged = "truncated or corrupt";
  return {
    "truncated.jpg": [damaged, await half(noise.clone().jpeg().toBuffer())],
    "truncated.png": [damaged, await half(noise.clone().png().toBuffer())],
    "truncated.webp": [damaged, await half(noise.clone().webp().toBuffer())],
    "only the head.jpg": [damaged, (await noise.clone().jpeg().toBuffer()).slice(0, 24)],
    "zero bytes.jpg": ["empty file", ""],
    "text.jpg": ["not an image", "This is a letter, not a photograph.\n"],
    "page.png": ["not an image", "<!DOCTYPE html><html><body>404 Not Found</body></html>"],
    "drawing.jpg": ["format svg is not allowed", `<?xml version="1.0"?>\n${svg}`],
    "paper.jpg": ["format pdf is not allowed", "%PDF-1.4\n%%EOF\n"],
    "bomb.png": ["too many pixels", await bombPng(40_000)],
  };
}

/**
 * A valid PNG (1 bit, black) of about a megabyte that unpacks to `side` x `side` px.
 *
 * @param side width and height in px
 * @returns the bytes of the file
 */
export async function bombPng(side: number): Promise<Uint8Array> {
  const row = new Uint8Array(1 + Math.ceil(side / 8)); // filter byte, then a bit a pixel
  let rows = side;
  const zeros = new ReadableStream<BufferSource>({
    pull: (controller) => rows-- > 0 ? controller.enqueue(row) : controller.close(),
  });
  const packed = await new Response(zeros.pipeThrough(new CompressionStream("deflate"))).bytes();
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, side);
  new DataView(header.buffer).setUint32(4, side);
  header[8] = 1; // bits a sample; grey, deflate, no filter method, not interlaced
  const signature = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [signature, chunk("IHDR", header), chunk("IDAT", packed), chunk("IEND")];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * The head of a PNG of 16 bits a channel, RGB, without its pixels.
 *
 * @param width in px
 * @param height in px
 * @param interlaced whether its pixels would be interlaced
 */
export async function deepPngHead(
  width: number,
  height: number,
  interlaced: boolean,
): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([16, 2, 0, 0, interlaced ? 1 : 0], 8);
  const signature = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [signature, chunk("IHDR", header), chunk("IDAT"), chunk("IEND")];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function chunk(type: string, content: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}
