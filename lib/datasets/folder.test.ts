import assert from "node:assert/strict";
import { join } from "node:path";
import { filterImages } from "./dataset.ts";
import { describeDataset } from "./report.ts";
import { loadFolder } from "./folder.ts";
import { datasetStatistics } from "./statistics.ts";

Deno.test("a folder lists its images at every depth, in one order, and refuses links that leave it", async () => {
  const directory = await Deno.realPath(await Deno.makeTempDir());
  const root = join(directory, "photos");
  try {
    await Deno.mkdir(join(root, "Urlaub am Meer/a.jpg"), { recursive: true }); // a folder named a.jpg
    const files = [
      "b.PNG",
      "a.jpg",
      "notes.txt",
      "c.jfif",
      "d.JPE",
      "e.bmp",
      "Urlaub am Meer/f.heic",
      "photo",
      "Urlaub am Meer/Fähre 1.jpeg",
      "Urlaub am Meer/a.jpg/x.webp",
      "../outside.jpg",
    ];
    for (const name of files) await Deno.writeTextFile(join(root, name), "bytes");
    await Deno.symlink(join(directory, "outside.jpg"), join(root, "link.jpg"));
    await Deno.symlink(join(root, "a.jpg"), join(root, "same.jpg"));
    await Deno.symlink(join(root, "nowhere.jpg"), join(root, "dangling.jpg"));
    const dataset = await loadFolder(root);
    assert.deepEqual(dataset.images.map(({ id }) => id), [
      "Urlaub am Meer/Fähre 1.jpeg",
      "Urlaub am Meer/a.jpg/x.webp",
      "a.jpg",
      "b.PNG",
      "c.jfif",
      "d.JPE",
      "dangling.jpg", // decoding it will say why it cannot be used
      "same.jpg",
    ]);
    assert.equal(dataset.report.unsafePaths, 1);
    assert.equal(dataset.report.listed, 9);
    assert.equal(dataset.report.otherFiles, 2);
    assert.ok(dataset.report.examples.includes("otherFormats: Urlaub am Meer/f.heic (heic)"));
    assert.match(
      describeDataset(dataset),
      /^photos: 8 images; .*; 2 files left out: their endings are not .*; 2 pictures left out: .* \(1 bmp, 1 heic\)/,
    );
    assert.match(describeDataset(filterImages(dataset, () => true)), /2 files left out/);
    assert.deepEqual([dataset.annotated, dataset.categories], [false, []]);
    assert.throws(() => datasetStatistics(dataset), /photos: it has no annotations/);
    await assert.rejects(loadFolder(join(root, "absent")), /Cannot load image folder .*absent/);
    await assert.rejects(loadFolder(join(root, "a.jpg")), /it is not a folder/);
    const empty = join(root, "empty"), nested = join(empty, "nested");
    await Deno.mkdir(nested, { recursive: true });
    const none = /Cannot load image folder .*empty: it holds no image; images .* \.jpg, .*\.avif$/;
    await assert.rejects(loadFolder(empty), none);
    await Deno.writeTextFile(join(nested, "photo.jpg.txt"), "no image");
    await assert.rejects(
      loadFolder(empty),
      /no image \(1 files left out: their endings .*\); images are/,
    );
    await Deno.symlink(join(directory, "outside.jpg"), join(nested, "link.jpg"));
    await assert.rejects(
      loadFolder(empty),
      /no image \(1 images refused: their path leaves the image root, or is none; 1 files left out/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** A folder of one's own for a test. */
async function withFolder(test: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    await test(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Runs a command of the shell in a folder: for names and files that Deno cannot make. */
async function shell(cwd: string, command: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("sh", { args: ["-c", command], cwd }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test("links to folders are counted, and a circle of them ends", () =>
  withFolder(async (directory) => {
    const root = join(directory, "photos"), outside = join(directory, "outside");
    await Deno.mkdir(join(root, "trip/more"), { recursive: true });
    await Deno.mkdir(outside);
    for (const path of ["photos/trip/more/a.jpg", "photos/b.jpg", "outside/c.jpg"]) {
      await Deno.writeTextFile(join(directory, path), "bytes");
    }
    await Deno.symlink(".", join(root, "self"));
    await Deno.symlink("../..", join(root, "trip/more/up.jpg")); // a folder, for all its name says
    await Deno.symlink(join(root, "trip"), join(root, "again"));
    await Deno.symlink(outside, join(root, "far"));
    await Deno.symlink("y.jpg", join(root, "x.jpg"));
    await Deno.symlink("x.jpg", join(root, "y.jpg"));
    const { images, report } = await loadFolder(root);
    // a circle of files is found when it is decoded
    assert.deepEqual(images.map(({ id }) => id), ["b.jpg", "trip/more/a.jpg", "x.jpg", "y.jpg"]);
    assert.deepEqual([report.linkedFolders, report.outsideFolders, report.listed], [3, 1, 4]);
    await Deno.symlink(root, join(directory, "link"));
    assert.equal((await loadFolder(join(directory, "link"))).images.length, 4);
  }));

Deno.test("pictures of seldom formats are listed where they can be decoded, else counted by format", () =>
  withFolder(async (root) => {
    const text = (head: string) => Uint8Array.from(head, (sign) => sign.charCodeAt(0));
    const jpeg = text("\xff\xd8\xff\xe0 photo"), tiff = text("II*\0 preview");
    const files: Record<string, Uint8Array> = {
      "phone.HEIC": text("\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
      "renamed.heic": jpeg,
      "scan.bmp": text("BM......"),
      "map.jp2": text("\0\0\0\x0cjP  \r\n\x87\n"),
      "raw.dng": tiff,
      "other.nef": tiff,
      "preview.dng": jpeg,
      "old.jfif": jpeg,
      "old.jpe": jpeg,
      "vector.svg": text("<svg xmlns='http://www.w3.org/2000/svg'/>"),
      "empty.bmp": new Uint8Array(0),
      "shard-000.tar": jpeg,
      "more.tar.gz": jpeg,
    };
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(join(root, name), bytes);
    }
    const dataset = await loadFolder(root);
    const listed = ["old.jfif", "old.jpe", "preview.dng", "renamed.heic"];
    assert.deepEqual(dataset.images.map(({ id }) => id), listed);
    const formats = { bmp: 2, dng: 1, heif: 1, jp2: 1, nef: 1, svg: 1 };
    assert.deepEqual(dataset.report.formats, formats);
    assert.deepEqual([dataset.report.otherFormats, dataset.report.archives], [7, 2]);
    assert.match(
      describeDataset(dataset),
      /\(2 bmp, 1 dng, 1 heif, 1 jp2, 1 nef, 1 svg\); 2 archives left out, .* \(1 gz, 1 tar\)/,
    );
    for (const name of listed) await Deno.remove(join(root, name));
    await assert.rejects(
      loadFolder(root),
      /it holds no image \(7 pictures left out: .* 2 archives left out, which have to be unpacked/,
    );
  }));

Deno.test({
  name: "names that are not UTF-8 are counted, and a pipe is not waited for",
  ignore: Deno.build.os !== "linux", // elsewhere there are no such names
  fn: () =>
    withFolder(async (root) => {
      await shell(root, `printf x >"$(printf 'F\\344hre.jpg')"; mkdir "$(printf 'D\\351j\\340')"`);
      await shell(root, "mkfifo pipe.jpg; mkfifo elsewhere; ln -s elsewhere link.jpg");
      await assert.rejects(loadFolder(root), /no image \(3 files left out: .*; 2 files or folders/);
      await Deno.writeTextFile(join(root, "F\u00e4hre.jpg"), "x");
      await Deno.writeTextFile(join(root, "\ufffd.jpg"), "x"); // UTF-8, whatever it looks like
      const dataset = await loadFolder(root);
      assert.deepEqual(dataset.images.map(({ id }) => id), ["F\u00e4hre.jpg", "\ufffd.jpg"]);
      assert.deepEqual([dataset.report.notUtf8, dataset.report.otherFiles], [2, 3]);
      assert.ok(dataset.report.examples.includes("notUtf8: F\ufffdhre.jpg"));
      assert.match(describeDataset(dataset), /; 2 files or folders left out: .* not UTF-8/);
    }),
});
