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
