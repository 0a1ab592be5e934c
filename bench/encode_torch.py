"""The PyTorch side of `bench/encode.ts`: times one tower on request.

Reads one JSON object a line from standard input, answers with one a line. `{"images": n, "batch": b,
"dtype": "fp32" | "bf16" | "fp16", "device": "cpu" | "cuda"}` encodes n images in batches of b and answers `{"seconds": …}`;
`{"vectors": path}` answers with the fp32 vectors of the float32 pixels (N, 3, S, S) in that file;
`{"matmul": [m, k, n]}` with the GFLOP/s at which PyTorch and onnxruntime multiply large fp32 matrices.

    .venv-torch/bin/python bench/encode_torch.py <folder with model.safetensors> <threads>
"""

import functools
import sys
import time

import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch_requests import pixels_in, serve
from transformers import CLIPModel


def matmul_rates(m: int, k: int, n: int, threads: int, rounds: int = 40) -> dict[str, float]:
    """The best GFLOP/s of products (m, k) x (k, n) in fp32: what a model made of them can reach at most."""
    x, weight = torch.randn(m, k), torch.randn(k, n) / k**0.5
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [m, side]) for name, side in (("x", k), ("y", n))]
    node, constant = helper.make_node("MatMul", ["x", "w"], ["y"]), numpy_helper.from_array(weight.numpy(), "w")
    graph = helper.make_graph([node], "matmul", ends[:1], ends[1:], [constant])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    feeds = {"x": x.numpy()}
    calls = {"torch": lambda: x @ weight, "onnxruntime": lambda: session.run(None, feeds)}
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            least[name] = min(least[name], time.perf_counter() - start)
    return {name: 2e-9 * m * k * n / seconds for name, seconds in least.items()}


def main() -> None:
    folder, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    # scaled_dot_product_attention is PyTorch's fastest on a CPU, and what a user gets by default.
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

    @functools.cache
    def tower(name: str, device: str) -> CLIPModel:
        model = CLIPModel.from_pretrained(folder, dtype=dtypes[name], attn_implementation="sdpa")
        return model.eval().to(device)

    side = tower("fp32", "cpu").config.vision_config.image_size

    def encode(name: str, pixels: torch.Tensor, device: str = "cpu") -> torch.Tensor:
        features = tower(name, device).get_image_features(pixel_values=pixels.to(device))
        features = getattr(features, "pooler_output", features)
        return torch.nn.functional.normalize(features).cpu()

    def answer(request: dict) -> dict:
        if "vectors" in request:
            return {"vectors": encode("fp32", pixels_in(request["vectors"], side)).tolist()}
        if "matmul" in request:
            return matmul_rates(*request["matmul"], threads)
        name, device = request["dtype"], request["device"]
        pixels = torch.rand(request["batch"], 3, side, side).to(dtypes[name])
        tower(name, device)
        start = time.perf_counter()
        for _ in range(request["images"] // request["batch"]):
            encode(name, pixels, device)
        return {"seconds": time.perf_counter() - start}

    with torch.inference_mode():
        serve(answer)


if __name__ == "__main__":
    main()
