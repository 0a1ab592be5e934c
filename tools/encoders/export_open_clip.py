"""Exports a model of open_clip (LAION's CLIP, MobileCLIP, Perception Encoder, RemoteCLIP, …) to the hub's ONNX layout.

    (install tools/requirements/torch.txt and families.txt, as the latter says)
    .venv-torch/bin/python tools/encoders/export_open_clip.py --model ViT-B-32 --checkpoint RemoteCLIP-ViT-B-32.pt --output .cache/models/remoteclip
    .venv-torch/bin/python tools/encoders/export_open_clip.py --model MobileCLIP2-S0 --checkpoint dfndr2b --output .cache/models/mobileclip2-s0
    .venv-torch/bin/python tools/encoders/export_open_clip.py --model PE-Core-B-16 --checkpoint meta --output .cache/models/pe-core-b-16
    .venv-torch/bin/python tools/encoders/export_open_clip.py --layout slip --checkpoint slip_base_100ep.pt --output .cache/models/slip
    .venv-torch/bin/python tools/encoders/export_open_clip.py --layout regionclip --checkpoint regionclip_pretrained-cc_rn50.pth --output .cache/models/regionclip

`--checkpoint` is a file, or a name that open_clip downloads; `--seed` makes random weights instead. Of a name open_clip
knows the preprocessing; of a file it takes CLIP's, so that a MobileCLIP's wants `--mean 0 --std 1 --interpolation
bilinear`, a Perception Encoder's `--mean 0.5 --std 0.5 --interpolation bilinear --resize-mode squash`. `--layout` reads
what the authors of SLIP and of RegionCLIP published, which open_clip does not. Towers are fp32 alone: MobileCLIP's image
tower suffers from int8.
"""

import argparse
from pathlib import Path

import open_clip
import torch
from authors_checkpoints import LAYOUTS, load_authors
from open_clip.transform import PreprocessCfg
from open_clip_layout import export_towers, preprocessing, write_configuration


def open_clip_model(args: argparse.Namespace) -> tuple[torch.nn.Module, PreprocessCfg]:
    """A model that open_clip knows, and how it wants its images."""
    thrice = lambda value: None if value is None else (value,) * 3  # noqa: E731
    model, _, _ = open_clip.create_model_and_transforms(
        args.model, pretrained=args.checkpoint, image_mean=thrice(args.mean), image_std=thrice(args.std),
        image_interpolation=args.interpolation, image_resize_mode=args.resize_mode,
    )
    return model, PreprocessCfg(**model.visual.preprocess_cfg)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    architecture = parser.add_mutually_exclusive_group(required=True)
    architecture.add_argument("--model", help="open_clip's name of the architecture")
    architecture.add_argument("--layout", choices=sorted(LAYOUTS), help="whose checkpoint it is, of those unknown to it")
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--checkpoint", help="a file, or open_clip's name of the weights")
    weights.add_argument("--seed", type=int, help="random weights")
    parser.add_argument("--mean", type=float, help="of each channel, where open_clip does not know it")
    parser.add_argument("--std", type=float, help="likewise")
    parser.add_argument("--interpolation", choices=["bilinear", "bicubic"], help="likewise")
    parser.add_argument("--resize-mode", choices=["shortest", "squash"], help="likewise")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args()
    if args.layout and not args.checkpoint:
        parser.error("--layout needs --checkpoint")
    if args.seed is not None:
        torch.manual_seed(args.seed)
    model, cfg = load_authors(args.layout, Path(args.checkpoint)) if args.layout else open_clip_model(args)
    tokenizer = open_clip.get_tokenizer(args.model or "ViT-B-32")
    if not isinstance(tokenizer, open_clip.SimpleTokenizer):
        parser.error(f"{args.model} has another tokenizer than CLIP's; SigLIP is exported by export_encoder.py")
    model = model.float().eval()
    side = cfg.size if isinstance(cfg.size, int) else cfg.size[0]
    ids = tokenizer(["a photo of a dog.", "boat"])
    export_towers(args.output, model, {"text": ids, "vision": torch.rand(2, 3, side, side)}, unit=False)
    with torch.inference_mode():
        dim = model.encode_text(ids).shape[-1]
    write_configuration(args.output, tokenizer, preprocessing(cfg, side), side, dim, ids.shape[1])


if __name__ == "__main__":
    main()
