"""Exports a CLIP-family encoder from PyTorch to the hub's ONNX layout, which `loadEncoder` reads.

    .venv-torch/bin/python tools/encoders/export_encoder.py --model openai/clip-vit-base-patch32 --output .cache/models/clip
    .venv-torch/bin/python tools/encoders/export_encoder.py --random tiny --seed 0 --golden --output lib/encoders/testdata/random-clip
    .venv-torch/bin/python tools/encoders/export_encoder.py --random vit-b-32 --seed 0 --output .cache/bench/random-vit-b-32

Writes config.json, preprocessor_config.json, tokenizer.json, tokenizer_config.json and
onnx/{text,vision}_model{,_quantized,_fp16}.onnx. `--model` takes a folder, or an id that Hugging Face's
own client finds or downloads. `--random` makes weights from a seed: nothing is downloaded. `--golden`
adds golden.json: inputs and the vectors PyTorch gives for them, for the parity test. `--keep-torch`
adds the PyTorch weights (model.safetensors), which the benchmark's PyTorch side loads.
"""

import argparse
import base64
import json
import re
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from lean_tower import lean
from onnxruntime.transformers.float16 import convert_float_to_float16
from quantize_rows import quantize_rows
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModel, CLIPConfig, CLIPModel

ROOT = Path(__file__).resolve().parents[2]
OPSET = 18
START, END = "<|startoftext|>", "<|endoftext|>"
CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
CLIP_STD = [0.26862954, 0.26130258, 0.27577711]
# What CLIP's own tokenizer splits text by, before byte-pair encoding.
CLIP_SPLIT = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
# Text that the random models' small vocabulary is learned from; class names follow from data/classes.
CORPUS = ["a photo of a red apple.", "a bad photo of the {}.", "itap of my dog, in a video game!"]
GOLDEN_TEXTS = [
    "a photo of a red apple.",
    "A  Photo\tof a BOAT!",
    "itap of my naïve café, 42 of them",
    "dog",
    "",
    "a very long caption " * 20,
]

RANDOM = {
    # width, layers, heads, feed-forward width, of both towers; input side; patch side; projection
    "tiny": dict(width=32, layers=2, heads=4, ff=64, image=64, patch=16, dim=32),
    "vit-b-32": dict(width=768, layers=12, heads=12, ff=3072, image=224, patch=32, dim=512),
}


