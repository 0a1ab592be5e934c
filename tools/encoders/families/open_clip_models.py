"""LAION's CLIP and MobileCLIP, of open_clip and timm, and jina-clip's layout."""

import gzip
import json
import tempfile
from functools import partial
from pathlib import Path

import open_clip
import timm
import torch
from export_encoder import CLIP_MEAN, CLIP_STD, END, OPSET, START, make_tokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2
from timm.models.fastvit import RepConditionalPosEnc, _create_fastvit
from tokenizers import Tokenizer, processors

from families.common import DIM, SIDE, TEXTS, WIDTH, randomize, write_golden, write_json


def export(module: torch.nn.Module, example: torch.Tensor, path: Path, names: tuple[str, str]) -> None:
    """Traces one tower of open_clip with a free batch size; texts have their full length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        module, (example,), str(path), input_names=[names[0]], output_names=[names[1]], opset_version=OPSET,
        dynamic_axes={name: {0: "batch_size"} for name in names}, dynamo=False,
    )


def open_clip_tokenizer(folder: Path) -> tuple[open_clip.SimpleTokenizer, Tokenizer]:
    """open_clip's tokenizer on a small vocabulary, and the hub's tokenizer.json of it."""
    trained = json.loads(make_tokenizer(77).to_str())
    merges = [" ".join(merge) for merge in trained["model"]["merges"]]
    with gzip.open(folder / "bpe.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(["#version", *merges]))
    slow = open_clip.SimpleTokenizer(str(folder / "bpe.txt.gz"))
    renamed = {"<start_of_text>": START, "<end_of_text>": END}
    trained["model"]["vocab"] = {renamed.get(token, token): i for token, i in slow.encoder.items()}
    trained["added_tokens"], trained["truncation"] = [], None
    fast = Tokenizer.from_str(json.dumps(dict(trained, post_processor=None)))
    fast.add_special_tokens([START, END])
    ends = [(END, slow.eot_token_id), (START, slow.sot_token_id)]
    fast.post_processor = processors.RobertaProcessing(*ends, trim_offsets=False, add_prefix_space=False)
    return slow, fast


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


class OpenClipTower(torch.nn.Module):
    """One tower of open_clip, as exported; jina-clip's own export normalises."""

    def __init__(self, model: torch.nn.Module, part: str, unit: bool):
        super().__init__()
        self.encode = model.encode_text if part == "text" else model.encode_image
        self.model, self.unit = model, unit

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.encode(x, normalize=self.unit)


def make_open_clip(folder: Path, kind: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        slow, fast = open_clip_tokenizer(Path(scratch))
    mobile, jina = kind == "mobileclip", kind == "jina-clip"
    model = open_clip_model(mobile, slow.vocab_size).eval()
    randomize(model)
    side = 2 * SIDE if mobile else SIDE
    ids = slow(TEXTS)  # (Q, 77), filled up with 0, which is "!"
    names = {
        "text": ("input_ids", "l2norm_text_embeddings" if jina else "text_embeds"),
        "vision": ("pixel_values", "l2norm_image_embeddings" if jina else "image_embeds"),
    }
    examples = {"text": ids, "vision": torch.rand(2, 3, side, side)}
    for part, example in examples.items():
        export(OpenClipTower(model, part, jina).eval(), example, folder / f"onnx/{part}_model.onnx", names[part])
    mean, std = ([0.0] * 3, [1.0] * 3) if mobile else (CLIP_MEAN, CLIP_STD)
    write_json(folder / "preprocessor_config.json", {
        "image_processor_type": "JinaCLIPImageProcessor", "size": side, "resize_mode": "shortest",
        "interpolation": "bicubic", "mean": mean, "std": std, "fill_color": 0,
    } if jina else {
        "crop_size": {"height": side, "width": side}, "do_center_crop": True, "do_convert_rgb": True,
        "do_normalize": not mobile, "do_rescale": True, "do_resize": True, "image_mean": mean, "image_std": std,
        "image_processor_type": "CLIPImageProcessor", "resample": 2 if mobile else 3, "rescale_factor": 1 / 255,
        "size": {"shortest_edge": side},
    })
    write_json(folder / "config.json", {
        "model_type": "jina_clip" if jina else "clip", "projection_dim": DIM,
        "text_config": {"max_position_embeddings": 77}, "vision_config": {"image_size": side},
    })
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "bos_token": START, "eos_token": END,
        "unk_token": END, "pad_token": END if kind == "laion" else "!",
    })
    (folder / "tokenizer.json").write_text(fast.to_str() + "\n")
    transform = image_transform_v2(
        PreprocessCfg(size=side, mean=mean, std=std, interpolation="bilinear" if mobile else "bicubic"), is_train=False
    )
    double = model.double()
    with torch.inference_mode():
        vectors = lambda images: double.encode_image(  # noqa: E731
            torch.stack([transform(image) for image in images]).double()
        )
        write_golden(folder, vectors, ids.tolist(), double.encode_text(ids))
