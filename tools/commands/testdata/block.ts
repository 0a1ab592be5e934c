/**
 * A task whose main thread sits in a native call for a minute, as libtensorflow's and onnxruntime's do for seconds, with
 * a program beside it that does not listen to SIGTERM.
 */
import { spawnChild } from "../../../lib/runtime/children.ts";
import { runTask } from "../task.ts";

await runTask("Usage: a native call for tests", () => {
  const script = 'trap "" TERM; sleep 60 & wait $!; wait; sleep 60';
  spawnChild("sh", { args: ["-c", script], stdin: "null" });
  const libc = Deno.dlopen("libc.so.6", { sleep: { parameters: ["u32"], result: "u32" } });
  console.log("blocks");
  for (const end = Date.now() + 60_000; Date.now() < end;) libc.symbols.sleep(60);
});
