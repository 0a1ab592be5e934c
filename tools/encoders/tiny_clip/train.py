"""Trains tiny-clip on composed crops; resumes exactly from its last checkpoint.

    python tools/encoders/tiny_clip/train.py MATERIAL RUN [--steps 1600] [--seed 1] [--init CHECKPOINT]

Writes RUN/checkpoint.pt (weights, optimiser, step), RUN/tokenizer.json and RUN/log.jsonl.
"""

import argparse
import json
import math
import os
import random
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from captions import BOS, EOS, caption, padding, train_tokenizer
from data import Batches
from material import load_material
from model import TinyClip, normalise

SCALE_FROM, SCALE_TO, SCALE_RAMP = 15.0, 60.0, 0.3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("material", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save-every", type=int, default=100)
    parser.add_argument("--heads", type=int, default=1, help="attention heads of the text tower")
    parser.add_argument("--warm-up", type=int, default=500, help="text-only steps before the first")
    parser.add_argument("--decorrelation", type=float, default=200.0, help="weight of that loss")
    parser.add_argument("--init", type=Path, help="checkpoint whose vision body to start from")
    return parser.parse_args()


def contrast(images: Tensor, texts: Tensor, seen: Tensor, named: Tensor, scale: float) -> Tensor:
    """InfoNCE both ways. A pair whose caption names something in sight in the other crop is
    neither positive nor negative, so it is masked."""
    logits = scale * images @ texts.T  # (B, B)
    true_anyway = seen @ named.T > 0
    true_anyway.fill_diagonal_(False)
    logits = logits.masked_fill(true_anyway, -1e4)
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def decorrelation(texts: Tensor, named: Tensor) -> Tensor:
    """Mean squared cosine of caption pairs that share no class: prompts become orthogonal."""
    unrelated = named @ named.T == 0
    return (texts @ texts.T)[unrelated].square().mean()


def logit_scale(progress: float) -> float:
    """15 -> 60 over the first 30 %: not learned, so that cosines stay as low as CLIP's."""
    return SCALE_FROM + (SCALE_TO - SCALE_FROM) * min(1.0, progress / SCALE_RAMP)


def learning_rate(step: int, steps: int, peak: float, warmup: int = 60) -> float:
    cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
    return peak * cosine * min(1.0, (step + 1) / warmup)


def make_optimizer(model: TinyClip, lr: float) -> torch.optim.AdamW:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": 0.05},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98))


def load_vision_body(model: TinyClip, checkpoint: Path) -> None:
    """Takes over the vision tower but for its projection, which belongs to another text tower."""
    weights = torch.load(checkpoint)["model"]
    mine = {key: value for key, value in weights.items() if key.startswith("vision.")}
    del mine["vision.pool.project.weight"]
    model.load_state_dict(mine, strict=False)


def save(path: Path, model: TinyClip, optimizer, step: int, args: argparse.Namespace) -> None:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    state["args"] = {key: str(value) for key, value in vars(args).items()}
    torch.save(state, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)


def train_step(
    model: TinyClip, batch: dict[str, Tensor], scale: float, weight: float
) -> tuple[Tensor, dict]:
    with torch.autocast("cpu", torch.bfloat16):
        texts = model.text(input_ids=batch["ids"]).text_embeds
        images = model.vision(batch["pixels"])
    texts, images = F.normalize(texts.float(), dim=-1), F.normalize(images.float(), dim=-1)
    info = contrast(images, texts, batch["seen"], batch["named"], scale)
    apart = decorrelation(texts, batch["named"])
    hits = (images @ texts.T * scale).detach()
    hits = hits.masked_fill((batch["seen"] @ batch["named"].T > 0).fill_diagonal_(False), -1e4)
    right = (hits.argmax(1) == torch.arange(len(hits))).float().mean()
    metrics = {"infonce": info.item(), "cos2": apart.item(), "right": right.item()}
    return info + weight * apart, metrics


def open_tokenizer(path: Path, names: list[str]) -> Tokenizer:
    """The run's tokenizer, trained first where there is none. Merges of equal count come in any
    order, so a run is repeated exactly only with the tokenizer.json it had."""
    if not path.exists():
        train_tokenizer(names).save(str(path))
    return padding(Tokenizer.from_file(str(path)))


def spread_prompts(model: TinyClip, tokenizer: Tokenizer, names: list[str], steps: int) -> None:
    """Trains the text tower alone to make captions of different classes orthogonal. The gradient of
    the decorrelation lies in the span of the captions: begun together with InfoNCE it fills about
    65 dimensions and stalls; begun alone it gives the prompts full rank first."""
    rng = random.Random(0)
    optimizer = torch.optim.AdamW(model.text.parameters(), lr=1e-3, betas=(0.9, 0.98))
    for step in range(steps):
        classes = rng.choices(range(len(names)), k=128)
        texts = [caption([names[c]], rng) for c in classes]
        ids = torch.tensor([encoding.ids for encoding in tokenizer.encode_batch(texts)])
        with torch.autocast("cpu", torch.bfloat16):
            embeds = model.text(input_ids=ids).text_embeds
        named = F.one_hot(torch.tensor(classes), len(names)).float()
        loss = decorrelation(F.normalize(embeds.float(), dim=-1), named)
        optimizer.param_groups[0]["lr"] = 1e-3 * min(1.0, (step + 1) / 30)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0 or step + 1 == steps:
            print(f"warm-up step {step}: mean squared cosine {loss.item():.5f}", flush=True)


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    material = load_material(args.material)
    tokenizer = open_tokenizer(args.run / "tokenizer.json", material.names)
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    model = TinyClip(tokenizer.get_vocab_size(), bos, eos, args.heads)
    model.to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, args.lr)
    start, checkpoint = 0, args.run / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        start = state["step"]
    else:
        spread_prompts(model, tokenizer, material.names, args.warm_up)
        if args.init:
            load_vision_body(model, args.init)

    batches = Batches(material, tokenizer, args.batch, args.steps, args.seed)
    loader = DataLoader(batches, None, sampler=range(start, args.steps), num_workers=1)
    log, began = (args.run / "log.jsonl").open("a"), time.time()
    model.train()
    for step, batch in enumerate(prepared(loader), start):
        scale, lr = logit_scale(step / args.steps), learning_rate(step, args.steps, args.lr)
        for group in optimizer.param_groups:
            group["lr"] = lr
        loss, metrics = train_step(model, batch, scale, args.decorrelation)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 10 == 0:
            seconds = time.time() - began
            row = {"step": step, "scale": scale, "lr": lr, **metrics, "seconds": seconds}
            log.write(json.dumps({key: round(value, 5) for key, value in row.items()}) + "\n")
            log.flush()
        if (step + 1) % args.save_every == 0 or step + 1 == args.steps:
            save(checkpoint, model, optimizer, step + 1, args)


def prepared(loader: DataLoader):
    """Bytes to the normalised, channels-last input of the vision tower."""
    for batch in loader:
        pixels = normalise(batch["pixels"]).contiguous(memory_format=torch.channels_last)
        yield {**batch, "pixels": pixels}


if __name__ == "__main__":
    main()
