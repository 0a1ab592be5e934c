/**
 * The process that `trainings.ts` kills: trains a small model and says on standard output, a JSON line each, where it is.
 *
 *     deno run -A tools/kill_test/training_child.ts STORES CHECKPOINTS
 */
import { openSmallStore, SMALL_CONFIG, trainSmall } from "../../lib/fusion/testing.ts";
import { loadEngine } from "../../lib/tensor/engine.ts";

const [stores, checkpointDir] = Deno.args;
const encode = new TextEncoder();
/** Written at once: what a kill cuts off was not said. */
const say = (line: unknown) =>
  void Deno.stdout.writeSync(encode.encode(JSON.stringify(line) + "\n"));

await loadEngine({ prefer: "wasm" });
const store = await openSmallStore(`${stores}/${crypto.randomUUID()}`);
say({ type: "started" });
const { weights, epochs } = await trainSmall(store, {
  checkpointDir,
  config: { ...SMALL_CONFIG, epochs: 20 },
  onStep: ({ step }) => say({ type: "step", step }),
  onEpoch: ({ epoch }) => say({ type: "epoch", epoch }),
});
say({ type: "finished", weights, losses: epochs.map(({ loss }) => loss) });
