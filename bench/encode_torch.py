"""The PyTorch side of `bench/encode.ts`: times one tower on request.

Reads one JSON object a line from standard input, answers with one a line. `{"images": n, "batch": b,
"dtype": "fp32" | "bf16"}` encodes n images in batches of b and answers `{"seconds": …}`;
`{"vectors": path}` answers with the fp32 vectors of the float32 pixels (N, 3, S, S) in that file.

    .venv-torch/bin/python bench/encode_torch.py <folder with model.safetensors> <threads>
"""

import json
import sys
import time

import numpy as np
import torch
from transformers import CLIPModel


def main() -> None:
    folder, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    # scaled_dot_product_attention is PyTorch's fastest on a CPU, and what a user gets by default.
    towers = {
        name: CLIPModel.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").eval()
        for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16))
    }
    side = towers["fp32"].config.vision_config.image_size

    def encode(name: str, pixels: torch.Tensor) -> torch.Tensor:
        features = towers[name].get_image_features(pixel_values=pixels)
        features = getattr(features, "pooler_output", features)
        return torch.nn.functional.normalize(features)

    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            request = json.loads(line)
            if "vectors" in request:
                pixels = torch.from_numpy(np.fromfile(request["vectors"], np.float32)).reshape(-1, 3, side, side)
                answer = {"vectors": encode("fp32", pixels).tolist()}
            else:
                dtype = next(towers[request["dtype"]].parameters()).dtype
                pixels = torch.rand(request["batch"], 3, side, side).to(dtype)
                start = time.perf_counter()
                for _ in range(request["images"] // request["batch"]):
                    encode(request["dtype"], pixels)
                answer = {"seconds": time.perf_counter() - start}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
