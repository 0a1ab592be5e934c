import assert from "node:assert/strict";
import { liveLossCurve } from "./live.ts";

Deno.test("a live curve is one display that grows by every epoch", async () => {
  const sent: { type: string; content: Record<string, unknown> }[] = [];
  const onEpoch = liveLossCurve({
    epochs: 3,
    broadcast: (type, content) => Promise.resolve(void sent.push({ type, content })),
  });
  for (const epoch of [1, 2]) await onEpoch("DetailCLIP", { epoch, loss: 1 / epoch, recall: 0.5 });
  assert.deepEqual(sent.map(({ type }) => type), ["display_data", "update_display_data"]);
  assert.equal(new Set(sent.map(({ content }) => JSON.stringify(content.transient))).size, 1);
  const { data } = sent[1].content as { data: Record<string, string> };
  assert.match(data["text/plain"], /loss 0\.5, recall 50\.0 % after epoch 2/);
  assert.match(data["image/svg+xml"], /^<svg/);
});

Deno.test("without a notebook a live curve shows nothing and fails at nothing", async () => {
  await liveLossCurve()("DetailCLIP", { epoch: 1, loss: NaN, recall: undefined });
});
