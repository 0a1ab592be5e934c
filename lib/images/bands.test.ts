import assert from "node:assert/strict";
import { decodeImage, type DecodeOptions, ImageError } from "./decode.ts";
import { sharp } from "./sharp.ts";
import { scene } from "./testdata/hostile.ts";
import { makeTiff, type TiffParts } from "./testdata/tiff.ts";

/** Two pixels of four bands that tell every mistake apart. */
const BANDS = [[220, 30, 60, 100], [40, 210, 5, 250]];

/** A TIFF of two pixels, 8 or 16 bits. */
function tiffOf(
  pixels: number[][],
  { deep = false, ...parts }: Partial<TiffParts> & { deep?: boolean },
): Uint8Array {
  const flat = pixels.flat();
  const data = deep ? Uint16Array.from(flat, (value) => value * 257) : Uint8Array.from(flat);
  return makeTiff({ width: pixels.length, height: 1, photometric: 2, ...parts, data });
}

async function decoded(bytes: Uint8Array, options: DecodeOptions = {}) {
  const notes: string[] = [];
  const { data } = await decodeImage(bytes, { ...options, onNote: (note) => notes.push(note) });
  return { pixels: [[...data.subarray(0, 3)], [...data.subarray(3, 6)]], notes };
}

async function refusal(bytes: Uint8Array, options: DecodeOptions = {}): Promise<ImageError> {
  const error = await decodeImage(bytes, options).then(() => undefined, (error) => error);
  assert.ok(error instanceof ImageError, `expected an ImageError, got ${error}`);
  return error;
}

const withBands = (count: number) => BANDS.map((pixel) => pixel.slice(0, count));
const RGB_PIXELS = withBands(3);
const onWhite = (pixel: number[]) =>
  pixel.slice(0, 3).map((value) => value * pixel[3] / 255 + 255 - pixel[3]);

function near(actual: number[][], expected: number[][], label: string) {
  const worst = Math.max(...actual.flat().map((v, i) => Math.abs(v - expected.flat()[i])));
  assert.ok(worst <= 1, `${label}: got ${actual.join(" | ")}, not ${expected.join(" | ")}`);
}

for (const deep of [false, true]) {
  const depth = deep ? "16 bits" : "8 bits";
  Deno.test(`ExtraSamples says what transparency is, and nothing else does: ${depth}`, async () => {
    for (const photometric of [1, 2]) {
      const grey = photometric === 1 ? [0, 0] : []; // after the one sample of grey
      for (const extraSamples of [[...grey, 0], undefined]) {
        const { pixels, notes } = await decoded(tiffOf(BANDS, { deep, photometric, extraSamples }));
        near(pixels, RGB_PIXELS, `${photometric}, extra samples ${extraSamples}`);
        assert.match(notes.join(), /^bands 1, 2, 3 of 4 are used as red, green and blue/);
      }
      const straight = tiffOf(BANDS, { deep, photometric, extraSamples: [...grey, 2] });
      const { pixels, notes } = await decoded(straight);
      near(pixels, BANDS.map(onWhite), `${photometric}, alpha`);
      assert.deepEqual(notes, []);
    }
  });

  Deno.test(`transparency is found behind near infrared, and before it: ${depth}`, async () => {
    const behind = BANDS.map(([r, g, b, a]) => [r, g, b, 77, a]);
    near(
      (await decoded(tiffOf(behind, { deep, extraSamples: [0, 2] }))).pixels,
      BANDS.map(onWhite),
      "behind",
    );
    const before = BANDS.map(([r, g, b, a]) => [r, g, b, a, 77]);
    near(
      (await decoded(tiffOf(before, { deep, extraSamples: [2, 0] }))).pixels,
      BANDS.map(onWhite),
      "before",
    );
  });

  Deno.test(`more bands than three: the first three, or those that are named: ${depth}`, async () => {
    const eight = BANDS.map((pixel) => [...pixel, 7, 8, 9, pixel[1]]);
    for (const photometric of [1, 2]) {
      const file = tiffOf(eight, { deep, photometric });
      near((await decoded(file)).pixels, RGB_PIXELS, "the first three");
      const { pixels, notes } = await decoded(file, { bands: [8, 1, 4] });
      near(pixels, BANDS.map(([r, g, , n]) => [g, r, n]), "8, 1, 4");
      assert.deepEqual(notes, []);
      const { reason, message } = await refusal(file, { bands: [9, 1, 2] });
      assert.deepEqual([reason, /it has 8/.test(message)], ["has no band 9", true]);
    }
    near((await decoded(tiffOf(RGB_PIXELS, { deep, photometric: 1 }))).pixels, RGB_PIXELS, "three");
  });

  Deno.test(`of grey and a band that is unknown the grey is used: ${depth}`, async () => {
    const file = tiffOf(withBands(2), { deep, photometric: 1, extraSamples: [0] });
    const { pixels, notes } = await decoded(file);
    near(pixels, BANDS.map(([grey]) => [grey, grey, grey]), "grey");
    assert.deepEqual(notes, ["band 1 of 2 is used"]);
  });
}

