// A task that is stopped before its watchdog listens: its work does not begin.
import { runTask } from "../task.ts";

setTimeout(() => Deno.kill(Deno.pid, "SIGTERM"), 0);
await runTask("Usage: stopped_early", async () => {
  console.log("works");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
