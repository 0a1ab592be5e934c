"""Recall@1/3/5 of an exported tiny-clip on scenes of `generate_clevr_ds.ts`, and the gate on its
geometry. Written apart from the TypeScript library, so that each checks the other.

    python tools/encoders/tiny_clip/evaluate.py ENCODER SCENES [--images 400]
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer

from captions import TEMPLATES, padding

KS = (1, 3, 5)  # the k of Recall@k, eq. 8 of the paper
RIDGE = 1e-2
Box = tuple[int, int, int, int]  # left, top, width, height


class Encoder:
    """The exported folder on ONNX Runtime; patches are squashed to the input square (bilinear)."""

    def __init__(self, folder: Path, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.vision, self.text = (
            onnxruntime.InferenceSession(
                folder / "onnx" / f"{tower}_model.onnx", options, ["CPUExecutionProvider"]
            )
            for tower in ("vision", "text")
        )
        config = json.loads((folder / "preprocessor_config.json").read_text())
        self.size = config["crop_size"]["height"]
        self.mean, self.std = (np.float32(config[key]) for key in ("image_mean", "image_std"))
        self.tokenizer = padding(Tokenizer.from_file(str(folder / "tokenizer.json")))

    def patches(self, image: Image.Image, boxes: list[Box]) -> np.ndarray:  # (P, D), unit rows
        square, bilinear = (self.size, self.size), Image.Resampling.BILINEAR
        crops = [image.resize(square, bilinear, (x, y, x + w, y + h)) for x, y, w, h in boxes]
        pixels = (np.stack(crops).astype(np.float32) / 255 - self.mean) / self.std
        inputs = {"pixel_values": np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))}
        return unit(self.vision.run(["image_embeds"], inputs)[0])

    def texts(self, texts: list[str]) -> np.ndarray:  # (Q, D), unit rows
        ids = np.array([e.ids for e in self.tokenizer.encode_batch(texts)], np.int64)
        return unit(self.text.run(["text_embeds"], {"input_ids": ids})[0])

    def prompts(self, names: list[str], templates: list[str]) -> np.ndarray:  # (Q, D), unit rows
        rows = [self.texts([t.format(name) for t in templates]).mean(0) for name in names]
        return unit(np.stack(rows))


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def starts(length: int, window: int, stride: int) -> list[int]:
    count = math.ceil((length - window) / stride) + 1
    return [min(i * stride, length - window) for i in range(count)]


def complete_cover(width: int, height: int, k: int) -> list[Box]:
    """The published Complete Cover; of levels with equally many patches the last is kept."""
    width, height = math.ceil(width / k) * k, math.ceil(height / k) * k
    levels: dict[int, list[Box]] = {1: [(0, 0, width, height)]}
    for cells in range(k - 1, 0, -1):
        w, h = cells * width // k, cells * height // k
        lefts, tops = starts(width, w, w - cells + 1), starts(height, h, h - cells + 1)
        levels[len(lefts) * len(tops)] = [(x, y, w, h) for y in tops for x in lefts]
    return [box for count in sorted(levels) for box in levels[count]]


def load_scenes(folder: Path, limit: int) -> tuple[list[str], list[tuple[Path, list[dict]]]]:
    """Class names, and each scene's file with its annotations, over all splits."""
    scenes, names = {}, []
    for split in ("train", "val", "test"):
        coco = json.loads((folder / f"{split}.json").read_text())
        names = [category["name"] for category in sorted(coco["categories"], key=lambda c: c["id"])]
        paths = {image["id"]: folder / "images" / image["file_name"] for image in coco["images"]}
        scenes |= {key: (path, []) for key, path in paths.items()}
        for annotation in coco["annotations"]:
            scenes[annotation["image_id"]][1].append(annotation)
    return names, [scenes[key] for key in sorted(scenes)][:limit]


