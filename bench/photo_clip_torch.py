"""The PyTorch side of `bench/photo-clip.ts`: photo-clip's image tower in fp32, as its parts were published.

    .venv-torch/bin/python bench/photo_clip_torch.py <threads> <folder>

First writes that tower as ONNX to `folder`/onnx/vision_model.onnx. Then reads one JSON object a line from standard input
and answers with one a line: `{"images": n, "batch": b}` encodes n images; `{"photos": [{"path": …, "boxes": [[left, top,
right, bottom], …]}], "batch": b}` opens photos and encodes their patches as torchvision's users would: Pillow, stacked
tensors; `{"vectors": path}` answers with the vectors of the float32 pixels (N, 3, S, S) in that file.
Times are `{"seconds": …, "cpu": …}`, the latter over all threads.
"""

import contextlib
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from PIL import Image
from torch_requests import pixels_in, serve

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools/encoders/photo_clip"))
from image_tower import MEAN, SIDE, STD, Classifier, ImageTower, export  # noqa: E402

COMMITTED = ROOT / "data/encoders/photo-clip/onnx/vision_model.onnx"


def published_tower() -> ImageTower:
    """The network with its published weights; the vectors of classes, densities and mean of the committed encoder."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(COMMITTED).graph.initializer}
    classes = (stored["classes.packed"].astype(np.float32) * stored["classes.scale"].astype(np.float32)).T  # (1000, D)
    bias = (stored["bias_quantized"].astype(np.float32) - stored["bias_zero_point"]) * stored["bias_scale"]
    return ImageTower(Classifier(), np.ascontiguousarray(classes), np.exp(-bias), stored["mean"]).eval()


def pixels_of(photo: dict) -> torch.Tensor:
    """A photo's patches. // (P, 3, S, S)"""
    with Image.open(photo["path"]) as image:
        image = image.convert("RGB")
        crops = [image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, tuple(box)) for box in photo["boxes"]]
    patches = np.stack([np.asarray(crop) for crop in crops])
    return ((torch.from_numpy(patches).permute(0, 3, 1, 2).float() - MEAN) / STD).contiguous()


def main() -> None:
    threads, folder = int(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(threads)
    with contextlib.redirect_stdout(sys.stderr):  # the package prints that it loads
        tower = published_tower()
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    export(tower, ["image_embeds", "concepts"], folder / "onnx/vision_model.onnx")
    tower.to(memory_format=torch.channels_last)  # faster here in every case tried

    def encode(pixels: torch.Tensor, batch: int) -> torch.Tensor:
        parts = pixels.to(memory_format=torch.channels_last).split(batch)
        return torch.cat([tower(part)[0] for part in parts])

    def answer(request: dict) -> dict:
        if "vectors" in request:
            return {"vectors": encode(pixels_in(request["vectors"], SIDE), 8).tolist()}
        if "images" in request:
            pixels = torch.rand(request["images"], 3, SIDE, SIDE) * 2 - 1
        start, cpu = time.perf_counter(), time.process_time()
        if "images" in request:
            encode(pixels, request["batch"])
        else:
            for photo in request["photos"]:
                encode(pixels_of(photo), request["batch"])
        return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}

    with torch.inference_mode():
        serve(answer)


if __name__ == "__main__":
    main()
