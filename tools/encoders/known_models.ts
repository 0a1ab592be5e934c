/**
 * Models to choose from: those of the hub in the layout that `loadEncoder` reads, and those that a script exports from
 * PyTorch. None is checked here with its own weights, which cannot be fetched where this was built; architectures are,
 * with random ones (lib/encoders/testdata/families).
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
    about:
      "jina-clip v1, 224 px: long texts; v2 (NOT for commercial use) is one file: split_towers.py",
  },
];

/** A model that is not on the hub in that layout, with what makes it. */
export interface ExportedModel {
  /** What it is, and what it is good for. */
  about: string;
  /** The script of `tools/encoders/` and its options, but for `--output FOLDER`; each says more with `--help`. */
  script: string;
}

/** Models to export from PyTorch (tools/requirements/torch.txt and families.txt). */
export const EXPORTED_MODELS: readonly ExportedModel[] = [
  {
    about: "RemoteCLIP B/32, for satellite images",
    script: "export_open_clip.py --model ViT-B-32 --checkpoint RemoteCLIP-ViT-B-32.pt",
  },
  {
    about: "Git-RSCLIP B/16 (SigLIP's architecture), for satellite images",
    script: "export_encoder.py --model lcybuaa/Git-RSCLIP-base",
  },
  {
    about: "Perception Encoder B/16 and larger, for a GPU",
    script: "export_open_clip.py --model PE-Core-B-16 --checkpoint meta",
  },
  {
    about: "MobileCLIP 2 S0, for a laptop; fp32: it suffers from int8",
    script: "export_open_clip.py --model MobileCLIP2-S0 --checkpoint dfndr2b",
  },
  {
    about: "BLIP-2's contrastive head (ViT-g), for a GPU",
    script: "export_blip2.py --model Salesforce/blip2-itm-vit-g",
  },
  {
    about: "SLIP, of the paper's Table 3",
    script: "export_open_clip.py --layout slip --checkpoint slip_base_100ep.pt",
  },
  {
    about: "RegionCLIP, of the paper's Table 3",
    script:
      "export_open_clip.py --layout regionclip --checkpoint regionclip_pretrained-cc_rn50.pth",
  },
];
