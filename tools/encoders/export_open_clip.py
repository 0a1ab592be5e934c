"""Exports a model of open_clip (LAION's CLIP, MobileCLIP, Perception Encoder, RemoteCLIP, …) to the hub's ONNX layout.

    (install tools/requirements/torch.txt and families.txt, as the latter says)
    .venv-torch/bin/python tools/encoders/export_open_clip.py --model ViT-B-32 --checkpoint RemoteCLIP-ViT-B-32.pt --output .cache/models/remoteclip
    .venv-torch/bin/python tools/encoders/export_open_clip.py --model MobileCLIP2-S0 --checkpoint dfndr2b --output .cache/models/mobileclip2-s0

`--checkpoint` is a file, or a name that open_clip downloads; `--seed` makes random weights instead. Of a name open_clip
knows the preprocessing; of a file it takes CLIP's, so that a MobileCLIP's wants `--mean 0 --std 1 --interpolation
bilinear`. Towers are fp32 alone: MobileCLIP's image tower suffers from int8.
"""

import argparse
from pathlib import Path

import open_clip
import torch
from open_clip.transform import PreprocessCfg
from open_clip_layout import export_towers, preprocessing, write_configuration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="open_clip's name of the architecture")
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--checkpoint", help="a file, or open_clip's name of the weights")
    weights.add_argument("--seed", type=int, help="random weights")
    parser.add_argument("--mean", type=float, help="of each channel, where open_clip does not know it")
    parser.add_argument("--std", type=float, help="likewise")
    parser.add_argument("--interpolation", choices=["bilinear", "bicubic"], help="likewise")
    parser.add_argument("--resize-mode", choices=["shortest", "squash"], help="likewise")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args()
    if args.seed is not None:
        torch.manual_seed(args.seed)
    thrice = lambda value: None if value is None else (value,) * 3  # noqa: E731
    model, _, _ = open_clip.create_model_and_transforms(
        args.model, pretrained=args.checkpoint, image_mean=thrice(args.mean), image_std=thrice(args.std),
        image_interpolation=args.interpolation, image_resize_mode=args.resize_mode,
    )
    tokenizer = open_clip.get_tokenizer(args.model)
    if not isinstance(tokenizer, open_clip.SimpleTokenizer):
        parser.error(f"{args.model} has another tokenizer than CLIP's; SigLIP is exported by export_encoder.py")
    model = model.float().eval()
    cfg = PreprocessCfg(**model.visual.preprocess_cfg)
    side = cfg.size if isinstance(cfg.size, int) else cfg.size[0]
    ids = tokenizer(["a photo of a dog.", "boat"])
    export_towers(args.output, model, {"text": ids, "vision": torch.rand(2, 3, side, side)}, unit=False)
    with torch.inference_mode():
        dim = model.encode_text(ids).shape[-1]
    write_configuration(args.output, tokenizer, preprocessing(cfg, side), side, dim, ids.shape[1])


if __name__ == "__main__":
    main()
