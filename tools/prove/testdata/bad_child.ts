/** A process that answers, hangs, ends or errs as the file says. */
import type { Answer } from "../trials.ts";

for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const word = await Deno.readTextFile(text.trim());
  if (word === "end") Deno.exit(7);
  if (word === "hang") for (;;);
  const answer: Answer = word === "large"
    ? { outcome: "refused", peakMiB: 5000 }
    : { outcome: word as Answer["outcome"], peakMiB: 10, ...(word === "wrong" && { detail: "bad" }) };
  console.log(JSON.stringify(answer));
}
