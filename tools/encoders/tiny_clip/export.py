"""Writes a checkpoint in the hub's layout, which transformers.js and this workspace load.

    python tools/encoders/tiny_clip/export.py RUN [--to data/encoders/tiny-clip]

Checks that both ONNX towers give PyTorch's vectors, at two batch sizes.
"""

import argparse
import copy
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from captions import BOS, EOS, padding
from model import DIM, MEAN, SIZE, STD, TinyClip

TOLERANCE = 1e-4


def load_model(run: Path) -> tuple[TinyClip, Tokenizer]:
    tokenizer = padding(Tokenizer.from_file(str(run / "tokenizer.json")))
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    model = TinyClip(tokenizer.get_vocab_size(), bos, eos)
    model.load_state_dict(torch.load(run / "checkpoint.pt")["model"])
    return model.eval(), tokenizer


class TextTower(nn.Module):
    def __init__(self, model: TinyClip):
        super().__init__()
        self.text = model.text

    def forward(self, input_ids: Tensor) -> Tensor:  # (Q, T) -> (Q, D)
        return self.text(input_ids=input_ids).text_embeds


def folded(tower: nn.Module) -> nn.Module:
    """A copy with each batch normalisation folded into its convolution."""
    tower = copy.deepcopy(tower)
    for module in tower.modules():
        if isinstance(module, nn.Sequential) and len(module) == 2:
            if isinstance(module[1], nn.BatchNorm2d):
                module[0], module[1] = fuse_conv_bn_eval(module[0], module[1]), nn.Identity()
    return tower


def export_tower(tower: nn.Module, example: Tensor, names: tuple[str, str], path: Path) -> None:
    source, result = names
    axes = {0: "batch"} if example.ndim == 4 else {0: "batch", 1: "sequence"}
    torch.onnx.export(
        tower,
        (example,),
        str(path),
        input_names=[source],
        output_names=[result],
        dynamic_axes={source: axes, result: {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(str(path))


def check(tower: nn.Module, examples: list[Tensor], names: tuple[str, str], path: Path) -> float:
    """Largest difference between PyTorch's and ONNX Runtime's unit vectors."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for example in examples:
        with torch.no_grad():
            wanted = nn.functional.normalize(tower(example), dim=-1).numpy()
        found = session.run([names[1]], {names[0]: example.numpy()})[0]
        found /= np.linalg.norm(found, axis=-1, keepdims=True)
        worst = max(worst, float(np.abs(found - wanted).max()))
    if worst > TOLERANCE:
        raise SystemExit(f"Cannot export {path.name}: vectors differ from PyTorch's by {worst:.2e}")
    return worst


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_configs(folder: Path, model: TinyClip, tokenizer: Tokenizer) -> None:
    text = model.text.config
    fields = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers")
    fields += ("num_attention_heads", "max_position_embeddings", "projection_dim", "hidden_act")
    fields += ("bos_token_id", "eos_token_id", "pad_token_id", "layer_norm_eps")
    config = {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": DIM,
        "text_config": {
            "model_type": "clip_text_model",
            **{field: getattr(text, field) for field in fields},
        },
        # The tower is a convolutional net: only these fields of a CLIP vision config apply to it.
        "vision_config": {
            "model_type": "clip_vision_model",
            "image_size": SIZE,
            "num_channels": 3,
            "projection_dim": DIM,
        },
    }
    known = folder / "config.json"
    if known.exists():  # common_direction.ts finds it anew where the towers have changed
        common = json.loads(known.read_text()).get("common_direction")
        config |= {"common_direction": common} if common else {}
    write_json(known, config)
    preprocessor = {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": SIZE},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": SIZE, "width": SIZE},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": STD,
    }
    write_json(folder / "preprocessor_config.json", preprocessor)
    special = {"bos_token": BOS, "eos_token": EOS, "unk_token": EOS, "pad_token": EOS}
    write_json(folder / "special_tokens_map.json", special)
    details = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True}
    write_json(folder / "tokenizer_config.json", {**details, **special})
    plain = Tokenizer.from_str(tokenizer.to_str())
    plain.no_padding()  # the caller pads and truncates
    plain.no_truncation()
    plain.save(str(folder / "tokenizer.json"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--to", type=Path, default=Path("data/encoders/tiny-clip"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, tokenizer = load_model(args.run)
    (args.to / "onnx").mkdir(parents=True, exist_ok=True)
    write_configs(args.to, model, tokenizer)
    ids = [tokenizer.encode_batch(texts) for texts in (["a photo of a fox."], ["owl", "red apple"])]
    texts = [torch.tensor([encoding.ids for encoding in batch]) for batch in ids]
    images = [torch.randn(count, 3, SIZE, SIZE) for count in (2, 5)]
    jobs = (
        ("vision_model", folded(model.vision), images, ("pixel_values", "image_embeds")),
        ("text_model", TextTower(model), texts, ("input_ids", "text_embeds")),
    )
    for name, tower, examples, names in jobs:
        path = args.to / "onnx" / f"{name}.onnx"
        export_tower(tower, examples[0], names, path)
        worst = check(tower, examples, names, path)
        print(f"{path}: {path.stat().st_size / 2**20:.2f} MiB, max difference {worst:.1e}")


if __name__ == "__main__":
    main()
