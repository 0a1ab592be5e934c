"""LAION's CLIP, MobileCLIP and Perception Encoder, of open_clip and timm, and jina-clip's layout."""

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
from timm.layers import LayerNorm
from timm.models.eva import _create_eva
from timm.models.fastvit import RepConditionalPosEnc, _create_fastvit

from families.common import DIM, SIDE, TEXTS, WIDTH, randomize, write_golden


def small_tokenizer(folder: Path, context: int) -> open_clip.SimpleTokenizer:
    """open_clip's tokenizer on a small vocabulary."""
    trained = json.loads(make_tokenizer(77).to_str())
    merges = [" ".join(merge) for merge in trained["model"]["merges"]]
    with gzip.open(folder / "bpe.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(["#version", *merges]))
    return open_clip.SimpleTokenizer(str(folder / "bpe.txt.gz"), context_length=context)


def fastvit_small(pretrained: bool = False, **kwargs) -> torch.nn.Module:
    """timm's fastvit_mci0, MobileCLIP2-S0's image tower, with fewer layers and columns."""
    size = dict(
        layers=(1, 1, 1, 1), embed_dims=(8, 8, 16, 32), mlp_ratios=(1, 1, 1, 1),
        se_downsamples=(False, False, True, True), lkc_use_act=True, layer_scale_init_value=1.0,
        pos_embs=(None, None, None, partial(RepConditionalPosEnc, spatial_shape=(7, 7))),
        token_mixers=("repmixer", "repmixer", "repmixer", "attention"),
    )
    return _create_fastvit("fastvit_mci0", pretrained=False, **dict(size, **kwargs))


def perception_small(pretrained: bool = False, **kwargs) -> torch.nn.Module:
    """timm's vit_pe_core_base_patch16_224, PE-Core-B-16's image tower, with fewer layers and columns."""
    size = dict(
        img_size=SIDE, patch_size=8, embed_dim=WIDTH // 2, depth=2, num_heads=2, mlp_ratio=2.0, global_pool="map",
        attn_type="rope", use_pre_transformer_norm=True, use_rot_pos_emb=True, ref_feat_shape=(4, 4),
        rope_grid_offset=1.0, rope_grid_indexing="xy", attn_pool_num_heads=2, attn_pool_mlp_ratio=2.0,
        norm_layer=partial(LayerNorm, eps=1e-5),
    )
    return _create_eva("vit_pe_core_base_patch16_224", pretrained=False, **dict(size, **kwargs))


# Image towers of timm by family: the small one, and what open_clip's configuration says of the true one.
TIMM = {
    "mobileclip": (fastvit_small, dict(timm_model_name="fastvit_mci0", timm_pool="avg")),
    "perception": (perception_small, dict(timm_model_name="vit_pe_core_base_patch16_224", timm_pool="map")),
}
# Text towers that are not CLIP's 77 tokens long: PE's are 32; jina-clip's are longer, here as short as its file should be.
CONTEXT = {"perception": 32, "jina-clip": 32}


def open_clip_model(kind: str, vocabulary: int, context: int) -> torch.nn.Module:
    width = WIDTH // 2 if kind in CONTEXT else WIDTH
    text = dict(context_length=context, vocab_size=vocabulary, width=width, heads=2, layers=2)
    if kind not in TIMM:
        vision = dict(image_size=SIDE, layers=2, width=WIDTH, head_width=8, patch_size=8)
        return open_clip.model.CLIP(DIM, vision, text)
    small, vision = TIMM[kind]
    create, timm.create_model = timm.create_model, lambda name, **kwargs: small(**kwargs)
    try:
        return open_clip.model.CustomTextCLIP(
            DIM, dict(vision, timm_proj=None), dict(text, no_causal_mask=kind == "mobileclip")
        )
    finally:
        timm.create_model = create


def preprocess_cfg(kind: str) -> PreprocessCfg:
    """How open_clip prepares images for a family."""
    if kind == "mobileclip":
        return PreprocessCfg(2 * SIDE, mean=(0.0,) * 3, std=(1.0,) * 3, interpolation="bilinear")
    if kind == "perception":
        half = (0.5,) * 3
        return PreprocessCfg(SIDE, mean=half, std=half, interpolation="bilinear", resize_mode="squash")
    return PreprocessCfg(SIDE, mean=CLIP_MEAN, std=CLIP_STD, interpolation="bicubic")


def make_open_clip(folder: Path, kind: str) -> None:
    context = CONTEXT.get(kind, 77)
    with tempfile.TemporaryDirectory() as scratch:
        slow = small_tokenizer(Path(scratch), context)
    jina = kind == "jina-clip"
    model = open_clip_model(kind, slow.vocab_size, context).eval()
    randomize(model)
    cfg = preprocess_cfg(kind)
    side = cfg.size
    ids = slow(TEXTS)  # (Q, context), filled up with 0, which is "!"
    export_towers(folder, model, {"text": ids, "vision": torch.rand(2, 3, side, side)}, unit=jina)
    image = {
        "image_processor_type": "JinaCLIPImageProcessor", "size": side, "resize_mode": "shortest",
        "interpolation": "bicubic", "mean": CLIP_MEAN, "std": CLIP_STD, "fill_color": 0,
    } if jina else preprocessing(cfg, side)
    family = "jina_clip" if jina else "clip"
    write_configuration(folder, slow, image, side, DIM, context, family, END if kind == "laion" else "!")
    transform = image_transform_v2(cfg, is_train=False)
    double = model.double()
    with torch.inference_mode():
        vectors = lambda images: double.encode_image(  # noqa: E731
            torch.stack([transform(image) for image in images]).double()
        )
        write_golden(folder, vectors, ids.tolist(), double.encode_text(ids))
