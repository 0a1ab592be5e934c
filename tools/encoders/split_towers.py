"""Cuts a model of the hub that keeps both towers in one file, as jina-clip v2 does, into the two that `loadEncoder` reads.

    .venv-torch/bin/hf download jinaai/jina-clip-v2 --include "*.json" "onnx/model_fp16.onnx*" --local-dir .cache/models/jinaai/jina-clip-v2
    .venv-torch/bin/python tools/encoders/split_towers.py --folder .cache/models/jinaai/jina-clip-v2 --dtype fp16

Takes onnx/model{,_fp16,_quantized}.onnx, writes onnx/{text,vision}_model{,_fp16,_quantized}.onnx beside it.
"""

import argparse
from pathlib import Path

import onnx
from onnx.utils import Extractor

SUFFIX = {"fp32": "", "fp16": "_fp16", "q8": "_quantized"}
TOWERS = {"text": ("input_ids", "l2norm_text_embeddings"), "vision": ("pixel_values", "l2norm_image_embeddings")}
LARGEST = 2**31 - 2**20  # bytes of a file of Protocol Buffers


def split(path: Path, suffix: str) -> None:
    extractor = Extractor(onnx.load(path))
    for part, (name, output) in TOWERS.items():
        tower, target = extractor.extract_model([name], [output]), path.with_name(f"{part}_model{suffix}.onnx")
        large = sum(len(tensor.raw_data) for tensor in tower.graph.initializer) > LARGEST
        onnx.save(tower, target, save_as_external_data=large, location=f"{target.name}_data" if large else None)
        print(f"{target}: {name} -> {output}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="the model's folder")
    parser.add_argument("--dtype", choices=sorted(SUFFIX), default="fp32", help="which of its files")
    args = parser.parse_args()
    suffix = SUFFIX[args.dtype]
    split(args.folder / f"onnx/model{suffix}.onnx", suffix)


if __name__ == "__main__":
    main()
