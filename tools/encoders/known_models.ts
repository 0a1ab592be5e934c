/**
 * Models of the hub in the layout that `loadEncoder` reads, to choose from. None is checked here with its own
 * weights, which cannot be fetched where this was built; their families are, with random ones.
 *
 * @module
 */

/** A model to choose. */
export interface KnownModel {
  /** Its id on the hub. */
  id: string;
  /** What it is, and what it is good for. */
  about: string;
}

/** Models to choose from; the licence is that which `deno task encoder add` prints. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    id: "Xenova/clip-vit-base-patch32",
    about: "CLIP B/32, 224 px: the paper's; fastest of CLIP's",
  },
  { id: "Xenova/clip-vit-base-patch16", about: "CLIP B/16, 224 px" },
  { id: "Xenova/clip-vit-large-patch14", about: "CLIP L/14, 224 px: for a GPU" },
  { id: "Xenova/clip-vit-large-patch14-336", about: "CLIP L/14, 336 px: for a GPU" },
  {
    id: "onnx-community/siglip2-base-patch16-256-ONNX",
    about: "SigLIP 2 B/16, 256 px: many languages; with --dtype q8 for a laptop",
  },
  { id: "Xenova/siglip-base-patch16-224", about: "SigLIP B/16, 224 px" },
  { id: "Xenova/mobileclip_blt", about: "MobileCLIP B(LT), 224 px; fp32: it suffers from int8" },
  {
    id: "jinaai/jina-clip-v1",
    about: "jina-clip v1, 224 px: long texts; v2 (one file) is not read",
  },
];
