"""Near-copies of pictures as people make them, for tests."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageEnhance, ImageOps


def _cropped(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Take a tenth off the width and the height, anywhere."""
    width, height = picture.size
    left, top = rng.randint(0, width // 10), rng.randint(0, height // 10)
    return picture.crop((left, top, left + width - width // 10, top + height - height // 10))


def _captioned(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Write over a black bar at the bottom."""
    picture = picture.copy()
    width, height = picture.size
    bar = max(10, height // 10)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height - bar, width, height), fill=(0, 0, 0))
    draw.text((4, height - bar), "my best friend", fill=(255, 255, 255), font_size=int(bar * 0.8))
    return picture


def _smaller(picture: Image.Image, rng: random.Random) -> Image.Image:
    width, height = picture.size
    return picture.resize((round(0.6 * width), round(0.6 * height)), Image.Resampling.LANCZOS)


CHANGES: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "re-encoded": lambda picture, rng: picture,
    "smaller": _smaller,
    "mirrored": lambda picture, rng: ImageOps.mirror(picture),
    "cropped": _cropped,
    "brighter": lambda picture, rng: ImageEnhance.Brightness(picture).enhance(1.4),
    "captioned": _captioned,
}


def near_copy(data: bytes, change: str, seed: int = 0) -> bytes:
    """Return a JPEG of a picture after a change; ``re-encoded`` is at quality 60."""
    with Image.open(io.BytesIO(data)) as picture:
        changed = CHANGES[change](picture.convert("RGB"), random.Random(seed))
    out = io.BytesIO()
    changed.save(out, "JPEG", quality=60 if change == "re-encoded" else 90)
    return out.getvalue()
