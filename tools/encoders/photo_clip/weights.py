"""
Weights in 8 or 4 bits that onnxruntime expands to fp32 once, when a model is loaded: plain operators on constants,
which it folds. The model computes in fp32, so its results depend on no processor's int8 instructions.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

BLOCK = 64  # weights that share a scale in 4 bits
CLIPS = (1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)  # shares of the range that are tried


def quantize(rows: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Rounds rows to signed integers with a half-precision scale a row, clipped where that lessens the squared error."""
    top = 2 ** (bits - 1) - 1
    largest = np.maximum(np.abs(rows).max(1, keepdims=True), 1e-6)
    best = error = scales = None
    for clip in CLIPS:
        scale = (largest * clip / top).astype(np.float16).astype(np.float32)
        values = np.clip(np.rint(rows / scale), -top - 1, top)
        wrong = ((values * scale - rows) ** 2).sum(1, keepdims=True)
        if best is None:
            best, error, scales = values, wrong, scale
        better = wrong < error
        best = np.where(better, values, best)
        error = np.where(better, wrong, error)
        scales = np.where(better, scale, scales)
    return best.astype(np.int8), scales.astype(np.float16)


def expansion(name: str, weight: np.ndarray, bits: int, axis: int) -> tuple[list, list]:
    """Initializers and nodes that give `name` again, quantised along `axis` (of two; the one that products sum over)."""
    rows = np.moveaxis(weight, axis, -1)
    shape, width = rows.shape, rows.shape[-1]
    block = BLOCK if bits == 4 and width % BLOCK == 0 else width
    values, scales = quantize(rows.reshape(-1, block), bits)
    parts, nodes = [numpy_helper.from_array(scales, f"{name}.scale")], []

    def node(kind: str, inputs: list[str], output: str, **attributes) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], f"{name}.{kind}.{len(nodes)}", **attributes))
        return output

    def constant(suffix: str, value: np.ndarray) -> str:
        parts.append(numpy_helper.from_array(value, f"{name}.{suffix}"))
        return f"{name}.{suffix}"

    if bits == 4:  # the first half of the rows in the low four bits, the second in the high ones
        low, high = np.split((values + 8).astype(np.uint8), 2)
        packed, sixteen = constant("packed", low | high << 4), constant("sixteen", np.uint8(16))
        upper = node("Div", [packed, sixteen], f"{name}.high")
        lower = node("Mod", [packed, sixteen], f"{name}.low")
        joined = node("Concat", [lower, upper], f"{name}.joined", axis=0)
        unsigned = node("Cast", [joined], f"{name}.unsigned", to=onnx.TensorProto.FLOAT)
        numbers = node("Sub", [unsigned, constant("eight", np.float32(8))], f"{name}.numbers")
    else:
        numbers = node("Cast", [constant("packed", values)], f"{name}.numbers", to=onnx.TensorProto.FLOAT)
    scale = node("Cast", [f"{name}.scale"], f"{name}.scale32", to=onnx.TensorProto.FLOAT)
    scaled = node("Mul", [numbers, scale], f"{name}.scaled")
    last = axis in (-1, 1)
    rows_again = node(
        "Reshape", [scaled, constant("shape", np.array(shape, np.int64))], name if last else f"{name}.rows"
    )
    if not last:
        node("Transpose", [rows_again], name, perm=[1, 0])
    return parts, nodes


def pack(model: onnx.ModelProto, bits_of) -> None:
    """
    Packs the large matrices of a model.

    `bits_of(name, shape)` says in how many bits, or None to leave one alone. Rows that are gathered, and the weights
    of a Gemm with transB, are quantised along their last axis; the right side of a product along its first.
    """
    gathered = {n.input[0] for n in model.graph.node if n.op_type == "Gather"}
    gathered |= {n.input[1] for n in model.graph.node if n.op_type == "Gemm"}
    kept, parts, nodes = [], [], []
    for initializer in model.graph.initializer:
        weight = numpy_helper.to_array(initializer)
        large = weight.ndim == 2 and weight.dtype == np.float32 and weight.size > 20_000
        bits = bits_of(initializer.name, weight.shape) if large else None
        if bits is None:
            kept.append(initializer)
            continue
        more = expansion(initializer.name, weight, bits, -1 if initializer.name in gathered else 0)
        parts += more[0]
        nodes += more[1]
    nodes += model.graph.node
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept + parts)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
