"""The text tower: MiniLM with a smaller vocabulary, drawn towards the concepts that the images are told in."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnxruntime import InferenceSession, SessionOptions
from tokenizers import Tokenizer
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel
from weights import pack
from wordnet import Concepts

PROMPT = "a photo of a {}"
BETA = 0.06  # temperature of the softmax over lemmas
SHARED_BY = 15  # common nouns that need a piece of a word for it to be kept
BATCH = 32
OPSET = 18
CONTEXT = 77


def prune(tokenizer: Tokenizer, concepts: Concepts, prompts: list[str]) -> tuple[dict, list[int]]:
    """
    The tokenizer with the tokens that are common nouns or pieces of many, and their old ids. Other words come in
    pieces: every letter and digit stays, within a word and at its start.
    """
    tokenizer.no_padding()
    tokenizer.no_truncation()
    content = json.loads(tokenizer.to_str())
    vocabulary = content["model"]["vocab"]
    nouns = encode(tokenizer, concepts.nouns)
    use = Counter(i for ids in nouns for i in set(ids))
    kept = {ids[0] for ids in nouns if len(ids) == 1} | {i for i, count in use.items() if count >= SHARED_BY}
    kept |= {i for ids in encode(tokenizer, concepts.lemmas + prompts) for i in ids}
    letters = [(token.removeprefix("##"), i) for token, i in vocabulary.items()]
    kept |= {i for letter, i in letters if len(letter) == 1 and letter.isascii()}
    special = {token["content"] for token in content["added_tokens"]}
    kept |= {vocabulary[token] for token in special}
    old = sorted(kept)
    new = {i: n for n, i in enumerate(old)}
    content["model"]["vocab"] = {token: new[i] for token, i in vocabulary.items() if i in new}
    for token in content["added_tokens"]:
        token["id"] = new[token["id"]]
    for token in content["post_processor"]["special_tokens"].values():
        token["ids"] = [new[i] for i in token["ids"]]
    return content, old


def encode(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


def load_minilm(path: Path, ids: list[int]) -> BertModel:
    """paraphrase-MiniLM-L3-v2 from its ONNX file, with the embeddings of some tokens and positions only."""
    graph = onnx.load(path).graph
    weights = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    state = {name.split("auto_model.")[1]: weights[name] for name in weights if "auto_model." in name}
    for node in graph.node:  # products have lost the names of their weights, not their own
        if node.op_type == "MatMul" and node.input[1] in weights:
            layer = node.name.split("/auto_model/")[1].removesuffix("/MatMul").replace("/", ".")
            state[f"{layer}.weight"] = weights[node.input[1]].T
    for name, rows in (("word", ids), ("position", slice(CONTEXT))):
        key = f"embeddings.{name}_embeddings.weight"
        state[key] = state[key][rows]
    config = BertConfig(
        vocab_size=len(ids), hidden_size=384, num_hidden_layers=3, num_attention_heads=12, intermediate_size=1536,
        max_position_embeddings=CONTEXT, attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    model.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    return model


class Sentence(torch.nn.Module):
    """MiniLM as it is used: the mean over tokens, of length 1. // (B, 384)"""

    def __init__(self, minilm: BertModel):
        super().__init__()
        self.minilm = minilm

    def forward(self, input_ids, attention_mask):
        states = self.minilm(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        seen = attention_mask[..., None].to(states.dtype)
        return normalize((states * seen).sum(1) / seen.sum(1), dim=1)


class TextTower(torch.nn.Module):
    """q = unit(MiniLM(text) - mu); text_embeds = unit(q U + softmax(q K' / beta) G); concepts = q K'."""

    def __init__(self, sentence: Sentence, mu, lemmas, basis, directions):
        super().__init__()
        self.sentence = sentence
        self.mu = torch.nn.Parameter(torch.tensor(mu))  # (384)
        self.lemmas = torch.nn.Parameter(torch.tensor(lemmas.T.copy()))  # K': (384, L)
        self.basis = torch.nn.Parameter(torch.tensor(basis))  # U: (384, D)
        self.directions = torch.nn.Parameter(torch.tensor(directions))  # G: (L, D)

    def forward(self, input_ids, attention_mask):
        query = normalize(self.sentence(input_ids, attention_mask) - self.mu, dim=1)
        cosines = query @ self.lemmas  # (B, L)
        pull = torch.softmax(cosines / BETA, 1) @ self.directions  # (B, D)
        return normalize(query @ self.basis + pull, dim=1), cosines


def export(module: torch.nn.Module, outputs: list[str], path: Path) -> None:
    """Writes a tower with the tables, of tokens and lemmas, in 4 bits, other matrices in 8."""
    inputs, batch = ["input_ids", "attention_mask"], {0: "batch_size"}
    axes = {name: {**batch, 1: "sequence_length"} for name in inputs} | {name: batch for name in outputs}
    example = torch.ones(2, 9, dtype=torch.int64)
    with torch.inference_mode():
        torch.onnx.export(
            module.eval(), (example, example), str(path), input_names=inputs, output_names=outputs,
            dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        )
    model = onnx.load(path)
    pack(model, lambda name, shape: 4 if "word_embeddings" in name or name == "lemmas" else 8)
    onnx.save(model, path)


def embed(path: Path, tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """What an exported tower says first of texts, each of them run with others of its length only. // (N, D)"""
    options = SessionOptions()
    options.intra_op_num_threads = 1
    session = InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    rows: list[np.ndarray] = [np.empty(0)] * len(texts)
    for length in sorted({len(i) for i in ids}):
        same = [n for n, i in enumerate(ids) if len(i) == length]
        for at in range(0, len(same), BATCH):
            some = same[at : at + BATCH]
            tokens = np.array([ids[n] for n in some], np.int64)
            found = session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})[0]
            for n, row in zip(some, found):
                rows[n] = row
    return np.stack(rows)
