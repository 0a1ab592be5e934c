"""Checkpoints that their authors' code alone reads, as models with open_clip's `encode_image` and `encode_text`.

No package holds SLIP or RegionCLIP. Both are made of parts that open_clip and timm hold; sizes are read off the weights.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import open_clip
import torch
from open_clip.transform import PreprocessCfg
from open_clip.transformer import QuickGELU, TextTransformer
from timm.models.vision_transformer import VisionTransformer
from torch.nn.functional import normalize

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Weights = dict[str, torch.Tensor]


def layers_of(weights: Weights, prefix: str) -> int:
    """How many numbered parts there are whose names begin with `prefix`."""
    return len({name[len(prefix) :].split(".")[0] for name in weights if name.startswith(prefix)})


def text_sizes(weights: Weights) -> dict[str, int]:
    """The sizes of CLIP's text tower; its heads have 64 columns."""
    vocabulary, width = weights["token_embedding.weight"].shape
    return dict(
        context_length=len(weights["positional_embedding"]), vocab_size=vocabulary, width=width,
        heads=max(1, width // 64), layers=layers_of(weights, "transformer.resblocks."),
    )


def load_all(model: torch.nn.Module, weights: Weights, absent: tuple[str, ...] = ()) -> None:
    """Loads weights that must be all that the model has, but for buffers whose names end with one of `absent`."""
    lacking, unknown = model.load_state_dict(weights, strict=False)
    lacking = [name for name in lacking if not name.endswith(absent or ("\0",))]
    if lacking or unknown:
        raise ValueError(f"Cannot read checkpoint: it lacks {lacking[:5]}, and has {unknown[:5]} that nothing takes")


class Slip(torch.nn.Module):
    """SLIP (and its CLIP baselines), github.com/facebookresearch/SLIP: timm's ViT beside CLIP's text tower."""

    def __init__(self, weights: Weights):
        super().__init__()
        weights = {name: value for name, value in weights.items() if not name.startswith(("image_mlp.", "logit_scale"))}
        text = ("transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection")
        weights = {f"text.{name}" if name.startswith(text) else name: value for name, value in weights.items()}
        sizes = text_sizes({name.removeprefix("text."): value for name, value in weights.items()})
        width, dim = weights["image_projection"].shape
        patch, depth = weights["visual.patch_embed.proj.weight"].shape[-1], layers_of(weights, "visual.blocks.")
        self.side = patch * round((weights["visual.pos_embed"].shape[1] - 1) ** 0.5)
        self.visual = VisionTransformer(
            img_size=self.side, patch_size=patch, embed_dim=width, depth=depth, num_classes=0,
            num_heads=16 if depth == 24 else 12,  # 12 of ViT-S too, where timm's has 6
        )
        self.image_projection = torch.nn.Parameter(torch.empty(width, dim))
        self.text = TextTransformer(**sizes, output_dim=dim, act_layer=QuickGELU)
        load_all(self, weights)

    def encode_image(self, image: torch.Tensor, normalize: bool = False) -> torch.Tensor:
        return unit_if(self.visual(image) @ self.image_projection, normalize)

    def encode_text(self, text: torch.Tensor, normalize: bool = False) -> torch.Tensor:
        return unit_if(self.text(text), normalize)


def unit_if(vectors: torch.Tensor, wanted: bool) -> torch.Tensor:
    return normalize(vectors, dim=-1) if wanted else vectors


def slip(weights: Weights) -> tuple[torch.nn.Module, PreprocessCfg]:
    model = Slip(weights)
    return model, PreprocessCfg(model.side, mean=IMAGENET_MEAN, std=IMAGENET_STD, interpolation="bilinear")


def regionclip(weights: Weights) -> tuple[torch.nn.Module, PreprocessCfg]:
    """RegionCLIP, github.com/microsoft/RegionCLIP: CLIP's ResNet over the whole patch, and CLIP's text tower."""
    prefixes = {"backbone.": "visual.", "lang_encoder.": ""}
    weights = {
        new + name.removeprefix(old): value
        for old, new in prefixes.items() for name, value in weights.items() if name.startswith(old)
    }
    side = 32 * round((len(weights["visual.attnpool.positional_embedding"]) - 1) ** 0.5)
    layers = [layers_of(weights, f"visual.layer{stage}.") for stage in (1, 2, 3, 4)]
    vision = dict(layers=layers, width=len(weights["visual.conv3.weight"]), image_size=side)
    model = open_clip.model.CLIP(weights["text_projection"].shape[1], vision, text_sizes(weights), quick_gelu=True)
    load_all(model, weights, absent=("logit_scale", "num_batches_tracked"))
    return model, PreprocessCfg(side, interpolation="bicubic")


LAYOUTS: dict[str, Callable[[Weights], tuple[torch.nn.Module, PreprocessCfg]]] = {"slip": slip, "regionclip": regionclip}


def load_authors(layout: str, path: Path) -> tuple[torch.nn.Module, PreprocessCfg]:
    """A checkpoint's model, and how it wants its images."""
    with torch.serialization.safe_globals([argparse.Namespace]):  # SLIP keeps its command line beside the weights
        content = torch.load(path, map_location="cpu", weights_only=True)
    weights = next((content[name] for name in ("state_dict", "model") if name in content), content)
    weights = {name.removeprefix("module."): value.float() for name, value in weights.items() if torch.is_tensor(value)}
    try:
        return LAYOUTS[layout](weights)
    except KeyError as error:
        raise ValueError(f"Cannot read {path} as a checkpoint of {layout}: it has no weights {error}") from error
