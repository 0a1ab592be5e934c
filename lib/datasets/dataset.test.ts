import assert from "node:assert/strict";
import { canonicalJson, sha256 } from "../runtime/files.ts";
import { createDataset, createLargeDataset } from "./dataset.ts";
import { emptyReport } from "./report.ts";

Deno.test("a large data set has the fingerprint of all its images, and its making can be stopped", async () => {
  const images = Array.from({ length: 4001 }, (_, n) => ({ id: `${n}`, path: "", objects: [] }));
  const parts = () => ({
    name: "x",
    categories: ["boat"],
    images,
    annotated: true,
    report: emptyReport(),
  });
  const content = images.map(({ id, objects }) => ({ id, objects }));
  const fingerprint = sha256(canonicalJson([["boat"], content]));
  const controller = new AbortController();
  assert.equal(createDataset(parts()).fingerprint, fingerprint);
  const large = await createLargeDataset(parts(), controller.signal);
  assert.equal(large.fingerprint, fingerprint);
  const stopped = createLargeDataset(parts(), controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(stopped, /^Error: enough$/);
});
