/**
 * The main job: from images to a recall table.
 *
 *     deno task demo                                      the generated CLEVR-DS, a few minutes
 *     deno task demo --published                          with the method as published, a quarter of an hour
 *     deno task demo --scale smoke                        the same in seconds
 *     deno task demo --dataset dota:folder                any data set, in any common format of annotations
 *     deno task demo --annotations a.json --images dir    the same as --dataset coco:a.json:dir
 *     deno task demo --encoder path/or/hub-id             any CLIP
 *
 * Rows and figures are filed under runs/, each configuration in a folder of its own; `--keep` renews the committed
 * ones in results/ instead.
 *
 * Exits with 1 when it failed, 2 when it was called wrongly, 130 when it was stopped.
 *
 * @module
 */
import { showStep } from "../../lib/runtime/progress.ts";
import { encoderUsage } from "./arguments.ts";
import { runTask } from "./task.ts";

const USAGE = `Usage: deno task demo [options]
  --scale SCALE               smoke, quick (unless told), full or paper
  --seed N                    seed of the data set and of every draw
${encoderUsage()}
  --dataset NAME              instead of the generated one: a path, FORMAT:ANNOTATIONS[:IMAGES] with the format coco,
                              voc, yolo, dota, visdrone, xview or solo, clevr-ds[-S|-L|-reduced][-noto][:IMAGES], or
                              retail[-noto][:IMAGES]; half: before one without images to learn from learns from one half
  --annotations FILE          COCO-format JSON instead of the generated data set
  --images FOLDER             folder of its images
  --limit N                   only its first N images
  --published                 at quick scale: DetailCLIP as published, too, a quarter of an hour more
  --keep                      write to results/, which is committed, not to runs/`;

if (import.meta.main) {
  await runTask(USAGE, async () => {
    const load = () => import("./demonstrate.ts");
    const { demonstrate, readArguments } = await showStep("Load", load, { leaves: "never" });
    await demonstrate(readArguments(Deno.args), ["deno task demo", ...Deno.args].join(" "));
  });
}
