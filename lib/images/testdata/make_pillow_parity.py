"""Makes the pictures and the golden results of lib/images/resample.test.ts.

    python make_pillow_parity.py              # needs numpy and pillow
    python make_pillow_parity.py PHOTO_DIR    # instead: a line a photo, for bench/pillow.ts

Two photo-like pictures (fractal noise, hard edges, fine lines) are drawn from a fixed seed and stored as
PNG, so that no decoder comes between; pillow_parity.json holds, for windows of them that are shrunk,
enlarged, squeezed or a single pixel, the SHA-256 of what Pillow makes of each.

Pillow resizes columns first, then rows; release 13 turns that around for some portrait windows, which
moves single values by 1. The goldens are the classic order, enforced by resizing one side at a time;
`same_in_one_call` records whether the installed Pillow gives the same bytes in one call.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

HERE = Path(__file__).parent


def photo_like(width: int, height: int, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for octave in range(1, 7):  # fractal noise: amplitude falls with frequency, as in photographs
        grid = rng.integers(0, 256, (2**octave, 2**octave, 3), dtype=np.uint8)
        layer = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
        total += (np.asarray(layer, dtype=float) - 128) * 0.65**octave
    total += 128
    y, x = np.mgrid[:height, :width]
    total[(x - width * 0.7) ** 2 + (y - height * 0.4) ** 2 < (height * 0.2) ** 2] = (250, 210, 30)
    total[(x + y) % 23 == 0] *= 0.2
    total[int(height * 0.8) :, : width // 3] = (15, 15, 20)
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8) & 0xF8)  # few colours: a small file


def preprocess(window: Image.Image, mode: str, size: int) -> tuple[Image.Image, bool]:
    """What CLIP (`clip`) or the authors of DetailCLIP (`squash`) feed to the encoder."""
    width, height = window.size
    if mode == "squash":
        shape, filter = (size, size), Image.Resampling.BILINEAR
    else:
        short = min(width, height)
        shape, filter = (size * width // short, size * height // short), Image.Resampling.BICUBIC
    both = window.resize((shape[0], height), filter).resize(shape, filter)
    same = both.tobytes() == window.resize(shape, filter).tobytes()
    left, top = (shape[0] - size) // 2, (shape[1] - size) // 2
    return both.crop((left, top, left + size, top + size)), same


def main() -> None:
    cases = []
    for name, picture, windows in [
        (
            "landscape.png",
            photo_like(240, 160, 1),
            [(0, 0, 240, 160), (17, 9, 64, 48), (100, 60, 31, 31), (200, 20, 7, 90), (3, 3, 1, 1)],
        ),
        (
            "portrait.png",
            photo_like(110, 170, 2),
            [(0, 0, 110, 170), (5, 100, 99, 13), (40, 40, 24, 33), (109, 169, 1, 1)],
        ),
    ]:
        picture.save(HERE / name, optimize=True)
        for left, top, width, height in windows:
            window = picture.crop((left, top, left + width, top + height))
            for mode in ("squash", "clip"):
                for size in (32, 64, 224):
                    result, same = preprocess(window, mode, size)
                    cases.append(
                        {
                            "image": name,
                            "box": {"left": left, "top": top, "width": width, "height": height},
                            "mode": mode,
                            "size": size,
                            "sha256": hashlib.sha256(result.tobytes()).hexdigest(),
                            "same_in_one_call": same,
                        }
                    )
    document = {"pillow": PIL.__version__, "cases": cases}
    (HERE / "pillow_parity.json").write_text(json.dumps(document, indent=2) + "\n")


def photos(directory: Path) -> None:
    """Prints what Pillow makes of each photo of a folder, as JSON lines of SHA-256 sums."""
    for path in sorted(directory.iterdir()):
        photo = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        line = {"name": path.name, "decoded": hashlib.sha256(photo.tobytes()).hexdigest()}
        for mode in ("squash", "clip"):
            for size in (64, 224):
                result, same = preprocess(photo, mode, size)
                line[f"{mode} {size}"] = hashlib.sha256(result.tobytes()).hexdigest()
                line[f"{mode} {size} same in one call"] = same
        print(json.dumps(line))


if __name__ == "__main__":
    photos(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
