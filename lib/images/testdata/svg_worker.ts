// Draws and decodes in a thread of its own, and tells what failed.
import { encodePng } from "../encode.ts";
import { decodeImage } from "../decode.ts";
import { decodeRgba } from "../rgba.ts";

const drawing = new TextEncoder().encode(
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
);
const photo = await encodePng({ width: 9, height: 9, data: new Uint8Array(243) });
const failures: string[] = [];
for (let i = 0; i < 100; i++) {
  try {
    await decodeRgba(drawing, { width: 8 });
    await decodeImage(photo);
  } catch (error) {
    failures.push((error as Error).message);
  }
}
postMessage(failures);
