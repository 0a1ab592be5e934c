"""What the fixtures of all families share: inputs, random weights, and what PyTorch gives."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

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
            if parameter.ndim >= 2:
                parameter.normal_(0, 1 / np.sqrt(parameter[0].numel()))
            else:
                parameter.add_(torch.randn_like(parameter) * 0.05)
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