def make_tokenizer(max_length: int) -> Tokenizer:
    """CLIP's tokenizer with a small vocabulary: bytes, bytes that end a word, and a few merges."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=END))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(CLIP_SPLIT), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    names = json.loads((ROOT / "data/classes/clevr-ds.json").read_text())
    corpus = CORPUS + [json.dumps(names)]
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=360,
        initial_alphabet=letters,
        end_of_word_suffix="</w>",
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    trained = json.loads(tokenizer.to_str())
    merges = trained["model"]["merges"]
    # CLIP's order: bytes, bytes that end a word, merges, then the two special tokens (END is the highest id).
    tokens = sorted(letters) + [letter + "</w>" for letter in sorted(letters)] + ["".join(m) for m in merges]
    tokens = list(dict.fromkeys(tokens)) + [START, END]
    trained["model"]["vocab"] = {token: i for i, token in enumerate(tokens)}
    tokenizer = Tokenizer.from_str(json.dumps(trained))
    tokenizer.add_special_tokens([START, END])
    tokenizer.post_processor = processors.RobertaProcessing(
        (END, tokenizer.token_to_id(END)),
        (START, tokenizer.token_to_id(START)),
        trim_offsets=False,
        add_prefix_space=False,
    )
    tokenizer.enable_truncation(max_length)
    return tokenizer


def random_model(kind: str, seed: int) -> tuple[CLIPModel, Tokenizer]:
    """A CLIP whose weights come from the seed alone."""
    size = RANDOM[kind]
    tokenizer = make_tokenizer(77)
    tower = dict(
        num_hidden_layers=size["layers"], num_attention_heads=size["heads"], intermediate_size=size["ff"]
    )
    if kind == "vit-b-32":  # the sizes of OpenAI's text tower
        text = dict(tower, hidden_size=512, num_attention_heads=8, intermediate_size=2048)
    else:
        text = dict(tower, hidden_size=size["width"])
    special = dict(bos_token_id=tokenizer.token_to_id(START), eos_token_id=tokenizer.token_to_id(END))
    config = CLIPConfig(
        text_config=dict(text, vocab_size=tokenizer.get_vocab_size(), pad_token_id=special["eos_token_id"], **special),
        vision_config=dict(tower, hidden_size=size["width"], image_size=size["image"], patch_size=size["patch"]),
        projection_dim=size["dim"],
    )
    torch.manual_seed(seed)
    model = CLIPModel._from_config(config, attn_implementation="eager")
    with torch.no_grad():  # the usual initial values are so small that all inputs give nearly one vector
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0, 0.02)
            elif parameter.ndim >= 2 and "embedding" not in name:
                parameter.normal_(0, 1 / np.sqrt(parameter[0].numel()))
            elif "embedding" in name:
                parameter.normal_(0, 0.5 if parameter.ndim < 4 else 1 / np.sqrt(parameter[0].numel()))
    return model, tokenizer


class Tower(torch.nn.Module):
    """One tower with what the hub's files return: `text_embeds` or `image_embeds`, or a pooled output."""

    def __init__(self, model: torch.nn.Module, part: str):
        super().__init__()
        self.tower = getattr(model, f"{part}_model")
        self.projection = getattr(model, "text_projection" if part == "text" else "visual_projection", None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled = self.tower(x).pooler_output
        return pooled if self.projection is None else self.projection(pooled)


def export_tower(model: torch.nn.Module, part: str, path: Path) -> None:
    """Traces one tower, rewritten for speed, with a free batch size (and text length)."""
    config = getattr(model.config, f"{part}_config")
    projected = hasattr(model, "visual_projection")
    tower = Tower(model, part).eval()
    if part == "text":
        example = torch.arange(18).reshape(2, 9)
        name, axes = "input_ids", {0: "batch_size", 1: "sequence_length"}
        output = "text_embeds" if projected else "pooler_output"
    else:
        example = torch.rand(2, 3, config.image_size, config.image_size)
        name, axes = "pixel_values", {0: "batch_size"}
        output = "image_embeds" if projected else "pooler_output"
    path.parent.mkdir(parents=True, exist_ok=True)
    family = model.config.model_type
    with lean(tower.tower, part, family), warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tower, (example,), str(path), input_names=[name], output_names=[output],
            dynamic_axes={name: axes, output: {0: "batch_size"}}, opset_version=OPSET, dynamo=False,
        )


def to_int8(model: torch.nn.Module, part: str, exported: onnx.ModelProto) -> onnx.ModelProto:
    """The same tower with int8 products of matrices, wherever those see a row a token."""
    inside = re.compile("/layers[.]|/patch_embedding/")
    # The last layer of CLIP's image tower sees a row an image: int8 would save no time, and lose precision.
    alone = part == "vision" and model.config.model_type == "clip"
    kept = f"/layers.{model.config.vision_config.num_hidden_layers - 1}/" if alone else None
    return quantize_rows(exported, lambda name: bool(inside.search(name)) and not (kept and kept in name))


def write_variants(model: torch.nn.Module, folder: Path, dtypes: list[str]) -> None:
    """Writes the int8 and half-precision files beside the fp32 ones."""
    for part in ("text", "vision"):
        exported = folder / f"onnx/{part}_model.onnx"
        if "q8" in dtypes:
            onnx.save(to_int8(model, part, onnx.load(exported)), folder / f"onnx/{part}_model_quantized.onnx")
        if "fp16" in dtypes:
            half = convert_float_to_float16(onnx.load(exported), keep_io_types=True, disable_shape_infer=True)
            onnx.save(half, folder / f"onnx/{part}_model_fp16.onnx")


