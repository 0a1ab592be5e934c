import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { withFolder, writeImages } from "../../lib/features/testing.ts";
import { noticesOf } from "../../lib/runtime/testing.ts";
import { find } from "./find.ts";

const PHOTOS = fileURLToPath(new URL("../../data/photos", import.meta.url));
const RANDOM = fileURLToPath(new URL("../../lib/encoders/testdata/random-clip", import.meta.url));

/** Runs something and gives what was said on standard error with it. */
async function withNotices<T>(work: () => Promise<T>): Promise<{ result: T; said: string[] }> {
  let result: T;
  const said = await noticesOf(async () => result = await work());
  return { result: result!, said };
}

Deno.test("find: photographs by word, best first, with the window that won; a far word gets a notice", () =>
  withFolder(async (folder) => {
    const args = [
      PHOTOS,
      "feline",
      "the meaning of life",
      "building",
      "--cover",
      "cc@2",
      "--count",
      "2",
    ];
    const { result, said } = await withNotices(() => find([...args, "--cache", folder]));
    const lines = result.split("\n");
    const heads = lines.filter((line) => !line.startsWith(" "));
    assert.deepEqual(heads.map((line) => line.replace(/ {2}\(median of \d+: -?0\.\d{3}\)$/, "")), [
      "feline",
      "the meaning of life",
      "building",
    ]);
    assert.match(lines[1], /^ {3}1 {2} 0\.\d{3} {2}\/.*\/photos\/cat\.jpg {2}\d+x\d+ at \d+,\d+$/);
    assert.match(lines[7], /^ {3}1 {2} 0\.\d{3} {2}\/.*\/photos\/china\.jpg {2}/);
    assert.equal(lines.length, 9);
    assert.equal(said.filter((text) => text.includes("no word near")).length, 1);
    assert.match(said.join("\n"), /no word near "the meaning of life" \(nearest: /);
  }));

Deno.test("find: a broken image is said and left out; a folder of none but such is refused", () =>
  withFolder(async (folder) => {
    const images = join(folder, "images"), only = join(folder, "only");
    await writeImages(images, 2);
    await Deno.writeTextFile(join(images, "let\tter.png"), "not an image");
    const how = ["--encoder", RANDOM, "--dtype", "fp16", "--device", "cpu"];
    const own = [...how, "--cover", "full", "--cache", join(folder, "cache")];
    const { result, said } = await withNotices(() => find([images, "boat", ...own]));
    assert.equal(result.split("\n").length, 3);
    const caches = [...Deno.readDirSync(join(folder, "cache"))].map(({ name }) => name);
    assert.ok(caches.some((name) => name.includes("-fp16-")), caches.join());
    assert.match(said.join("\n"), /note: not searched: let\\x09ter\.png: /);
    await Deno.writeTextFile(join(images, "shard.tar"), "an archive");
    for (let i = 0; i < 12; i++) await Deno.writeTextFile(join(images, `${i}.png`), "no image");
    const notes = (await withNotices(() => find([images, "boat", ...own]))).said.join("\n");
    assert.match(
      notes,
      /note: images: 1 archives left out, which have to be unpacked first \(1 tar\)/,
    );
    assert.match(notes, /note: not searched: 13 images: not an image: 0\.png, 1\.png, 10\.png, …/);
    assert.equal(notes.match(/not searched/g)!.length, 1);
    await Deno.mkdir(only);
    await Deno.writeTextFile(join(only, "letter.png"), "not an image");
    await withNotices(() =>
      assert.rejects(find([only, "boat", ...own]), /none of its images can be read/)
    );
  }));

Deno.test("find: copies are one photograph, hidden folders are left out, paths open from where it is called", () =>
  withFolder(async (folder) => {
    const images = relative(Deno.cwd(), join(folder, "images"));
    await writeImages(images, 2);
    const [one, other] = [...Deno.readDirSync(images)].map(({ name }) => name).sort();
    await Deno.mkdir(join(images, "again"));
    await Deno.copyFile(join(images, one), join(images, "again", "copy.png"));
    await Deno.mkdir(join(images, ".thumbnails"));
    await Deno.copyFile(join(images, other), join(images, ".thumbnails", other));
    const own = ["--encoder", RANDOM, "--cover", "full", "--cache", join(folder, "cache")];
    const { result, said } = await withNotices(() => find([images, "boat", ...own]));
    const paths = result.split("\n").slice(1).map((line) => /\S+\.png/.exec(line)![0]);
    assert.equal(paths.length, 3);
    assert.match(result, /^ {14}and /m);
    for (const path of paths) assert.ok((await Deno.stat(path)).isFile);
    assert.match(said.join("\n"), /images: 1 hidden folders left out/);
    const first = await withNotices(() => find([images, "boat", "--count", "1", ...own]));
    assert.equal(first.result.split("\n").filter((line) => /^ {3}\d/.test(line)).length, 1);
  }));

Deno.test("find: wrong calls are refused before anything is loaded", async () => {
  const wrong: [string[], RegExp][] = [
    [[], /FOLDER is missing/],
    [["photos"], /in photos: WORD is missing/],
    [["photos", "cat", "--count", "0"], /--count: expected a positive integer, got 0/],
    [
      ["photos", "cat", "--scorer", "best"],
      /--scorer: expected maximum, full, mean, full\+patches, levels, .*, got best/,
    ],
    [["photos", "cat", "--cover", "objects"], /--cover: objects need annotations/],
    [["photos", "cat", "--cover", "cc@x"], /--cover: /],
    [["photos", "cat", "--encode", "x"], /did you mean --encoder/],
    [["photos", "cat", "--dtype", "int4"], /--dtype: expected fp32, fp16, q8, got int4/],
    [["photos", "cat", "--device", "tpu"], /--device: expected auto, cpu, webgpu/],
    [[join(PHOTOS, "absent"), "cat", "--encoder", RANDOM], /Cannot load image folder .*absent/],
  ];
  for (const [args, expected] of wrong) await assert.rejects(find(args), expected, `${args}`);
});
