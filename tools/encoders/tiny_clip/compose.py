"""Crops as an encoder meets them in a Complete Cover: a window of 48 to 480 px of a 480 px scene,
or the tight box of one object, squashed to 64 px."""

import io
import math
import random
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from material import LEVELS, PAD, SHADOW_LEVELS, Material, Sprite

SIZE = 64
FAMILIES = {"fluent-3d": 0.6, "fluent-flat": 0.17, "twemoji": 0.17, "fxemoji": 0.17}


@dataclass
class Crop:
    pixels: np.ndarray  # (64, 64, 3) float32, 0..255
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    visible: dict[int, float] = field(default_factory=dict)  # class -> fraction of it in the crop
    nameable: dict[int, float] = field(default_factory=dict)  # class -> weight of being named


def sample(copies: list[Image.Image], levels, limit, cx, cy, w, h, angle, flip):
    """Draws a copy of an image, centred at (cx, cy) and w x h large, on the part of the crop that
    it covers. Returns (x0, y0, pixels), or None when it lies outside."""
    wanted = min(max(w, h), limit)
    level = max([i for i, side in enumerate(levels) if side >= wanted], default=0)
    source = copies[level]
    cos, sin = math.cos(angle), math.sin(angle)
    rx = (abs(cos) * w + abs(sin) * h) / 2 + 1
    ry = (abs(sin) * w + abs(cos) * h) / 2 + 1
    x0, x1 = max(0, math.floor(cx - rx)), min(SIZE, math.ceil(cx + rx))
    y0, y1 = max(0, math.floor(cy - ry)), min(SIZE, math.ceil(cy + ry))
    if x1 <= x0 or y1 <= y0:
        return None
    mw, mh = source.width - 2 * PAD, source.height - 2 * PAD
    a, b = cos / w * mw * (-1 if flip else 1), sin / w * mw * (-1 if flip else 1)
    d, e = -sin / h * mh, cos / h * mh
    c = mw / 2 + PAD + a * (x0 - cx) + b * (y0 - cy)
    f = mh / 2 + PAD + d * (x0 - cx) + e * (y0 - cy)
    matrix = (a, b, c, d, e, f)
    part = source.transform(
        (x1 - x0, y1 - y0), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return x0, y0, np.asarray(part)


class Composer:
    """Composes crops; all chance comes from the two generators."""

    def __init__(self, material: Material, seed: int):
        self.material = material
        self.rng = random.Random(seed)
        self.numpy = np.random.default_rng(seed)

    def pick(self, taken) -> Sprite:
        rng = self.rng
        while (class_id := rng.randrange(len(self.material.sprites))) in taken:
            pass
        family = self.material.sprites[class_id]
        return rng.choices(family, [FAMILIES[sprite.family] for sprite in family])[0]

    def ground(self, window: float) -> np.ndarray:
        rng = self.rng
        if rng.random() < 0.06:  # a plain colour
            colour = [rng.uniform(10, 245) for _ in range(3)]
            return np.full((SIZE, SIZE, 3), colour, np.float32)
        copies = rng.choice(self.material.grounds)
        level = 0 if window < 130 else 1 if window < 260 else 2
        image = copies[level]
        side = min(window / 2**level, image.width)
        x, y = rng.uniform(0, image.width - side), rng.uniform(0, image.height - side)
        part = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR, (x, y, x + side, y + side))
        if rng.random() < 0.5:
            part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return np.asarray(part, np.float32).copy()

    def paste(self, crop: Crop, sprite: Sprite, cx, cy, w, h, limit=1000.0) -> None:
        """Draws one object with its shadow; notes how much of it is visible."""
        rng, canvas = self.rng, crop.pixels
        angle = rng.gauss(0, 0.12) if rng.random() < 0.5 else 0.0
        flip = rng.random() < 0.5
        if rng.random() < 0.85 and max(w, h) > 4:
            self.shade(canvas, sprite, cx, cy, w, h, flip)
        drawn = sample(sprite.copies, LEVELS, limit, cx, cy, w, h, angle, flip)
        if drawn is None:
            return
        x0, y0, part = drawn
        alpha = part[..., 3:].astype(np.float32) / 255
        colour = part[..., :3].astype(np.float32)
        if rng.random() < 0.7:  # renderings differ in colour more than in shape
            gain = rng.gauss(1, 0.1)
            colour *= np.array([gain * rng.gauss(1, 0.07) for _ in range(3)], np.float32)
        patch = canvas[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
        patch *= 1 - alpha
        patch += colour
        self.note(crop, sprite, float(alpha.sum()), w, h)
        crop.boxes.append((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2))

    def shade(self, canvas, sprite: Sprite, cx, cy, w, h, flip) -> None:
        left, top, width, height, copies = self.rng.choice(sprite.shadows)
        side = max(sprite.width, sprite.height)
        unit_x, unit_y = side * w / sprite.width, side * h / sprite.height
        dx = (left + width / 2) * unit_x - w / 2
        dy = (top + height / 2) * unit_y - h / 2
        x, y = cx + (-dx if flip else dx), cy + dy
        levels = [level * max(width, height) for level in SHADOW_LEVELS]
        drawn = sample(copies, levels, 1000.0, x, y, width * unit_x, height * unit_y, 0.0, flip)
        if drawn is not None:
            x0, y0, part = drawn
            keep = 1 - part[..., None].astype(np.float32) / 255
            canvas[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]] *= keep

    def note(self, crop: Crop, sprite: Sprite, opaque: float, w: float, h: float) -> None:
        whole = max(sprite.area * w * h, 1e-6)
        fraction, cover = min(1.0, opaque / whole), opaque / SIZE**2
        side = math.sqrt(opaque)
        if fraction > 0.08 and side > 2:
            crop.visible[sprite.class_id] = fraction
        if (fraction >= 0.42 and side >= 4) or (fraction >= 0.2 and cover >= 0.4):
            crop.nameable[sprite.class_id] = min(1.0, side / 14)

    def place(self, crop: Crop, w: float, h: float) -> tuple[float, float] | None:
        """Somewhere that overlaps what is there already by little; edges may cut the object."""
        for _ in range(6):
            cx = self.rng.uniform(-0.2 * w, SIZE + 0.2 * w)
            cy = self.rng.uniform(-0.2 * h, SIZE + 0.2 * h)
            if all(overlap((cx, cy, w, h), box) < 0.25 for box in crop.boxes):
                return cx, cy
        return None

    def window(self) -> Crop:
        """A window of a scene: small objects of 5-12 %, large ones of 25-45 % of 480 px."""
        rng = self.rng
        low, high = rng.choices([(46, 100), (90, 200), (190, 480)], [0.5, 0.3, 0.2])[0]
        window = math.exp(rng.uniform(math.log(low), math.log(high)))
        crop = Crop(self.ground(window))
        dense = (0.05, 0.2, 0.27, 0.27, 0.21) if window > 120 else (0.08, 0.5, 0.28, 0.1, 0.04)
        count = rng.choices(range(5), dense)[0]
        sides = [
            rng.uniform(116, 220) if rng.random() < 0.22 else rng.uniform(22, 60)
            for _ in range(count)
        ]
        for side in sorted(sides, reverse=True):
            sprite = self.pick(crop.visible)
            scale = side * SIZE / window / max(sprite.width, sprite.height)
            w = sprite.width * scale * rng.uniform(0.94, 1.06)
            h = sprite.height * scale * rng.uniform(0.94, 1.06)
            if (at := self.place(crop, w, h)) is not None:
                self.paste(crop, sprite, *at, w, h, limit=side)
        return crop

    def tight(self) -> Crop:
        """The box of one object, squashed to a square; neighbours may reach into it."""
        rng = self.rng
        side = rng.uniform(116, 220) if rng.random() < 0.2 else rng.uniform(22, 60)
        crop = Crop(self.ground(side))
        sprite = self.pick(())
        w, h = SIZE * rng.uniform(0.86, 1.08), SIZE * rng.uniform(0.86, 1.08)
        x, y = SIZE / 2 + rng.gauss(0, 2), SIZE / 2 + rng.gauss(0, 2)
        if rng.random() < 0.3:
            other = self.pick((sprite.class_id,))
            shift = rng.choice([-1, 1]) * rng.uniform(0.6, 0.95) * SIZE
            ox, oy = (x + shift, rng.uniform(0, SIZE)) if rng.random() < 0.5 else (x, y + shift)
            self.paste(crop, other, ox, oy, w * rng.uniform(0.7, 1.1), h, limit=side)
        self.paste(crop, sprite, x, y, w, h, limit=side)
        return crop

    def crop(self) -> tuple[np.ndarray, set[int], list[int]]:
        """One training pair: pixels, classes in sight, classes to name (background classes too)."""
        rng, classes = self.rng, len(self.material.names)
        crop = self.tight() if rng.random() < 0.17 else self.window()
        if crop.nameable:
            pool, weights = zip(*crop.nameable.items())
            named = {rng.choices(pool, weights)[0]}
            if len(pool) > 1 and rng.random() < 0.2:
                named.add(rng.choices(pool, weights)[0])
        elif not crop.visible:
            named = {classes}
        elif rng.random() < 0.35:
            named = {classes + 1}  # only a scrap of something is in sight
        else:
            return self.crop()
        pixels = self.degrade(crop.pixels)
        return pixels, set(crop.visible) | named, sorted(named)

    def degrade(self, pixels: np.ndarray) -> np.ndarray:
        """Exposure, contrast, blur of resizing, sensor noise, JPEG."""
        rng = self.rng
        if rng.random() < 0.6:
            mean = pixels.mean()
            pixels = (pixels - mean) * rng.uniform(0.75, 1.25) + mean * rng.uniform(0.75, 1.25)
        if rng.random() < 0.4:
            noise = self.numpy.standard_normal(pixels.shape, np.float32)
            pixels = pixels + noise * rng.uniform(0, 7)
        data = pixels.clip(0, 255).astype(np.uint8)
        if rng.random() < 0.2:
            small = rng.randint(22, 56)
            image = Image.fromarray(data).resize((small, small), Image.Resampling.BILINEAR)
            data = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR))
        if rng.random() < 0.1:
            buffer = io.BytesIO()
            Image.fromarray(data).save(buffer, "JPEG", quality=rng.randint(40, 90))
            data = np.asarray(Image.open(buffer))
        return data


def overlap(centre_box, box) -> float:
    """Shared area as a fraction of the smaller box."""
    cx, cy, w, h = centre_box
    x = min(cx + w / 2, box[2]) - max(cx - w / 2, box[0])
    y = min(cy + h / 2, box[3]) - max(cy - h / 2, box[1])
    smaller = min(w * h, (box[2] - box[0]) * (box[3] - box[1]))
    return max(0.0, x) * max(0.0, y) / smaller
