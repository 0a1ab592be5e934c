"""PyTorch's side of the fusion transformer, for comparison and for those who train or serve with PyTorch.

    .venv-torch/bin/python tools/parity/fusion_torch.py parity OUT.safetensors [--dim 512 --heads 2 ...]
        writes what `deno task parity OUT.safetensors --heads H` compares with: weights, inputs, output,
        gradients and the losses of some AdamW steps; `--state-dict FILE` saves the weights alone as well.

    .venv-torch/bin/python tools/parity/fusion_torch.py fuse MODEL.safetensors OUT.safetensors [--patches 7 ...]
        opens a model that `saveFusion` wrote with `nn.Transformer.load_state_dict`, and writes made-up
        patch features (`input.patches`) with the vectors that PyTorch fuses from them (`output.fused`).

Needs tools/requirements/torch.txt.
"""

import argparse
import json

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

SIZES = {"tiny": (3, 2), "small": (6, 4), "base": (12, 8)}


def transformer(dim, heads, encoder, decoder, feed_forward, epsilon):
    return torch.nn.Transformer(
        d_model=dim,
        nhead=heads,
        num_encoder_layers=encoder,
        num_decoder_layers=decoder,
        dim_feedforward=feed_forward,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
        layer_norm_eps=epsilon,
    )


def unit(*shape):
    """Made-up features: unit vectors that lean to one side, as those of CLIP do."""
    return F.normalize(torch.randn(*shape) + 0.5, dim=-1)


def parity(arguments):
    """Trains a fresh transformer for a few steps on one batch and writes down all that it did."""
    torch.manual_seed(arguments.seed)
    a = arguments
    model = transformer(a.dim, a.heads, a.encoder, a.decoder, a.feed_forward, a.layer_norm_eps)
    for parameter in model.parameters():  # biases of 0 and scales of 1 would hide mistakes
        parameter.data.add_(torch.randn_like(parameter) * 0.05)
    patches, text = unit(a.images, a.patches, a.dim), unit(a.prompts, a.dim)
    best = torch.einsum("bpd,qd->bqp", patches, text).amax(-1)  # (B, Q)
    tensors = {f"weights.{name}": value.clone() for name, value in model.state_dict().items()}
    if a.state_dict:
        save_file(model.state_dict(), a.state_dict)
    optimizer = torch.optim.AdamW(model.parameters(), lr=a.lr, weight_decay=a.weight_decay)
    losses = []
    for step in range(a.steps + 1):
        fused = model(patches, patches[:, :1])[:, 0]  # (B, D)
        loss = (F.normalize(fused, dim=-1) @ text.T - best).square().mean() * 100
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            tensors["output.fused"] = fused.detach().clone()
            gradients = {f"grad.{name}": p.grad.clone() for name, p in model.named_parameters()}
        losses.append(loss.item())
        optimizer.step()
    tensors |= gradients | {"input.patches": patches, "input.text": text}
    metadata = {
        "torch": torch.__version__,
        "nhead": str(a.heads),
        "layer_norm_eps": str(a.layer_norm_eps),
        "lr": str(a.lr),
        "weight_decay": str(a.weight_decay),
        "losses": json.dumps(losses),
    }
    save_file(tensors, a.out, metadata)
    print(f"{a.out}: losses {losses}")


def fuse(arguments):
    """Opens a saved model in PyTorch, with what is added to the paper's where it has that."""
    with safe_open(arguments.model, "pt") as file:
        spec = json.loads(file.metadata()["fusion_spec"])
        dim = json.loads(file.metadata()["fusion_sizes"])["dim"]
    weights = load_file(arguments.model)
    state = {name: value for name, value in weights.items() if name.startswith(("encoder.", "decoder."))}
    layers, heads = SIZES[spec["size"]]
    model = transformer(
        dim,
        spec.get("heads", heads),
        spec.get("encoderLayers", layers),
        spec.get("decoderLayers", layers),
        spec.get("feedForward", 2048),
        spec.get("epsilon", 1e-5),
    )
    print(model.load_state_dict(state, strict=True))
    model.eval()

    torch.manual_seed(arguments.seed)
    patches = unit(arguments.images, arguments.patches, dim)
    full = patches[:, :1]  # (B, 1, D)
    target = full + weights["targets.offsets"] if "targets.offsets" in weights else full  # (B, m, D)
    source = patches if spec.get("patches", True) else full
    with torch.no_grad():
        centre = weights.get("input.centre", torch.zeros(dim))
        fused = model((source - centre) * spec.get("inputScale", 1), target)  # (B, m, D)
    save_file({"input.patches": patches, "output.fused": fused}, arguments.out, {"torch": torch.__version__})
    print(f"{arguments.out}: {len(weights)} tensors opened, {tuple(fused.shape)} vectors fused")


def main():
    parser = argparse.ArgumentParser(description="PyTorch's side of the fusion transformer")
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("parity")
    command.set_defaults(run=parity)
    command.add_argument("out")
    command.add_argument("--state-dict")
    sizes = {"dim": 512, "heads": 2, "encoder": 3, "decoder": 3, "feed-forward": 2048, "prompts": 138}
    for name, default in {**sizes, "images": 30, "patches": 166, "steps": 5, "seed": 0}.items():
        command.add_argument(f"--{name}", type=int, default=default)
    for name, default in {"layer-norm-eps": 1e-5, "lr": 1e-3, "weight-decay": 1e-2}.items():
        command.add_argument(f"--{name}", type=float, default=default)

    command = commands.add_parser("fuse")
    command.set_defaults(run=fuse)
    command.add_argument("model")
    command.add_argument("out")
    for name, default in {"images": 2, "patches": 7, "seed": 0}.items():
        command.add_argument(f"--{name}", type=int, default=default)

    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
