"""What the PyTorch sides of the benchmarks share: a JSON object a line from standard input, an answer a line."""

import json
import sys
from collections.abc import Callable

import numpy as np
import torch


def serve(answer: Callable[[dict], dict]) -> None:
    """Says which PyTorch it is, then answers requests until there are no more."""
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def pixels_in(path: str, side: int) -> torch.Tensor:
    """The float32 pixels of a file. // (N, 3, side, side)"""
    return torch.from_numpy(np.fromfile(path, np.float32)).reshape(-1, 3, side, side)
