import assert from "node:assert/strict";
import { join } from "node:path";
import { inputsPrint } from "./inputs.ts";

Deno.test("the print follows the images of annotations, also where Python or Windows wrote them", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(root, "sub"));
    for (const text of ['{"images": [{"file_name": "sub\\\\a.jpg"}], "x": NaN}', "no JSON"]) {
      const annotations = join(root, `${text.length}.json`), prints: (string | undefined)[] = [];
      await Deno.writeTextFile(annotations, text);
      for (const content of ["short", "longer"]) {
        await Deno.writeTextFile(join(root, "sub/a.jpg"), content);
        prints.push(inputsPrint({ annotations, root }));
      }
      assert.equal(prints[0] === prints[1], text === "no JSON");
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("the print follows all files of a data set whose annotations do not name its images", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(root, "labelTxt"));
    for (const file of ["data.yaml", "labelTxt/a.txt", "a.png"]) {
      await Deno.writeTextFile(join(root, file), "1");
    }
    const dota = {
      dataset: { source: "dota", annotations: root, root, train: { annotations: root, root } },
    };
    const yolo = { dataset: { source: "yolo", annotations: join(root, "data.yaml"), root } };
    for (const config of [dota, yolo]) {
      for (const file of ["data.yaml", "labelTxt/a.txt", "a.png"]) {
        const before = inputsPrint(config);
        assert.equal(inputsPrint(config), before);
        await Deno.writeTextFile(
          join(root, file),
          (await Deno.readTextFile(join(root, file))) + "1",
        );
        assert.notEqual(inputsPrint(config), before);
      }
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("the print of images named by URL follows the folder in which they are", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(root, "val2017"));
    const annotations = join(root, "lvis.json");
    const images = [{ coco_url: "http://host/val2017/a.jpg" }];
    await Deno.writeTextFile(annotations, JSON.stringify({ annotations: [], images }));
    const prints: (string | undefined)[] = [];
    for (const [place, content] of [["a.jpg", "s"], ["a.jpg", "longer"], ["val2017/a.jpg", "s"]]) {
      await Deno.writeTextFile(join(root, place), content);
      prints.push(inputsPrint({ annotations, root }));
    }
    await Deno.writeTextFile(join(root, "a.jpg"), "in the other folder it counts");
    assert.equal(inputsPrint({ annotations, root }), prints[2]);
    assert.equal(new Set(prints).size, 3);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
