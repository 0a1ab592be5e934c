"""Makes small random encoders of the families that `loadEncoder` knows, with what PyTorch's own pipeline gives for them.

    (install tools/requirements/torch.txt and families.txt, as the latter says)
    .venv-torch/bin/python tools/encoders/family_fixtures.py [FAMILY …]

Architectures, tokenizers and image processors are those of transformers, open_clip_torch and timm; only widths, layers
and vocabularies are small. Writes lib/encoders/testdata/families/FAMILY in the hub's layout, fp32 alone, and
golden.json: images as PNG of several shapes, texts, token ids, and unit vectors of the whole pipeline: Pillow's
resizing, normalising, tokenizing, padding, both towers in float64.
"""

import argparse
import base64
import gzip
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import open_clip
import sentencepiece
import timm
import torch
from export_encoder import CLIP_MEAN, CLIP_STD, END, OPSET, ROOT, START, export_tower, make_tokenizer
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from timm.models.fastvit import RepConditionalPosEnc, _create_fastvit
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import SiglipConfig, SiglipModel, SiglipTokenizer
from transformers.models.siglip2.tokenization_siglip2 import Siglip2Tokenizer
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

OUTPUT = ROOT / "lib/encoders/testdata/families"
SIDE, WIDTH, DIM = 32, 16, 16
TEXTS = [
    "a photo of a red apple.",
    "A  Photo of a BOAT!",
    "itap of my naïve café, 42 of them",
    "dog",
    "a very long caption " * 20,
]
# Margins of the crop are even (transformers rounds odd ones down, torchvision to even), and none is a portrait (Pillow 13
# turns the passes of some, which moves single values by 1; lib/images keeps the order of releases before).
SHAPES = [(64, 48), (60, 40), (32, 32), (90, 30)]  # width, height
PUNCTUATION = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]\^_`{|}~]"""

Vectors = Callable[[list[Image.Image]], torch.Tensor]


def test_images() -> list[Image.Image]:
    """Smooth gradients with coarse noise: as a photograph, a resize by another filter shows."""
    random = np.random.default_rng(0)
    images = []
    for width, height in SHAPES:
        y, x = np.mgrid[0:height, 0:width]
        ramps = np.stack([x * 200 / width, y * 200 / height, (x + y) * 200 / (width + height)], -1)
        blocks = random.integers(0, 56, (height // 2, width // 2, 3)).repeat(2, 0).repeat(2, 1)
        images.append(Image.fromarray((ramps + blocks).astype(np.uint8)))
    return images


def randomize(model: torch.nn.Module) -> None:
    """Weights so large that different inputs give different vectors."""
    with torch.no_grad():
        for parameter in model.parameters():
            fan = parameter[0].numel() if parameter.ndim >= 2 else None
            parameter.normal_(0, 1 / np.sqrt(fan) if fan else 0.02) if fan else parameter.add_(
                torch.randn_like(parameter) * 0.05
            )
        for name, buffer in model.named_buffers():
            if "running_mean" in name:
                buffer.normal_(0, 0.1)
            elif "running_var" in name:
                buffer.uniform_(0.5, 1.5)


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def write_golden(folder: Path, image_vectors: Vectors, ids: list[list[int]], text: torch.Tensor) -> None:
    """Writes inputs, token ids and unit vectors."""
    images = test_images()
    unit = torch.nn.functional.normalize

    def png(image: Image.Image) -> str:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", optimize=True)
        return base64.b64encode(buffer.getvalue()).decode()

    rounded = lambda rows: [[round(v, 7) for v in row] for row in rows.tolist()]  # noqa: E731
    golden = {
        "texts": TEXTS, "ids": ids, "text": rounded(unit(text)),
        "images": [png(image) for image in images], "image": rounded(unit(image_vectors(images))),
    }
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")


def export(module: torch.nn.Module, example: torch.Tensor, path: Path, names: tuple[str, str]) -> None:
    """Traces one tower of open_clip with a free batch size; texts have their full length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        module, (example,), str(path), input_names=[names[0]], output_names=[names[1]], opset_version=OPSET,
        dynamic_axes={name: {0: "batch_size"} for name in names}, dynamo=False,
    )


def shrink(path: Path) -> None:
    """Folds constants and shortens names: of such small models they would be the larger part."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path.read_bytes(), options)
    model = onnx.load(path)
    graph = model.graph
    kept = {value.name for value in [*graph.input, *graph.output]} | {""}
    short: dict[str, str] = {}
    name = lambda old: old if old in kept else short.setdefault(old, f"{len(short):x}")  # noqa: E731
    for node in graph.node:
        node.name, node.doc_string = "", ""
        node.input[:], node.output[:] = map(name, node.input), map(name, node.output)
    for tensor in graph.initializer:
        tensor.name = name(tensor.name)
    del graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, path)


# --- SigLIP and SigLIP 2, of transformers ---


def siglip_model(vocabulary: int, ids: dict[str, int]) -> SiglipModel:
    size = dict(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, num_attention_heads=2)
    config = SiglipConfig(
        text_config=dict(size, vocab_size=vocabulary, max_position_embeddings=64, projection_size=DIM, **ids),
        vision_config=dict(size, image_size=SIDE, patch_size=8),
    )
    model = SiglipModel._from_config(config, attn_implementation="eager").eval()
    randomize(model)
    return model


def sentencepiece_tokenizer(folder: Path) -> tuple[SiglipTokenizer, Tokenizer]:
    """SigLIP's tokenizer on a small vocabulary, and the hub's tokenizer.json of it."""
    corpus = json.loads((ROOT / "data/classes/clevr-ds.json").read_text())
    lines = [text.lower() for text in TEXTS] + [str(value).lower() for value in json.dumps(corpus).split(",")]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(folder / "spiece"), vocab_size=200, model_type="unigram",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False, minloglevel=2,
    )
    slow = SiglipTokenizer(vocab_file=str(folder / "spiece.model"), model_max_length=64)
    model = slow.sp_model
    pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(model.get_piece_size())]
    fast = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=False))
    fast.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(Regex(PUNCTUATION), ""),
        normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(), normalizers.NFKC(),
    ])
    fast.pre_tokenizer = pre_tokenizers.Metaspace()
    fast.decoder = decoders.Metaspace()
    fast.add_special_tokens(["<pad>", "</s>", "<unk>"])
    fast.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return slow, fast


def gemma_tokenizer() -> tuple[Siglip2Tokenizer, Tokenizer]:
    """SigLIP 2's tokenizer on a small vocabulary, and the hub's tokenizer.json, which leaves letters as they are."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    corpus = TEXTS + [text.lower() for text in TEXTS]
    trained.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=110, special_tokens=special, show_progress=False))
    learned = json.loads(trained.to_str())["model"]
    tokens = special + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += [token for token in learned["vocab"] if token not in tokens]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    merges = [tuple(merge) for merge in learned["merges"]]
    slow = Siglip2Tokenizer(vocab=vocabulary, merges=merges, model_max_length=64, padding_side="right")
    fast = Tokenizer.from_str(slow.backend_tokenizer.to_str())
    fast.normalizer = normalizers.Replace(" ", "▁")
    for tokenizer in (fast, slow.backend_tokenizer):
        tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    return slow, fast


def make_siglip(folder: Path, second: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        slow, fast = gemma_tokenizer() if second else sentencepiece_tokenizer(Path(scratch))
        ids = slow(TEXTS, padding="max_length", max_length=64, truncation=True)["input_ids"]
    pad, end = ("<pad>", "<eos>") if second else ("</s>", "</s>")
    number = fast.token_to_id
    special = dict(bos_token_id=number(end), eos_token_id=number(end), pad_token_id=number(pad))
    model = siglip_model(fast.get_vocab_size(), special)
    for part in ("text", "vision"):
        export_tower(model, part, folder / f"onnx/{part}_model.onnx")
    # SigLIP squashes by bicubic, SigLIP 2 by bilinear interpolation.
    processor = SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}, resample=2 if second else 3)
    write_json(folder / "preprocessor_config.json", {
        "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "image_processor_type": "SiglipImageProcessor", "resample": 2 if second else 3, "rescale_factor": 1 / 255,
        "size": {"height": SIDE, "width": SIDE},
    })
    # As the hub has them: SigLIP 2's does not say how long its texts are.
    text_config = {"model_type": "siglip_text_model", "vocab_size": fast.get_vocab_size()}
    if not second:
        text_config["max_position_embeddings"] = 64
    vision = {"model_type": "siglip_vision_model", "patch_size": 8, "hidden_size": WIDTH, "num_hidden_layers": 2}
    write_json(folder / "config.json", {"model_type": "siglip", "text_config": text_config, "vision_config": vision})
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "GemmaTokenizer" if second else "SiglipTokenizer", "model_max_length": 64,
        "pad_token": pad, "eos_token": end, "unk_token": "<unk>",
    })
    (folder / "tokenizer.json").write_text(fast.to_str() + "\n")
    double = model.double()
    with torch.inference_mode():
        text = double.text_model(torch.tensor(ids)).pooler_output
        vectors = lambda images: double.vision_model(  # noqa: E731
            torch.tensor(np.stack(processor(images)["pixel_values"]), dtype=torch.float64)
        ).pooler_output
        write_golden(folder, vectors, ids, text)


# --- LAION's CLIP, MobileCLIP and jina-clip's layout, of open_clip ---


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


FAMILIES: dict[str, Callable[[Path], None]] = {
    "siglip": partial(make_siglip, second=False),
    "siglip2": partial(make_siglip, second=True),
    "laion": partial(make_open_clip, kind="laion"),
    "mobileclip": partial(make_open_clip, kind="mobileclip"),
    "jina-clip": partial(make_open_clip, kind="jina-clip"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of the families")
    args = parser.parse_args()
    for family in args.families or FAMILIES:
        torch.manual_seed(0)
        folder = args.output / family
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        FAMILIES[family](folder)
        for path in (folder / "onnx").iterdir():
            shrink(path)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{family}: {size // 1000} kB")


if __name__ == "__main__":
    main()
