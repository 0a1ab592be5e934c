import assert from "node:assert/strict";
import { decodeImage, ImageError } from "./decode.ts";
import { countScans, jpegSegments, mendJpeg } from "./jpeg.ts";
import { sharp } from "./sharp.ts";
import { scene } from "./testdata/hostile.ts";

/** A JPEG with some of its bytes changed. */
async function changed(
  change: (bytes: Uint8Array, at: (marker: number) => number) => Uint8Array | void,
  options: { progressive?: boolean } = {},
): Promise<Uint8Array> {
  const bytes = new Uint8Array(await noise().jpeg({ quality: 95, ...options }).toBuffer());
  const at = (marker: number) => [...jpegSegments(bytes)].find((s) => s.marker === marker)!.at;
  return change(bytes, at) ?? bytes;
}

/** The scene, with a lot of detail. */
function noise(): ReturnType<typeof scene> {
  return scene().composite([{ input: { create: NOISE }, blend: "soft-light" }]);
}

const NOISE = {
  ...{ width: 64, height: 48, channels: 3 as const, background: "grey" },
  noise: { type: "gaussian" as const, mean: 128, sigma: 60 },
};

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A segment of an application. */
function application(marker: number, text: string, ...more: number[]): Uint8Array {
  const length = 2 + text.length + more.length;
  return Uint8Array.of(0xff, marker, 0, length, ...new TextEncoder().encode(text), ...more);
}

async function outcome(bytes: Uint8Array): Promise<string> {
  const error = await decodeImage(bytes).then(() => undefined, (error) => error);
  return error instanceof ImageError ? error.reason : String(error);
}

const FORGIVEN: Record<string, Parameters<typeof changed>[0]> = {
  "scan parameters of another mode, as Samsung's": (bytes, at) => {
    const scan = at(0xda), end = scan + 2 + bytes[scan + 3];
    bytes.set([0, 0, 0], end - 3);
  },
  "no end": (bytes) => bytes.slice(0, -2),
  "an unknown version of JFIF": (bytes) =>
    join(
      bytes.subarray(0, 2),
      application(0xe0, "JFIF\0", 7, 1, 0, 0, 1, 0, 1, 0, 0),
      bytes.subarray(2),
    ),
  "an unknown colour transform": (bytes, at) =>
    join(
      bytes.subarray(0, at(0xdb)),
      application(0xee, "Adobe", 0, 100, 0, 0, 0, 0, 9),
      bytes.subarray(at(0xdb)),
    ),
  "bytes between segments": (bytes, at) =>
    join(bytes.subarray(0, at(0xc0)), new Uint8Array(5), bytes.subarray(at(0xc0))),
  "a trailer behind the end": (bytes) => join(bytes, new TextEncoder().encode("SEFT".repeat(20))),
};

for (const [fault, change] of Object.entries(FORGIVEN)) {
  Deno.test(`a JPEG with ${fault} is what it is without`, async () => {
    const stored: Uint8Array[] = [];
    const bytes = await changed((bytes, at) => {
      stored.push(bytes.slice());
      return change(bytes, at);
    });
    const before = bytes.slice();
    assert.deepEqual(await decodeImage(bytes), await decodeImage(stored[0]));
    assert.deepEqual(bytes, before, "the bytes given stay as they are");
  });

  Deno.test(`a JPEG with ${fault} that is truncated is refused`, async () => {
    const bytes = await changed(change);
    const segments = [...jpegSegments(bytes)];
    const start = segments.find(({ marker }) => marker === 0xda)!.end;
    const stop = segments.find(({ marker }) => marker === 0xd9)?.at ?? bytes.length;
    for (const share of [0.2, 0.5, 0.9]) {
      const end = start + Math.floor((stop - start) * share);
      assert.equal(await outcome(bytes.slice(0, end)), "truncated or corrupt");
      assert.equal(
        await outcome(join(bytes.subarray(0, end), Uint8Array.of(0xff, 0xd9))),
        "truncated or corrupt",
      );
    }
  });
}

Deno.test("what was mended is told; nothing is where nothing had to be", async () => {
  const fault = FORGIVEN["scan parameters of another mode, as Samsung's"];
  for (const [bytes, told] of [[await changed(fault), 1], [await changed(() => {}), 0]] as const) {
    const notes: string[] = [];
    await decodeImage(bytes, { onNote: (note) => notes.push(note) });
    assert.equal(notes.length, told);
  }
});

Deno.test("a progressive JPEG without its end is refused: whole scans could be missing", async () => {
  const bytes = await changed((bytes) => bytes.slice(0, -2), { progressive: true });
  assert.equal(await outcome(bytes), "truncated or corrupt");
  const scans = [...jpegSegments(bytes)].filter(({ marker }) => marker === 0xda);
  assert.ok(scans.length > 2);
  assert.equal(await outcome(bytes.slice(0, scans[2].at)), "truncated or corrupt");
});

Deno.test("segments are found in bytes of any kind", async () => {
  const plain = await changed(() => {});
  assert.equal(countScans(plain), 1);
  assert.equal(mendJpeg(plain), undefined);
  // Scans of a thumbnail, and of what lies behind the end, are none of the image's.
  const thumbnail = application(0xe1, "Exif\0\0", ...plain.subarray(0, 200));
  assert.equal(countScans(join(plain.subarray(0, 2), thumbnail, plain.subarray(2), plain)), 1);
  for (let length = 0; length < 400; length++) {
    const part = plain.subarray(0, length);
    assert.ok([...jpegSegments(part)].every(({ at, end }) => at < end && end <= length));
    mendJpeg(part);
  }
  assert.equal((await sharp(plain).metadata()).format, "jpeg");
});
