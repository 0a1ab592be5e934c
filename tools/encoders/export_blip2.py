"""Exports BLIP-2's contrastive head from PyTorch to the hub's ONNX layout, which `loadEncoder` reads.

    (install tools/requirements/torch.txt and families.txt, as the latter says)
    .venv-torch/bin/python tools/encoders/export_blip2.py --model Salesforce/blip2-itm-vit-g --output .cache/models/blip2

The head compares a text with each of the 32 vectors that it has of an image and takes the maximum. An encoder here has
one vector an image: their mean, each of unit length before, so that its score is the mean of theirs. Towers are fp32 alone.
"""

import argparse
import json
from pathlib import Path

import torch
from export_encoder import OPSET
from torch.nn.functional import normalize
from transformers import AutoImageProcessor, AutoTokenizer, Blip2ForImageTextRetrieval, PreTrainedTokenizerFast


class ImageTower(torch.nn.Module):
    """Images to the mean of their queries' vectors. // (B, D)"""

    def __init__(self, model: Blip2ForImageTextRetrieval):
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        model = self.model
        tokens = model.vision_model(pixel_values).last_hidden_state
        queries = model.query_tokens.expand(pixel_values.shape[0], -1, -1)
        seen = model.qformer(query_embeds=queries, encoder_hidden_states=tokens).last_hidden_state  # (B, 32, W)
        return normalize(model.vision_projection(seen), dim=-1).mean(1)


class TextTower(torch.nn.Module):
    """Texts, none of them padded, to vectors. // (B, D)"""

    def __init__(self, model: Blip2ForImageTextRetrieval):
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        words = self.model.embeddings(input_ids=input_ids)
        read = self.model.qformer(query_embeds=words, query_length=0).last_hidden_state  # (B, T, W)
        return self.model.text_projection(read[:, 0])


def export_towers(model: Blip2ForImageTextRetrieval, folder: Path) -> None:
    """Traces both towers with a free batch size and length of texts."""
    side = model.config.vision_config.image_size
    towers = [
        (ImageTower(model), torch.rand(2, 3, side, side), "vision", "pixel_values", "image_embeds", {}),
        (TextTower(model), torch.arange(18).reshape(2, 9), "text", "input_ids", "text_embeds", {1: "sequence_length"}),
    ]
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    for tower, example, part, name, output, more in towers:
        with torch.inference_mode():
            torch.onnx.export(
                tower.eval(), (example,), str(folder / f"onnx/{part}_model.onnx"), input_names=[name],
                output_names=[output], opset_version=OPSET, dynamo=False,
                dynamic_axes={name: {0: "batch_size", **more}, output: {0: "batch_size"}},
            )


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def write_configuration(
    model: Blip2ForImageTextRetrieval, tokenizer: PreTrainedTokenizerFast, image: dict, folder: Path
) -> None:
    """Writes what stands beside the towers, as of a CLIP."""
    config, context = model.config, model.config.qformer_config.max_position_embeddings
    vision = config.vision_config
    write_json(folder / "config.json", {
        "model_type": "clip", "projection_dim": config.image_text_hidden_size,
        "text_config": {"max_position_embeddings": context},
        "vision_config": {
            "image_size": vision.image_size, "patch_size": vision.patch_size, "hidden_size": vision.hidden_size,
            "num_hidden_layers": vision.num_hidden_layers,
        },
    })
    write_json(folder / "preprocessor_config.json", image)
    fast = tokenizer.backend_tokenizer
    fast.no_padding()
    fast.no_truncation()
    (folder / "tokenizer.json").write_text(fast.to_str() + "\n")
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "model_max_length": context, "unk_token": "[UNK]", "sep_token": "[SEP]",
        "cls_token": "[CLS]", "mask_token": "[MASK]",
    })  # no pad_token: texts are never padded, and loaders take one as a wish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a checkpoint's folder, or its id on the hub")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args()
    model = Blip2ForImageTextRetrieval.from_pretrained(args.model, attn_implementation="eager").float().eval()
    image = AutoImageProcessor.from_pretrained(args.model, backend="pil").to_dict()
    export_towers(model, args.output)
    write_configuration(model, AutoTokenizer.from_pretrained(args.model), image, args.output)


if __name__ == "__main__":
    main()
