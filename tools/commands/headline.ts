/**
 * The paper's headline in units: a training as published, of half an hour to three hours on two cores, and its rows.
 *
 *     deno task headline                      lists the units, and which are done
 *     deno task headline --next               runs the first one that is not done
 *     deno task headline common-7000-40       runs one by name
 *
 * A unit that is stopped, by Ctrl-C, by `--minutes` or by a power cut, goes on where it was when it is run again. Rows are
 * filed under runs/; `--keep` puts them into results/, in place of those that were kept before, and writes the list there
 * anew.
 *
 * Exits with 1 when it failed, 2 when it was called wrongly, 130 when it was stopped, by `--minutes` too.
 *
 * @module
 */
import { showStep } from "../../lib/runtime/progress.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task headline [UNIT | --next] [options]
  UNIT             GEOMETRY-IMAGES-EPOCHS, such as common-7000-40; without one the units are listed
  --next           the first unit whose rows are not kept yet
  --minutes N      stops after so long, with status 130; the same command goes on
  --device DEVICE  where images are encoded: cpu (unless told), webgpu, cuda, dml, coreml or auto
  --keep           write to results/, which is committed, not to runs/`;

if (import.meta.main) {
  await runTask(USAGE, async () => {
    const load = () => import("./headline_run.ts"); // with the whole library: a second or two
    const { readArguments, runHeadline } = await showStep("Load", load, { leaves: "never" });
    await runHeadline(readArguments(Deno.args), ["deno task headline", ...Deno.args].join(" "));
  });
}
