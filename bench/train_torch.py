"""The PyTorch side of `bench/train.ts`: one training step of the fusion transformer on request.

Reads one JSON object a line from standard input, answers with one a line. `{"steps": n, "dropout": r}`
takes n steps and answers `{"seconds": [...], "cpu": [...], "losses": [...]}`; `{"gradients": path}` writes
the gradients at the present weights, which it leaves as they are, to a safetensors file.

    .venv-torch/bin/python bench/train_torch.py <model.safetensors> <inputs.safetensors> <heads> <threads> \
        <learning rate> [cpu|cuda [TF32 or not: true|false]]
"""

import json
import sys
import time

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from torch_requests import serve


def main() -> None:
    weights, inputs, heads, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    device = sys.argv[6] if len(sys.argv) > 6 else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = sys.argv[7:8] == ["true"]
    torch.set_num_threads(threads)
    state, batch = load_file(weights, device), load_file(inputs, device)
    patches, text, targets = batch["patches"], batch["text"], batch["targets"]
    width, dim = state["encoder.layers.0.linear1.weight"].shape
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("encoder.layers."))
    model = torch.nn.Transformer(
        dim, heads, layers, layers, width, 0.0, activation="gelu", batch_first=True
    )
    model.to(device).load_state_dict(state)
    # The fused update is PyTorch's fastest.
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=json.loads(sys.argv[5]), weight_decay=0.01, fused=True
    )

    def backward() -> float:
        optimizer.zero_grad(set_to_none=True)
        fused = model(patches, patches[:, :1])[:, 0]
        loss = F.mse_loss(F.normalize(fused, dim=-1) @ text.T, targets) * 100
        loss.backward()
        return loss.item()

    def set_dropout(rate: float) -> None:
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = rate
            if isinstance(module, torch.nn.MultiheadAttention):
                module.dropout = rate

    def answer(request: dict) -> dict:
        if "gradients" in request:
            backward()
            save_file({n: p.grad for n, p in model.named_parameters()}, request["gradients"])
            return {}
        set_dropout(request["dropout"])
        taken = {"seconds": [], "cpu": [], "losses": []}
        for _ in range(request["steps"]):
            start, cpu = time.perf_counter(), time.process_time()
            taken["losses"].append(backward())
            optimizer.step()
            if device == "cuda":
                torch.cuda.synchronize()
            taken["seconds"].append(time.perf_counter() - start)
            taken["cpu"].append(time.process_time() - cpu)
        with open("/proc/self/status") as status:
            taken["peakMiB"] = next(int(l.split()[1]) >> 10 for l in status if "VmHWM" in l)
        return taken

    serve(answer)


if __name__ == "__main__":
    main()
