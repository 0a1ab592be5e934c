"""LAION's CLIP and MobileCLIP, of open_clip and timm, and jina-clip's layout."""

import gzip
import json
import tempfile
from functools import partial
from pathlib import Path

import open_clip
import timm
import torch
from export_encoder import CLIP_MEAN, CLIP_STD, END, make_tokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2
from open_clip_layout import export_towers, preprocessing, write_configuration
from timm.models.fastvit import RepConditionalPosEnc, _create_fastvit

from families.common import DIM, SIDE, TEXTS, WIDTH, randomize, write_golden


def small_tokenizer(folder: Path) -> open_clip.SimpleTokenizer:
    """open_clip's tokenizer on a small vocabulary."""
    trained = json.loads(make_tokenizer(77).to_str())
    merges = [" ".join(merge) for merge in trained["model"]["merges"]]
    with gzip.open(folder / "bpe.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(["#version", *merges]))
    return open_clip.SimpleTokenizer(str(folder / "bpe.txt.gz"))


def fastvit_small(pretrained: bool = False, **kwargs) -> torch.nn.Module:
    """timm's fastvit_mci0, MobileCLIP2-S0's image tower, with fewer layers and columns."""
    size = dict(
        layers=(1, 1, 1, 1), embed_dims=(8, 8, 16, 32), mlp_ratios=(1, 1, 1, 1),
        se_downsamples=(False, False, True, True), lkc_use_act=True, layer_scale_init_value=1.0,
        pos_embs=(None, None, None, partial(RepConditionalPosEnc, spatial_shape=(7, 7))),
        token_mixers=("repmixer", "repmixer", "repmixer", "attention"),
    )
    return _create_fastvit("fastvit_mci0", pretrained=False, **dict(size, **kwargs))


def open_clip_model(mobile: bool, vocabulary: int) -> torch.nn.Module:
    text = dict(context_length=77, vocab_size=vocabulary, width=WIDTH, heads=2, layers=2)
    if not mobile:
        vision = dict(image_size=SIDE, layers=2, width=WIDTH, head_width=8, patch_size=8)
        return open_clip.model.CLIP(DIM, vision, text)
    create, timm.create_model = timm.create_model, lambda name, **kwargs: fastvit_small(**kwargs)
    try:
        vision = dict(timm_model_name="fastvit_mci0", timm_pool="avg", timm_proj=None, image_size=2 * SIDE)
        return open_clip.model.CustomTextCLIP(DIM, vision, dict(text, no_causal_mask=True))
    finally:
        timm.create_model = create


def make_open_clip(folder: Path, kind: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        slow = small_tokenizer(Path(scratch))
    mobile, jina = kind == "mobileclip", kind == "jina-clip"
    model = open_clip_model(mobile, slow.vocab_size).eval()
    randomize(model)
    side = 2 * SIDE if mobile else SIDE
    ids = slow(TEXTS)  # (Q, 77), filled up with 0, which is "!"
    export_towers(folder, model, {"text": ids, "vision": torch.rand(2, 3, side, side)}, unit=jina)
    cfg = PreprocessCfg(side, mean=CLIP_MEAN, std=CLIP_STD, interpolation="bicubic")
    if mobile:
        cfg = PreprocessCfg(side, mean=(0.0,) * 3, std=(1.0,) * 3, interpolation="bilinear")
    image = {
        "image_processor_type": "JinaCLIPImageProcessor", "size": side, "resize_mode": "shortest",
        "interpolation": "bicubic", "mean": CLIP_MEAN, "std": CLIP_STD, "fill_color": 0,
    } if jina else preprocessing(cfg, side)
    family = "jina_clip" if jina else "clip"
    write_configuration(folder, slow, image, side, DIM, 77, family, END if kind == "laion" else "!")
    transform = image_transform_v2(cfg, is_train=False)
    double = model.double()
    with torch.inference_mode():
        vectors = lambda images: double.encode_image(  # noqa: E731
            torch.stack([transform(image) for image in images]).double()
        )
        write_golden(folder, vectors, ids.tolist(), double.encode_text(ids))
