/** A task that trains until it is stopped: the folder of its features and checkpoints is the argument. */
import { openSmallStore, SMALL_CONFIG, trainSmall } from "../../../lib/fusion/testing.ts";
import { loadEngine } from "../../../lib/tensor/mod.ts";
import { runTask } from "../task.ts";

await runTask("Usage: a training for tests", async () => {
  const [folder] = Deno.args;
  await loadEngine({ prefer: "wasm" });
  const checkpointDir = `${folder}/checkpoints`;
  await trainSmall(await openSmallStore(folder), {
    config: { ...SMALL_CONFIG, epochs: 1e6 },
    checkpointDir,
    onStep: ({ step }) => void (step === 20 && console.log("trains")),
  });
});
