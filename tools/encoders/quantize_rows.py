"""Brings the products with constant matrices in an ONNX model to int8.

Weights have a scale a column, activations one a row (a token), found as the model runs. So a vector does not
depend on what else is in the run, as it does with onnxruntime's own dynamic quantisation (one scale a
tensor), no calibration is needed, and a token of large values costs the others no precision.
"""

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper, numpy_helper

MAX_INT8 = 127
ZERO = 128  # activations are stored as uint8 around it: onnxruntime's fastest kernels on x86 take those
SHARED = {
    "int8/last": np.array([-1]),
    "int8/least": np.array([1e-12], np.float32),  # a row of zeros has a scale all the same
    "int8/step": np.array(1 / MAX_INT8, np.float32),
    "int8/zero": np.array(ZERO, np.uint8),
}


def quantize_weight(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 weights (I, O) and the scale of each column (O)."""
    scale = np.maximum(np.abs(weight).max(axis=0) / MAX_INT8, 1e-12).astype(np.float32)
    return np.clip(np.rint(weight / scale), -MAX_INT8, MAX_INT8).astype(np.int8), scale


def quantize_activation(x: str) -> list[onnx.NodeProto]:
    """Nodes that make `{x}/int8` (N, I) and `{x}/range` (N, 1) of a tensor of rows."""
    return [
        helper.make_node("Abs", [x], [f"{x}/abs"]),
        helper.make_node("ReduceMax", [f"{x}/abs", "int8/last"], [f"{x}/max"], keepdims=1),
        helper.make_node("Max", [f"{x}/max", "int8/least"], [f"{x}/range"]),
        helper.make_node("Div", [x, f"{x}/range"], [f"{x}/unit"]),
        helper.make_node("QuantizeLinear", [f"{x}/unit", "int8/step", "int8/zero"], [f"{x}/int8"]),
    ]


def multiply(node: onnx.NodeProto, weight: str) -> list[onnx.NodeProto]:
    """Nodes that compute what a product of matrices computed, from quantised operands."""
    x, name = node.input[0], node.output[0]
    inputs = [f"{x}/int8", f"{weight}/int8", "int8/step", f"{weight}/scale", "int8/zero"]
    biased = len(node.input) > 2
    scaled = f"{name}/scaled" if biased else name
    nodes = [
        helper.make_node("MatMulIntegerToFloat", inputs, [f"{name}/product"], domain="com.microsoft"),
        helper.make_node("Mul", [f"{name}/product", f"{x}/range"], [scaled]),
    ]
    return nodes + ([helper.make_node("Add", [scaled, node.input[2]], [name])] if biased else [])


def quantize_rows(model: onnx.ModelProto, chosen: Callable[[str], bool]) -> onnx.ModelProto:
    """Brings the products of rows (N, I) with constant matrices (I, O) to int8 in nodes whose name is chosen."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    quantized: dict[str, None] = {}  # weights
    seen: set[str] = set()  # activations: several products share one
    for node in graph.node:
        weight = weights.get(node.input[1]) if node.op_type in ("Gemm", "MatMul") else None
        if weight is None or len(weight.dims) != 2 or not chosen(node.name):
            nodes.append(node)
            continue
        x = node.input[0]
        nodes += ([] if x in seen else quantize_activation(x)) + multiply(node, weight.name)
        seen.add(x)
        quantized[weight.name] = None
    tensors = [tensor for tensor in graph.initializer if tensor.name not in quantized]
    tensors += [numpy_helper.from_array(value, name) for name, value in SHARED.items()]
    for name in quantized:
        values, scale = quantize_weight(numpy_helper.to_array(weights[name]))
        tensors += [numpy_helper.from_array(values, f"{name}/int8"), numpy_helper.from_array(scale, f"{name}/scale")]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(tensors)
    return model