Deno.test("bands of other formats can be chosen, and must be there", async () => {
  const png = await sharp(Uint8Array.from(RGB_PIXELS.flat()), {
    raw: { width: 2, height: 1, channels: 3 },
  }).png().toBuffer();
  near(
    (await decoded(png, { bands: [3, 1, 2] })).pixels,
    RGB_PIXELS.map(([r, g, b]) => [b, r, g]),
    "",
  );
  assert.equal((await refusal(png, { bands: [1, 2, 4] })).reason, "has no band 4");
  for (const bands of [[0, 1, 2], [1, 2], [1, 2, 3, 4], [1.5, 1, 2]] as never[]) {
    await assert.rejects(() => decodeImage(png, { bands }), RangeError, `${bands}`);
  }
  await assert.rejects(
    () => decodeImage(png, { stretch: "minmax" as never }),
    /must be one of none/,
  );
});

Deno.test("12 bits in 16 come out dark with a note, or stretched by percentiles", async () => {
  const values = Array.from({ length: 101 }, (_, i) => i * 40); // 0 to 4000
  const parts = { width: 101, height: 1, photometric: 1 };
  const file = makeTiff({ ...parts, data: Uint16Array.from(values) });
  const dark = await decodeImage(file);
  assert.equal(Math.max(...dark.data), 15);
  assert.match(
    (await decoded(file)).notes.join(),
    /come out nearly black \(see the setting stretch\)/,
  );
  const { data } = await decodeImage(file, { stretch: "percentile" });
  assert.deepEqual((await decoded(file, { stretch: "percentile" })).notes, []);
  // Of 101 values the third is the first below which at least 2 % lie, the 99th that of 98 %.
  for (const [i, value] of values.entries()) {
    const expected = Math.min(Math.max((value - 80) / (3920 - 80), 0), 1) * 255;
    assert.ok(Math.abs(data[3 * i] - expected) <= 0.5, `${value}: ${data[3 * i]}, not ${expected}`);
  }
});

Deno.test("each band is stretched by itself, without transparent pixels and those of no data", async () => {
  const count = 100;
  const samples = Array.from(
    { length: count },
    (_, i) =>
      i < 20 ? [0, 0, 0, 65535] : i < 30 ? [60000, 60000, 60000, 0] : [i * 10, i * 20, 500, 65535],
  );
  const parts = { width: count, height: 1, photometric: 2, extraSamples: [2] };
  const data = Uint16Array.from(samples.flat());
  const marked = makeTiff({ ...parts, data, noData: "0" });
  const { data: rgb } = await decodeImage(marked, { stretch: "percentile" });
  const at = (i: number) => [...rgb.subarray(3 * i, 3 * i + 2)];
  assert.deepEqual([at(31), at(98)], [[0, 0], [255, 255]]); // the second and the second last of 70
  assert.ok(Math.abs(at(65)[0] - 129) <= 2 && at(65)[0] === at(65)[1], `${at(65)}`);
  assert.equal(rgb[3 * 65 + 2], 1); // a constant band is left as it is: 500 / 256
  assert.deepEqual([...rgb.subarray(3 * 25, 3 * 25 + 3)], [255, 255, 255]); // transparent: white
});

Deno.test("8 bits are not stretched", async () => {
  const png = await scene().png().toBuffer();
  const [one, other] = await Promise.all([
    decodeImage(png),
    decodeImage(png, { stretch: "percentile" }),
  ]);
  assert.deepEqual(one, other);
});

Deno.test("samples without an agreed white are refused by name", async () => {
  const one = { width: 1, height: 1, photometric: 1 };
  for (
    const [data, sampleFormat, name] of [
      [new Int8Array(1), 2, "int8"],
      [new Int16Array(1), 2, "int16"],
      [new Int32Array(1), 2, "int32"],
      [new Uint32Array(1), 1, "uint32"],
      [new Float32Array(1), 3, "float32"],
      [new Float64Array(1), 3, "float64"],
      [new Uint16Array(1), 3, "float16"],
      [new Float64Array(1), 6, "complex64"],
    ] as const
  ) {
    const { reason } = await refusal(makeTiff({ ...one, data, sampleFormat }));
    assert.equal(reason, `pixel type ${name} is not supported`);
  }
});

Deno.test("reasons can be grouped: numbers out of a damaged header are in the detail", async () => {
  const file = makeTiff({ width: 1, height: 1, photometric: 1, data: new Uint8Array(1) });
  const bits = Array.from(file, (_, at) => at).find((at) => file[at] === 2 && file[at + 1] === 1)!;
  for (
    const [count, reason] of [[12, "pixel type uint12 is not supported"], [
      13,
      "truncated or corrupt",
    ]] as const
  ) {
    const damaged = file.slice();
    new DataView(damaged.buffer).setUint16(bits + 8, count, true);
    assert.equal((await refusal(damaged)).reason, reason);
  }
});

Deno.test("colours that would come out wrong are refused by name", async () => {
  const three = Uint8Array.of(120, 90, 200), one = { width: 1, height: 1, data: three };
  for (
    const [photometric, name] of [
      [6, "YCbCr"],
      [8, "CIE L*a*b*"],
      [9, "ICC L*a*b*"],
      [0, "WhiteIsZero"],
      [32803, "colour filter array"],
      [5, "separated"],
      [77, "unknown"],
    ] as const
  ) {
    const { reason } = await refusal(makeTiff({ ...one, photometric }));
    assert.equal(reason, `colour space ${name} is not supported`);
  }
});

