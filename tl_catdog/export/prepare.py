"""From a picture file to what the network takes; needs NumPy and Pillow alone.

This file lies beside every export, as it stands, and does what tl-catdog itself does: the whole
picture, turned upright, over white where it is transparent, in RGB, squeezed to a square with
Pillow's antialiased bilinear filter. Another way to resize gives other answers (README.md). HEIC
is read where the package pillow-heif is installed; TIFF of floating numbers is not.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

if __name__ == "prepare":  # beside an export; tl-catdog itself has an opener of its own
    with contextlib.suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()

NEAR, FAR, ENOUGH = 2, 4, 448
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def prepare(file: str | Path | IO[bytes], size: int | None = None) -> npt.NDArray[np.uint8]:
    """Return a picture as the network takes it: RGB, 0 to 255, of shape (size, size, 3).

    Args:
        file: Its name, or a file that is open for reading bytes.
        size: In pixels; by default ``image_size`` of the metadata.json beside this file.

    Raises:
        OSError: The file can't be read or is no picture.
    """
    size = size or _size()
    # A JPEG is decoded at a reduced scale that leaves each side so many pixels.
    least = max(NEAR * size, min(FAR * size, ENOUGH))
    with Image.open(file) as image:
        image.draft(None, (least, least))
        image.load()
        turn = TURNS.get(image.getexif().get(274, 1))
        picture = image if turn is None else image.transpose(turn)
        if picture.mode != "L" or picture.has_transparency_data:
            picture = _rgb(picture)
        return np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR).convert("RGB"))


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":  # 16-bit grey, which Pillow would clip
        values = np.asarray(picture, np.float64)
        grey = np.clip(np.rint(values / 257.0), 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if picture.has_transparency_data:
        layers = picture.convert("RGBA")
        white = Image.new("RGBA", layers.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layers).convert("RGB")
    return picture.convert("RGB")


def _size() -> int:
    about: dict[str, Any] = json.loads(
        Path(__file__).with_name("metadata.json").read_text(encoding="utf-8")
    )
    return int(about["image_size"])
