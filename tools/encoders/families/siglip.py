"""SigLIP and SigLIP 2, of transformers, with their tokenizers on small vocabularies."""

import json
import tempfile
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from export_encoder import ROOT, export_tower
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import SiglipConfig, SiglipModel, SiglipTokenizer
from transformers.models.siglip2.tokenization_siglip2 import Siglip2Tokenizer
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from families.common import DIM, SIDE, TEXTS, WIDTH, randomize, write_golden, write_json

PUNCTUATION = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]\^_`{|}~]"""


def siglip_model(vocabulary: int, ids: dict[str, int]) -> SiglipModel:
    size = dict(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, num_attention_heads=2)
    config = SiglipConfig(
        text_config=dict(size, vocab_size=vocabulary, max_position_embeddings=64, projection_size=DIM, **ids),
        vision_config=dict(size, image_size=SIDE, patch_size=8),
    )
    model = SiglipModel._from_config(config, attn_implementation="eager").eval()
    randomize(model)
    return model


def sentencepiece_tokenizer(folder: Path) -> tuple[SiglipTokenizer, Tokenizer]:
    """SigLIP's tokenizer on a small vocabulary, and the hub's tokenizer.json of it."""
    corpus = json.loads((ROOT / "data/classes/clevr-ds.json").read_text())
    lines = [text.lower() for text in TEXTS] + [str(value).lower() for value in json.dumps(corpus).split(",")]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(folder / "spiece"), vocab_size=200, model_type="unigram",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False, minloglevel=2,
    )
    slow = SiglipTokenizer(vocab_file=str(folder / "spiece.model"), model_max_length=64)
    model = slow.sp_model
    pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(model.get_piece_size())]
    fast = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=False))
    fast.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(Regex(PUNCTUATION), ""),
        normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(), normalizers.NFKC(),
    ])
    fast.pre_tokenizer = pre_tokenizers.Metaspace()
    fast.decoder = decoders.Metaspace()
    fast.add_special_tokens(["<pad>", "</s>", "<unk>"])
    fast.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return slow, fast


def gemma_tokenizer() -> tuple[Siglip2Tokenizer, Tokenizer]:
    """SigLIP 2's tokenizer on a small vocabulary, and the hub's tokenizer.json, which leaves letters as they are."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    corpus = TEXTS + [text.lower() for text in TEXTS]
    trained.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=110, special_tokens=special, show_progress=False))
    learned = json.loads(trained.to_str())["model"]
    tokens = special + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += [token for token in learned["vocab"] if token not in tokens]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    merges = [tuple(merge) for merge in learned["merges"]]
    slow = Siglip2Tokenizer(vocab=vocabulary, merges=merges, model_max_length=64, padding_side="right")
    fast = Tokenizer.from_str(slow.backend_tokenizer.to_str())
    fast.normalizer = normalizers.Replace(" ", "▁")
    for tokenizer in (fast, slow.backend_tokenizer):
        tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    return slow, fast


def make_siglip(folder: Path, second: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        slow, fast = gemma_tokenizer() if second else sentencepiece_tokenizer(Path(scratch))
        ids = slow(TEXTS, padding="max_length", max_length=64, truncation=True)["input_ids"]
    pad, end = ("<pad>", "<eos>") if second else ("</s>", "</s>")
    number = fast.token_to_id
    special = dict(bos_token_id=number(end), eos_token_id=number(end), pad_token_id=number(pad))
    model = siglip_model(fast.get_vocab_size(), special)
    for part in ("text", "vision"):
        export_tower(model, part, folder / f"onnx/{part}_model.onnx")
    # SigLIP squashes by bicubic, SigLIP 2 by bilinear interpolation.
    processor = SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}, resample=2 if second else 3)
    write_json(folder / "preprocessor_config.json", {
        "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "image_processor_type": "SiglipImageProcessor", "resample": 2 if second else 3, "rescale_factor": 1 / 255,
        "size": {"height": SIDE, "width": SIDE},
    })
    # As the hub has them: SigLIP 2's does not say how long its texts are.
    text_config = {"model_type": "siglip_text_model", "vocab_size": fast.get_vocab_size()}
    if not second:
        text_config["max_position_embeddings"] = 64
    vision = {"model_type": "siglip_vision_model", "patch_size": 8, "hidden_size": WIDTH, "num_hidden_layers": 2}
    write_json(folder / "config.json", {"model_type": "siglip", "text_config": text_config, "vision_config": vision})
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "GemmaTokenizer" if second else "SiglipTokenizer", "model_max_length": 64,
        "pad_token": pad, "eos_token": end, "unk_token": "<unk>",
    })
    (folder / "tokenizer.json").write_text(fast.to_str() + "\n")
    double = model.double()
    with torch.inference_mode():
        text = double.text_model(torch.tensor(ids)).pooler_output
        vectors = lambda images: double.vision_model(  # noqa: E731
            torch.tensor(np.stack(processor(images)["pixel_values"]), dtype=torch.float64)
        ).pooler_output
        write_golden(folder, vectors, ids, text)
