/**
 * Modules on top of CLIP.
 *
 * Command: `deno task notebooks 10_adapters`.
 * Paper: section 6.2, Table 4.
 *
 * @module
 */
import type { ExperimentDefinition, FusionMethod, FusionSpec, Scale } from "detailclip";
import { baseline } from "./baseline.ts";
import {
  asPublished,
  atScales,
  coverAt,
  detailClip,
  epochsAt,
  paperTraining,
  tiny,
} from "./fusion.ts";

/** A module on top of CLIP, trained with the paper's loss (§6.2) for 10 epochs, untuned. */
function adapter(method: string, model: FusionSpec, scale: Scale): FusionMethod {
  const train = { ...paperTraining, epochs: epochsAt(scale, 10) };
  return { method, cover: coverAt(scale), fuser: { kind: "trained", model, train } };
}

/** What else could be put on top of CLIP. */
export const adapters: ExperimentDefinition = {
  name: "adapters",
  title: "Modules that do not see the patches fall short",
  paper: ["Table 4"],
  baseline,
  ...atScales((scale) => [
    ...[1, 2, 3].map((layers) =>
      adapter(
        `MLP, ${layers} layer${layers > 1 ? "s" : ""}`,
        { kind: "mlp", input: "full", layers: layers as 1 | 2 | 3 },
        scale,
      )
    ),
    adapter("transformer, no patches", { ...tiny(scale), patches: false } as FusionSpec, scale),
    adapter("weighted patches", { kind: "weighted" }, scale),
    adapter("linear over patches", { kind: "linear" }, scale),
    adapter("MLP over patches, 1 layer", { kind: "mlp", input: "patches", layers: 1 }, scale),
    adapter("MLP over patches, 3 layers", { kind: "mlp", input: "patches", layers: 3 }, scale),
    asPublished(coverAt(scale), scale),
    detailClip(coverAt(scale), scale),
  ]),
};
