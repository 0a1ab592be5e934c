"""What crops are composed from: sprites with shadows and empty grounds, as `export_material.ts`
writes them. Sprites marked `heldOut` (family noto) are never read."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

LEVELS = (128, 90, 64, 45, 32, 22, 16, 11, 8, 5)  # larger side of the copies of a sprite, px
SHADOW_LEVELS = (64, 32, 16, 8)
PAD = 1  # transparent rim, so that bilinear sampling fades out at the edge


@dataclass
class Sprite:
    class_id: int
    family: str
    width: int  # of the largest copy, px
    height: int
    area: float  # opaque area as a fraction of width * height
    copies: list[Image.Image]  # premultiplied RGBa, one for each of LEVELS, padded
    shadows: list[tuple[float, float, float, float, list[Image.Image]]]  # left, top, w, h; copies


@dataclass
class Material:
    names: list[str]  # class names
    sprites: list[list[Sprite]]  # by class
    grounds: list[list[Image.Image]]  # each at full, half and quarter size


def pad(image: Image.Image) -> Image.Image:
    canvas = Image.new(image.mode, (image.width + 2 * PAD, image.height + 2 * PAD))
    canvas.paste(image, (PAD, PAD))
    return canvas


def shrink(image: Image.Image, scale: float) -> Image.Image:
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return pad(image.resize(size, Image.Resampling.BILINEAR))


def load_sprite(entry: dict, pixels: np.ndarray, darkness: np.ndarray) -> Sprite:
    w, h, at = entry["w"], entry["h"], entry["offset"]
    straight = Image.fromarray(pixels[at : at + w * h * 4].reshape(h, w, 4), "RGBA")
    image, side = straight.convert("RGBa"), max(w, h)
    shadows = []
    for shadow in entry["shadows"]:
        sw, sh, at = shadow["w"], shadow["h"], shadow["offset"]
        dark = Image.fromarray(darkness[at : at + sw * sh].reshape(sh, sw), "L")
        copies = [shrink(dark, level / side) for level in SHADOW_LEVELS]
        shadows.append((shadow["left"] / side, shadow["top"] / side, sw / side, sh / side, copies))
    area = float(np.asarray(straight)[..., 3].mean() / 255)
    copies = [shrink(image, level / side) for level in LEVELS]
    return Sprite(entry["classId"], entry["family"], w, h, area, copies, shadows)


def load_material(directory: str | Path) -> Material:
    directory = Path(directory)
    index = json.loads((directory / "index.json").read_text())
    pixels, darkness, grounds = (
        np.memmap(directory / f"{name}.bin", np.uint8, "r")
        for name in ("sprites", "shadows", "grounds")
    )
    sprites: list[list[Sprite]] = [[] for _ in index["classes"]]
    for entry in index["sprites"]:
        if not entry["heldOut"]:
            sprites[entry["classId"]].append(load_sprite(entry, pixels, darkness))
    scaled = []
    for ground in index["grounds"]:
        w, h, at = ground["w"], ground["h"], ground["offset"]
        image = Image.fromarray(grounds[at : at + w * h * 3].reshape(h, w, 3), "RGB")
        scaled.append([image, image.reduce(2), image.reduce(4)])
    return Material(index["classes"], sprites, scaled)
