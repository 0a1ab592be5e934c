import assert from "node:assert/strict";
import { join } from "node:path";
import { listNotebooks, notebookName, parameterNames, readNotebook } from "../jupyter/notebook.ts";
import { ROOT } from "../project.ts";
import { CHANGED_KNOBS } from "./changed_knobs.ts";

Deno.test("every notebook is run with another seed and another value of a parameter that it has", async () => {
  const notebooks = await listNotebooks(join(ROOT, "notebooks"));
  assert.deepEqual(Object.keys(CHANGED_KNOBS), notebooks.map(notebookName));
  for (const path of notebooks) {
    const { seed, ...others } = CHANGED_KNOBS[notebookName(path)];
    const names = parameterNames(await readNotebook(path));
    assert.notEqual(seed, 7, path);
    assert.ok(Object.keys(others).length > 0, path);
    for (const name of Object.keys(others)) assert.ok(names.includes(name), `${path}: ${name}`);
  }
});
