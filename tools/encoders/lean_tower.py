"""Rewrites the transformer of a CLIP-family tower, before it is traced, into the products of matrices that
onnxruntime is fastest at. The numbers stay those of the original up to rounding.

- Every linear map is one product of two matrices with its bias, with the weights laid out as they are read.
- The feed-forward part is cut into pieces of at most `MAX_DEPTH` columns: at a depth of 3,072 the rows of an
  operand lie so that they evict each other from the first cache, which costs a tenth of the speed.
- The last layer of CLIP's image tower computes the class token alone, the only one that leaves it.
- The bias of the keys is dropped (softmax does not see it), that of the values moves behind the attention.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

MAX_DEPTH = 1536


class Attention(torch.autograd.Function):
    """Multi-head attention on (B, T, W), which becomes onnxruntime's fused operator."""

    @staticmethod
    def forward(ctx, query, key, value, heads, causal):
        batch, length, width = query.shape
        parts = [x.reshape(batch, length, heads, width // heads).transpose(1, 2) for x in (query, key, value)]
        mixed = nn.functional.scaled_dot_product_attention(*parts, is_causal=causal)  # (B, H, T, W / H)
        return mixed.transpose(1, 2).reshape(batch, length, width)

    @staticmethod
    def symbolic(g, query, key, value, heads, causal):
        inputs = ("com.microsoft::MultiHeadAttention", query, key, value)
        return g.op(*inputs, num_heads_i=heads, unidirectional_i=int(causal)).setType(query.type())


def constant(values: torch.Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().clone().contiguous(), requires_grad=False)


class Linear(nn.Module):
    """x (N, I) @ weight (I, O) + bias (O)."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None):
        super().__init__()
        self.weight = constant(weight.t())
        self.bias = None if bias is None else constant(bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight if self.bias is None else torch.addmm(self.bias, x, self.weight)


class FeedForward(nn.Module):
    """Two linear maps and the activation between them, in pieces that add up: (N, W) -> (N, W)."""

    def __init__(self, mlp: nn.Module):
        super().__init__()
        self.activation = mlp.activation_fn
        pieces = -(-mlp.fc1.out_features // MAX_DEPTH)
        weights = (mlp.fc1.weight.chunk(pieces), mlp.fc1.bias.chunk(pieces), mlp.fc2.weight.chunk(pieces, dim=1))
        self.up = nn.ModuleList(Linear(up, bias) for up, bias, _ in zip(*weights))
        self.down = nn.ParameterList(constant(down.t()) for *_, down in zip(*weights))
        self.bias = constant(mlp.fc2.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = self.bias
        for up, down in zip(self.up, self.down):
            total = torch.addmm(total, self.activation(up(x)), down)
        return total


class LeanLayer(nn.Module):
    """One layer: (B, T, W) -> (B, T, W). Takes, and does without, what transformers hands its layers."""

    def __init__(self, layer: nn.Module, heads: int, causal: bool):
        super().__init__()
        attention = layer.self_attn
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = layer.layer_norm1, layer.layer_norm2
        self.query = Linear(attention.q_proj.weight, attention.q_proj.bias)
        self.key, self.value = Linear(attention.k_proj.weight, None), Linear(attention.v_proj.weight, None)
        self.out = Linear(attention.out_proj.weight, behind_attention(attention))
        self.feed_forward = FeedForward(layer.mlp)

    def forward(self, x: torch.Tensor, *_, **__) -> torch.Tensor:
        shape, width = x.shape, x.shape[-1]
        rows = self.norm1(x).reshape(-1, width)  # (B T, W)
        parts = [part(rows).reshape(shape) for part in (self.query, self.key, self.value)]
        mixed = Attention.apply(*parts, self.heads, self.causal)
        x = x + self.out(mixed.reshape(-1, width)).reshape(shape)
        return x + self.feed_forward(self.norm2(x).reshape(-1, width)).reshape(shape)


class ClassTokenLayer(nn.Module):
    """A last layer of which the first token alone is wanted: (B, T, W) -> (B, 1, W).

    With one query a head the maps of keys and values go to its side: q (K x) = (q K) x, and the weighted
    mean of V x is V times the weighted mean of x. So no token but the first meets a matrix of weights.
    """

    def __init__(self, layer: nn.Module, heads: int):
        super().__init__()
        attention, width = layer.self_attn, layer.self_attn.q_proj.in_features
        self.heads, self.size = heads, width // heads
        self.norm1, self.norm2 = layer.layer_norm1, layer.layer_norm2
        self.query = Linear(attention.q_proj.weight, attention.q_proj.bias)
        self.key = constant(attention.k_proj.weight.reshape(heads, self.size, width) * self.size**-0.5)
        self.value = constant(attention.v_proj.weight.reshape(heads, self.size, width).transpose(1, 2))
        self.out = Linear(attention.out_proj.weight, behind_attention(attention))
        self.feed_forward = FeedForward(layer.mlp)

    def forward(self, x: torch.Tensor, *_, **__) -> torch.Tensor:
        tokens = self.norm1(x)
        query = self.query(tokens[:, 0]).reshape(-1, self.heads, self.size).transpose(0, 1)  # (H, B, W / H)
        query = (query @ self.key).transpose(0, 1)  # (B, H, W)
        weights = (query @ tokens.transpose(1, 2)).softmax(-1)  # (B, H, T)
        mixed = (weights @ tokens).transpose(0, 1) @ self.value  # (H, B, W / H)
        x = x[:, 0] + self.out(mixed.transpose(0, 1).reshape(-1, x.shape[-1]))
        return (x + self.feed_forward(self.norm2(x))).unsqueeze(1)


def behind_attention(attention: nn.Module) -> torch.Tensor:
    """The bias of the output with that of the values: the weights of a mean add up to one."""
    return attention.out_proj.bias + attention.out_proj.weight @ attention.v_proj.bias


class PatchProjection(Linear):
    """A patch-embedding convolution as a reshape and a product of matrices, which int8 can speed up."""

    def __init__(self, conv: nn.Conv2d):
        super().__init__(conv.weight.flatten(1), conv.bias)
        self.side = conv.kernel_size[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        side, grid = self.side, x.shape[-1] // self.side
        x = x[..., : grid * side, : grid * side].reshape(-1, 3, grid, side, grid, side)
        x = super().forward(x.permute(0, 2, 4, 1, 3, 5).reshape(-1, 3 * side * side))  # (B G G, W)
        return x.reshape(-1, grid * grid, x.shape[-1]).transpose(1, 2)  # (B, W, G G), flat already


@contextmanager
def lean(tower: nn.Module, part: str, family: str) -> Iterator[None]:
    """Within `with lean(tower, part, family):` the tower has lean layers; afterwards it is as before."""
    heads, layers = tower.config.num_attention_heads, tower.encoder.layers
    clip, vision = family == "clip", part == "vision"
    rewritten = [LeanLayer(layer, heads, causal=clip and not vision) for layer in layers]
    if clip and vision:
        rewritten[-1] = ClassTokenLayer(layers[-1], heads)
    convolution = tower.embeddings.patch_embedding if vision else None
    tower.encoder.layers = nn.ModuleList(rewritten)
    if vision:
        tower.embeddings.patch_embedding = PatchProjection(convolution)
    try:
        yield
    finally:
        tower.encoder.layers = layers
        if vision:
            tower.embeddings.patch_embedding = convolution