Deno.test("CMYK is what Pillow makes of it, with or without a further band", async () => {
  const inks = [
    [0, 0, 0, 0],
    [255, 0, 0, 0],
    [12, 200, 77, 31],
    [90, 91, 92, 93],
    [255, 255, 255, 255],
    [1, 128, 254, 127],
  ];
  const pillow = [
    [255, 255, 255],
    [0, 255, 255],
    [213, 48, 156],
    [105, 104, 104],
    [0, 0, 0],
    [127, 64, 1],
  ];
  const parts = { width: 6, height: 1, photometric: 5 };
  for (const more of [[], [60]]) {
    const data = Uint8Array.from(inks.flatMap((ink) => [...ink, ...more]));
    const image = await decodeImage(makeTiff({ ...parts, data }));
    assert.deepEqual([...image.data], pillow.flat());
  }
  const data = Uint8Array.from(inks.flat());
  const { reason } = await refusal(makeTiff({ ...parts, data }), { bands: [1, 2, 3] });
  assert.equal(reason, "has no bands to choose");
  const others = makeTiff({ ...parts, data, more: [[332, 2]] }); // InkSet: inks of other colours
  assert.equal((await refusal(others)).reason, "colour space separated is not supported");
});

Deno.test("a CMYK JPEG is what Pillow makes of it, inverted or not", async () => {
  const jpeg = Uint8Array.fromBase64( // 16 x 16 px, by Pillow 12.0: four squares of the inks above
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB" +
      "/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABgAAQEBAQEAAAAAAAAAAAAAAAoACwgJ/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwBz" +
      "A272QMAYM7ZAJod8N/hJCXiTiPiLv//Z",
  );
  const plain = new Uint8Array([...jpeg.subarray(0, 2), ...jpeg.subarray(18)]); // without Adobe's marker
  for (const file of [jpeg, plain]) {
    const { data } = await decodeImage(file);
    const at = (x: number, y: number) => [...data.subarray(3 * (16 * y + x), 3 * (16 * y + x) + 3)];
    assert.deepEqual(
      [at(3, 3), at(12, 3), at(3, 12), at(12, 12)],
      [[213, 48, 156], [0, 255, 255], [255, 255, 255], [105, 104, 104]],
    );
  }
});

Deno.test("transparent CMYK lies on white", async () => {
  for (const deep of [false, true]) {
    const inks = [[0, 255, 255, 0, 128], [12, 200, 77, 31, 0]];
    const file = tiffOf(inks, { deep, photometric: 5, extraSamples: [2] });
    const { pixels, notes } = await decoded(file);
    near(pixels, [[255, 127, 127], [255, 255, 255]], `${deep}`);
    assert.deepEqual(notes, []);
  }
});

Deno.test("a TIFF of several pages says that the first is used; one of smaller copies and masks does not", async () => {
  const grey = (value: number, more: [number, number][], next = 0) =>
    makeTiff({ width: 1, height: 1, photometric: 1, data: Uint8Array.of(value), more, next });
  /** Two files as one: the second one's directory, with its values left behind, is the next. */
  const twoPages = (first: [number, number][], second: [number, number][]) => {
    const one = grey(50, first), two = grey(90, second), both = new Uint8Array([...one, ...two]);
    const count = new DataView(one.buffer).getUint16(8, true);
    new DataView(both.buffer).setUint32(10 + 12 * count, one.length + 8, true);
    return both;
  };
  const noteOf = async (file: Uint8Array) => {
    const notes: string[] = [];
    const { data } = await decodeImage(file, { onNote: (note) => notes.push(note) });
    assert.equal(data[0], 50);
    return notes;
  };
  assert.deepEqual(await noteOf(grey(50, [])), []);
  assert.deepEqual(await noteOf(twoPages([], [])), ["the first page of several is used"]);
  for (const kind of [1, 4, 5]) assert.deepEqual(await noteOf(twoPages([], [[254, kind]])), []);
  assert.match((await noteOf(twoPages([[254, 1]], []))).join(), /a smaller copy of another/);
});

Deno.test("a compression that the decoder does not have is refused by name", async () => {
  const file = makeTiff({ width: 1, height: 1, photometric: 1, data: new Uint8Array(1) });
  const at = Array.from(file, (_, i) => i).find((i) => file[i] === 3 && file[i + 1] === 1)!; // 259
  for (const [number, name] of [[34925, "LZMA"], [50000, "Zstandard"], [34887, "LERC"]] as const) {
    new DataView(file.buffer).setUint16(at + 8, number, true);
    assert.equal((await refusal(file)).reason, `compression ${name} is not supported`);
  }
  const jpeg = new Uint8Array(await scene().jpeg().toBuffer());
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  jpeg[frame + 4] = 12; // bits a sample
  assert.equal((await refusal(jpeg)).reason, "compression is not supported");
});