def recall(scores: np.ndarray, relevant: np.ndarray) -> list[float]:
    """Recall@k of eq. 8 in percent: of n relevant images, the share among the first n * k."""
    rows = []
    for score, truth in zip(scores.T, relevant.T):  # over classes
        n = int(truth.sum())
        if n:
            ranking = np.argsort(-score, kind="stable")
            rows.append([truth[ranking[: n * k]].sum() / n for k in KS])
    return [round(100 * float(value), 1) for value in np.mean(rows, axis=0)]


def ridge_fusion(targets: np.ndarray, prompts: np.ndarray) -> np.ndarray:
    """Scores (N, Q) of one vector per image: the ridge solution to the targets, by cosine."""
    centred = targets - targets.mean(0)
    gram = prompts.T @ prompts + RIDGE * np.eye(prompts.shape[1])
    fused = np.linalg.solve(gram, prompts.T @ centred.T).T  # (N, D)
    return unit(fused) @ prompts.T


def extract(encoder: Encoder, scenes: list) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Features of each scene's CC@5, CC@10 and object boxes; row 0 is always the whole image."""
    rows = []
    for path, objects in scenes:
        with Image.open(path) as file:
            image = file.convert("RGB")
        covers = [complete_cover(*image.size, k) for k in (5, 10)]
        covers.append([(0, 0, *image.size), *(tuple(o["bbox"]) for o in objects)])
        features = encoder.patches(image, [box for cover in covers for box in cover])
        rows.append(np.split(features, np.cumsum([len(cover) for cover in covers])[:2]))
    return rows


def evaluate(features: list, relevant: np.ndarray, prompts: np.ndarray) -> dict:
    def scores(pool) -> np.ndarray:  # (N, Q)
        return np.stack([pool(*covers) for covers in features])

    table = {
        "full image": scores(lambda cc5, cc10, boxes: cc5[0] @ prompts.T),
        "mean of CC@5": scores(lambda cc5, cc10, boxes: unit(cc5.mean(0)) @ prompts.T),
        "CC@5": scores(lambda cc5, cc10, boxes: (cc5 @ prompts.T).max(0)),
        "CC@10": scores(lambda cc5, cc10, boxes: (cc10 @ prompts.T).max(0)),
        "Patch-obj": scores(lambda cc5, cc10, boxes: (boxes @ prompts.T).max(0)),
    }
    for cover in ("CC@5", "CC@10"):
        table[f"{cover}, ridge-fused"] = ridge_fusion(table[cover], prompts)
    result: dict = {name: recall(score, relevant) for name, score in table.items()}
    return {**result, **cosines(table["CC@10"], relevant, prompts)}


def cosines(scores: np.ndarray, relevant: np.ndarray, prompts: np.ndarray) -> dict[str, float]:
    gram = prompts @ prompts.T
    off = gram[~np.eye(len(gram), dtype=bool)]
    values = np.linalg.svd(prompts, compute_uv=False)
    return {
        "best patch, present": round(float(scores[relevant == 1].mean()), 3),
        "best patch, absent": round(float(scores[relevant == 0].mean()), 3),
        "prompt to prompt, rms": round(float(np.sqrt((off**2).mean())), 3),
        "prompts' singular values, smallest / largest": round(float(values[-1] / values[0]), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    encoder = Encoder(args.encoder, args.threads)
    names, scenes = load_scenes(args.scenes, args.images)
    relevant = np.zeros((len(scenes), len(names)), np.int64)
    for row, (_, objects) in enumerate(scenes):
        relevant[row, [o["category_id"] - 1 for o in objects]] = 1
    print(f"{len(scenes)} scenes, {relevant.sum(1).mean():.1f} classes a scene; Recall@1/3/5")
    features = extract(encoder, scenes)
    for title, templates in (("80 templates", TEMPLATES), ("1 template", ["a photo of a {}."])):
        print(f"-- {title}")
        for name, value in evaluate(features, relevant, encoder.prompts(names, templates)).items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
