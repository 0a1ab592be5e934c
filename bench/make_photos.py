"""Writes JPEG files with the size and the spectrum of photographs, the same for every run.

    .venv-torch/bin/python bench/make_photos.py <folder> <count>
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 1024, 768


def photo(seed: int) -> Image.Image:
    """Noise at seven scales, each twice as fine and 0.6 times as strong as the one before."""
    random = np.random.default_rng(seed)
    total = np.zeros((HEIGHT, WIDTH, 3))
    for level in range(7):
        shape = (3 * 2**level, 4 * 2**level)
        for channel in range(3):
            coarse = Image.fromarray(random.normal(0, 0.6**level, shape).astype(np.float32))
            total[..., channel] += np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(128 + 45 * total, 0, 255).astype(np.uint8))


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for index in range(int(sys.argv[2])):
    photo(index).save(folder / f"photo-{index}.jpg", quality=90)