def write_configuration(model: torch.nn.Module, tokenizer: Tokenizer | None, source: str | None, out: Path) -> None:
    """Writes config, preprocessing and tokenizer: made here for random weights, else the source's own."""
    out.mkdir(parents=True, exist_ok=True)
    if tokenizer is None:
        from transformers import AutoImageProcessor, AutoTokenizer

        AutoTokenizer.from_pretrained(source).save_pretrained(out)
        AutoImageProcessor.from_pretrained(source).save_pretrained(out)
        model.config.save_pretrained(out)
        return
    config = model.config.to_dict()
    config["architectures"] = ["CLIPModel"]
    side = model.config.vision_config.image_size
    preprocessing = {
        "crop_size": {"height": side, "width": side}, "do_center_crop": True, "do_convert_rgb": True,
        "do_normalize": True, "do_rescale": True, "do_resize": True,
        "image_processor_type": "CLIPImageProcessor", "image_mean": CLIP_MEAN, "image_std": CLIP_STD,
        "resample": 3, "rescale_factor": 1 / 255, "size": {"shortest_edge": side},
    }
    tokenizing = {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": model.config.text_config.max_position_embeddings,
        "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END, "add_prefix_space": False,
        "do_lower_case": True,
    }
    for name, content in [
        ("config.json", config), ("preprocessor_config.json", preprocessing), ("tokenizer_config.json", tokenizing)
    ]:
        (out / name).write_text(json.dumps(content, indent=1, sort_keys=True, default=str) + "\n")
    (out / "tokenizer.json").write_text(tokenizer.to_str() + "\n")


def golden_images(side: int) -> np.ndarray:
    """Four bytes images: a gradient, stripes, noise, black: (4, S, S, 3)."""
    y, x = np.mgrid[0:side, 0:side]
    gradient = np.stack([x * 255 // (side - 1), y * 255 // (side - 1), (x + y) * 255 // (2 * side - 2)], -1)
    stripes = np.stack([(x // 4 % 2) * 255, (y // 8 % 2) * 200, 0 * x + 90], -1)
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3))
    return np.stack([gradient, stripes, noise, 0 * noise]).astype(np.uint8)


def write_golden(model: CLIPModel, tokenizer: Tokenizer, out: Path) -> None:
    """Writes what PyTorch gives, in float64, for a few texts and images: unit vectors."""
    side = model.config.vision_config.image_size
    images = golden_images(side)
    double = model.double().eval()
    mean, std = np.array(CLIP_MEAN), np.array(CLIP_STD)
    pixels = torch.tensor(((images / 255 - mean) / std).transpose(0, 3, 1, 2).copy())  # (B, 3, S, S)
    ids = [tokenizer.encode(text).ids for text in GOLDEN_TEXTS]
    with torch.inference_mode():
        image = torch.nn.functional.normalize(Tower(double, "vision")(pixels))
        text = torch.cat([torch.nn.functional.normalize(Tower(double, "text")(torch.tensor([i]))) for i in ids])
    golden = {
        "texts": GOLDEN_TEXTS, "ids": ids, "text": [[round(v, 7) for v in row] for row in text.tolist()],
        "images": base64.b64encode(images.tobytes()).decode(), "shape": list(images.shape),
        "image": [[round(v, 7) for v in row] for row in image.tolist()],
    }
    (out / "golden.json").write_text(json.dumps(golden) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", help="a checkpoint's folder, or its id on the hub")
    source.add_argument("--random", choices=sorted(RANDOM), help="random weights of this size")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random weights")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--dtypes", nargs="*", default=["q8"], choices=["q8", "fp16"], help="besides fp32")
    parser.add_argument("--golden", action="store_true", help="write golden.json (random weights only)")
    parser.add_argument("--keep-torch", action="store_true", help="write model.safetensors as well")
    args = parser.parse_args()
    if args.random:
        model, tokenizer = random_model(args.random, args.seed)
    else:
        if args.golden:
            parser.error("--golden needs --random")
        model, tokenizer = AutoModel.from_pretrained(args.model, attn_implementation="eager"), None
    model = model.float().eval()
    write_configuration(model, tokenizer, args.model, args.output)
    for part in ("text", "vision"):
        print(f"exporting the {part} tower")
        export_tower(model, part, args.output / f"onnx/{part}_model.onnx")
    write_variants(model, args.output, args.dtypes)
    if args.keep_torch:
        model.save_pretrained(args.output)
        write_configuration(model, tokenizer, args.model, args.output)  # save_pretrained rewrites config.json
    if args.golden:
        write_golden(model, tokenizer, args.output)


if __name__ == "__main__":
    main()
