"""BLIP-2's contrastive head, of transformers, with BERT's tokenizer on a small vocabulary."""

import re
import string
from pathlib import Path

import numpy as np
import torch
from export_blip2 import export_towers, write_configuration
from export_encoder import CLIP_MEAN, CLIP_STD
from transformers import BertTokenizer, Blip2Config, Blip2ForImageTextRetrieval
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

from families.common import DIM, SIDE, TEXTS, WIDTH, randomize, test_images, write_golden

CONTEXT = 32


def bert_tokenizer() -> BertTokenizer:
    """BERT's tokenizer with characters, characters within words, and a few whole words."""
    words = [word for text in TEXTS for word in re.findall("[a-z]+", text.lower())]
    characters = sorted({*string.ascii_lowercase, *string.digits, *".,!?{}-'"})
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{c}" for c in characters), *words]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    return BertTokenizer(vocab=vocabulary, model_max_length=CONTEXT)


def blip2_model(vocabulary: int) -> Blip2ForImageTextRetrieval:
    size = dict(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, num_attention_heads=2)
    config = Blip2Config(
        vision_config=dict(size, image_size=SIDE, patch_size=8),
        qformer_config=dict(
            size, vocab_size=vocabulary, max_position_embeddings=CONTEXT, encoder_hidden_size=WIDTH,
            cross_attention_frequency=2, use_qformer_text_input=True,
        ),
        num_query_tokens=4, image_text_hidden_size=DIM,
    )
    model = Blip2ForImageTextRetrieval._from_config(config, attn_implementation="eager").eval()
    randomize(model)
    return model


def make_blip2(folder: Path) -> None:
    tokenizer = bert_tokenizer()
    model = blip2_model(len(tokenizer))
    export_towers(model, folder)
    processor = BlipImageProcessorPil(size={"height": SIDE, "width": SIDE})
    image = {
        "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": CLIP_MEAN, "image_std": CLIP_STD,
        "image_processor_type": "BlipImageProcessor", "resample": 3, "rescale_factor": 1 / 255,
        "size": {"height": SIDE, "width": SIDE},
    }
    write_configuration(model, tokenizer, image, folder)
    tokens = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt", return_token_type_ids=False)
    double = model.double()

    def outputs(images: list) -> object:
        pixels = torch.tensor(np.stack(processor(images)["pixel_values"]), dtype=torch.float64)
        with torch.inference_mode():
            return double(pixels, **tokens, use_image_text_matching_head=False)

    # a row as long as its text: the attention mask hides the padding
    ids = [row[: mask.sum()].tolist() for row, mask in zip(tokens["input_ids"], tokens["attention_mask"])]
    text = outputs(test_images()).text_embeds
    write_golden(folder, lambda images: outputs(images).image_embeds.mean(1), ids, text)
