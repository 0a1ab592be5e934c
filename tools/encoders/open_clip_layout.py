"""A model of open_clip in the hub's ONNX layout, which `loadEncoder` reads."""

import json
from pathlib import Path

import open_clip
import torch
from export_encoder import END, OPSET, START, make_tokenizer
from open_clip.transform import PreprocessCfg
from tokenizers import Tokenizer, processors

RESAMPLE = {"bilinear": 2, "bicubic": 3}


class OpenClipTower(torch.nn.Module):
    """One tower as it is exported; jina-clip's own export normalises."""

    def __init__(self, model: torch.nn.Module, part: str, unit: bool):
        super().__init__()
        self.encode = model.encode_text if part == "text" else model.encode_image
        self.model, self.unit = model, unit

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.encode(x, normalize=self.unit)


def export_towers(folder: Path, model: torch.nn.Module, examples: dict[str, torch.Tensor], unit: bool) -> None:
    """Traces both towers with a free batch size; texts have their full length."""
    outputs = {"text": "text_embeds", "vision": "image_embeds"}
    if unit:
        outputs = {"text": "l2norm_text_embeddings", "vision": "l2norm_image_embeddings"}
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    for part, example in examples.items():
        names = ["input_ids" if part == "text" else "pixel_values", outputs[part]]
        torch.onnx.export(
            OpenClipTower(model, part, unit).eval(), (example,), str(folder / f"onnx/{part}_model.onnx"),
            input_names=names[:1], output_names=names[1:], opset_version=OPSET,
            dynamic_axes={name: {0: "batch_size"} for name in names}, dynamo=False,
        )


def fast_tokenizer(slow: open_clip.SimpleTokenizer) -> Tokenizer:
    """The hub's tokenizer.json of open_clip's tokenizer."""
    content = json.loads(make_tokenizer(77).to_str())
    renamed = {"<start_of_text>": START, "<end_of_text>": END}
    content["model"]["vocab"] = {renamed.get(token, token): i for token, i in slow.encoder.items()}
    content["model"]["merges"] = [list(pair) for pair in slow.bpe_ranks]
    content["added_tokens"], content["truncation"], content["post_processor"] = [], None, None
    fast = Tokenizer.from_str(json.dumps(content))
    fast.add_special_tokens([START, END])
    ends = [(END, slow.eot_token_id), (START, slow.sot_token_id)]
    fast.post_processor = processors.RobertaProcessing(*ends, trim_offsets=False, add_prefix_space=False)
    return fast


def preprocessing(cfg: PreprocessCfg, side: int) -> dict:
    """preprocessor_config.json; open_clip's `squash` becomes a size with both sides."""
    if cfg.interpolation not in RESAMPLE or cfg.resize_mode not in ("shortest", "squash"):
        raise ValueError(f"Cannot export: {cfg.interpolation} with {cfg.resize_mode} is not read by loadEncoder")
    crops = cfg.resize_mode == "shortest"
    square = {"height": side, "width": side}
    return {
        "crop_size": square, "do_center_crop": crops, "do_convert_rgb": True, "do_rescale": True, "do_resize": True,
        "do_normalize": not (list(cfg.mean) == [0] * 3 and list(cfg.std) == [1] * 3),
        "image_mean": list(cfg.mean), "image_std": list(cfg.std), "image_processor_type": "CLIPImageProcessor",
        "resample": RESAMPLE[cfg.interpolation], "rescale_factor": 1 / 255,
        "size": {"shortest_edge": side} if crops else square,
    }


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def write_configuration(
    folder: Path, slow: open_clip.SimpleTokenizer, image: dict, side: int, dim: int, context: int,
    family: str = "clip", pad: str = "!",
) -> None:
    """Writes what stands beside the towers; open_clip fills texts up with 0, which is `!`."""
    write_json(folder / "preprocessor_config.json", image)
    write_json(folder / "config.json", {
        "model_type": family, "projection_dim": dim,
        "text_config": {"max_position_embeddings": context}, "vision_config": {"image_size": side},
    })
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": context, "bos_token": START, "eos_token": END,
        "unk_token": END, "pad_token": pad,
    })
    (folder / "tokenizer.json").write_text(fast_tokenizer(slow).to_str() + "\n")
