"""Prints the unit vectors that PyTorch's own pipeline gives for an image file and a text, as a line of JSON.

    .venv-torch/bin/python tools/encoders/torch_vectors.py --model openai/clip-vit-base-patch32 --image A.png --text "a photo of a dog."

`--model` is a checkpoint's folder, or an id that Hugging Face's own client finds or downloads. Pillow resizes.
"""

import argparse
import json
import warnings

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer
from transformers.utils import logging


def unit(output: object) -> list[float]:
    """The vector of one input, whatever it is wrapped in."""
    vector = getattr(output, "pooler_output", output)
    return torch.nn.functional.normalize(vector, dim=-1)[0].tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--text", required=True)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    model = AutoModel.from_pretrained(args.model, attn_implementation="eager").float().eval()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    processor = AutoImageProcessor.from_pretrained(args.model, backend="pil")
    siglip = model.config.model_type.startswith("siglip")
    padding = dict(padding="max_length", max_length=64, truncation=True) if siglip else dict(truncation=True)
    text = args.text.lower() if siglip else args.text  # as its tokenizers do, or were trained
    tokens = tokenizer([text], return_tensors="pt", **padding)["input_ids"]
    pixels = processor(Image.open(args.image).convert("RGB"), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        image, words = model.get_image_features(pixel_values=pixels), model.get_text_features(input_ids=tokens)
    print(json.dumps({"image": unit(image), "text": unit(words)}))


if __name__ == "__main__":
    main()
