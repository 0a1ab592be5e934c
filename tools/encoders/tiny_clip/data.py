"""Training batches, composed on the fly. A batch is a function of (seed, step) alone, so training
resumes exactly."""

import random

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.utils.data import Dataset

from captions import NOTHING, PIECE, caption
from compose import SIZE, Composer
from material import Material


class Batches(Dataset):
    """Item `step` is the batch of that step."""

    def __init__(self, material: Material, tokenizer: Tokenizer, size: int, steps: int, seed: int):
        self.material, self.tokenizer = material, tokenizer
        self.size, self.steps, self.seed = size, steps, seed

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
        composer = Composer(self.material, self.seed * 1_000_003 + step)
        count = len(self.material.names) + 2
        pixels = np.empty((self.size, SIZE, SIZE, 3), np.uint8)
        seen = np.zeros((self.size, count), np.float32)
        named = np.zeros((self.size, count), np.float32)
        texts = []
        for i in range(self.size):
            pixels[i], in_sight, names = composer.crop()
            seen[i, list(in_sight)] = 1
            named[i, names] = 1
            composer.rng.shuffle(names)
            texts.append(caption([self.name(n, composer.rng) for n in names], composer.rng))
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        return {
            "pixels": torch.from_numpy(pixels),  # (B, 64, 64, 3) bytes
            "ids": torch.tensor(ids),  # (B, T)
            "seen": torch.from_numpy(seen),  # (B, classes + 2)
            "named": torch.from_numpy(named),  # (B, classes + 2)
        }

    def name(self, class_id: int, rng: random.Random) -> str:
        names = self.material.names
        if class_id < len(names):
            return names[class_id]
        return rng.choice(NOTHING if class_id == len(names) else PIECE)
