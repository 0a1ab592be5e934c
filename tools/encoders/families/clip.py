"""OpenAI's CLIP, of transformers."""

from pathlib import Path

import numpy as np
import torch
from export_encoder import END, START, Tower, export_tower, make_tokenizer, write_configuration
from transformers import CLIPConfig, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from families.common import DIM, SIDE, TEXTS, WIDTH, randomize, write_golden


def make_clip(folder: Path) -> None:
    tokenizer = make_tokenizer(77)
    size = dict(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, num_attention_heads=2)
    ends = dict(bos_token_id=tokenizer.token_to_id(START), eos_token_id=tokenizer.token_to_id(END))
    config = CLIPConfig(
        text_config=dict(size, vocab_size=tokenizer.get_vocab_size(), pad_token_id=ends["eos_token_id"], **ends),
        vision_config=dict(size, image_size=SIDE, patch_size=8),
        projection_dim=DIM,
    )
    model = CLIPModel._from_config(config, attn_implementation="eager").eval()
    randomize(model)
    write_configuration(model, tokenizer, None, folder)
    for part in ("text", "vision"):
        export_tower(model, part, folder / f"onnx/{part}_model.onnx")
    processor = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    ids = [tokenizer.encode(text).ids for text in TEXTS]
    double = model.double()
    with torch.inference_mode():
        text = torch.cat([Tower(double, "text")(torch.tensor([row])) for row in ids])
        vectors = lambda images: Tower(double, "vision")(  # noqa: E731
            torch.tensor(np.stack(processor(images)["pixel_values"]), dtype=torch.float64)
        )
        write_golden(folder, vectors, ids, text)
