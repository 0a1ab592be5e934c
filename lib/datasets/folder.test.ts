import assert from "node:assert/strict";
import { join } from "node:path";
import { describeDataset, filterImages } from "./dataset.ts";
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
    assert.equal(dataset.report.otherFiles, 4);
    assert.ok(dataset.report.examples.includes("otherFiles: Urlaub am Meer/f.heic"));
    assert.match(
      describeDataset(dataset),
      /^photos: 8 images; .*; 4 files left out: their endings are not/,
    );
    assert.match(describeDataset(filterImages(dataset, () => true)), /4 files left out/);
    assert.deepEqual([dataset.annotated, dataset.categories], [false, []]);
    assert.throws(() => datasetStatistics(dataset), /photos: it has no annotations/);
    await assert.rejects(loadFolder(join(root, "absent")), /Cannot load image folder .*absent/);
    await assert.rejects(loadFolder(join(root, "a.jpg")), /it is not a folder/);
    const empty = join(root, "empty"), nested = join(empty, "nested");
    await Deno.mkdir(nested, { recursive: true });
    const none = /Cannot load image folder .*empty: it holds no image; images .* \.jpg, .*\.avif$/;
    await assert.rejects(loadFolder(empty), none);
    await Deno.writeTextFile(join(nested, "photo.jpg.txt"), "no image");
    await assert.rejects(loadFolder(empty), /no image \(files of other endings: 1\); images are/);
    await Deno.symlink(join(directory, "outside.jpg"), join(nested, "link.jpg"));
    await assert.rejects(
      loadFolder(empty),
      /no image \(links that lead out of it: 1; files of other endings: 1\); images/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
