/**
 * The training that the proof of kills kills: as tools/kill_test/child.ts, it says a JSON line when it has started and one
 * when it has finished.
 *
 *     deno run -A tools/prove/kill_train.ts FOLDER EPOCHS
 */
import { openSmallStore, SMALL_CONFIG, trainSmall } from "../../lib/fusion/testing.ts";
import { loadEngine } from "../../lib/tensor/mod.ts";

const [folder, epochs] = Deno.args;
const say = (line: unknown) =>
  void Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));

await loadEngine({ prefer: "wasm" });
// features of its own: only checkpoints are shared with a training beside it
const store = await openSmallStore(`${folder}/features-${Deno.pid}`);
say({ type: "started" });
const { weights, epochs: records } = await trainSmall(store, {
  config: { ...SMALL_CONFIG, epochs: Number(epochs) },
  checkpointDir: `${folder}/checkpoints`,
});
const losses = records.map(({ loss }) => loss);
say({ type: "finished", weights, losses });
Deno.exit();
