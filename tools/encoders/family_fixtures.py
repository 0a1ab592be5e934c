"""Makes small random encoders of the families that `loadEncoder` knows, with what PyTorch's own pipeline gives for them.

    (install tools/requirements/torch.txt and families.txt, as the latter says)
    .venv-torch/bin/python tools/encoders/family_fixtures.py [FAMILY …]

Architectures, tokenizers and image processors are those of transformers, open_clip_torch and timm; only widths, layers
and vocabularies are small. Writes lib/encoders/testdata/families/FAMILY in the hub's layout, fp32 alone, and
golden.json: images as PNG of several shapes, texts, token ids, and unit vectors of the whole pipeline: Pillow's
resizing, normalising, tokenizing, padding, both towers in float64.
"""

import argparse
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import onnx
import onnxruntime
import torch
from export_encoder import ROOT
from families.blip2 import make_blip2
from families.clip import make_clip
from families.open_clip_models import make_open_clip
from families.siglip import make_siglip

OUTPUT = ROOT / "lib/encoders/testdata/families"


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


FAMILIES: dict[str, Callable[[Path], None]] = {
    "clip": make_clip,
    "siglip": partial(make_siglip, second=False),
    "siglip2": partial(make_siglip, second=True),
    "laion": partial(make_open_clip, kind="laion"),
    "mobileclip": partial(make_open_clip, kind="mobileclip"),
    "jina-clip": partial(make_open_clip, kind="jina-clip"),
    "perception": partial(make_open_clip, kind="perception"),
    "blip2": make_blip2,
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
