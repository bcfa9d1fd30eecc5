"""Whole pictures as few programs write them: TIFF, AVIF, JPEG 2000, HEIC, and BMP from the top."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from tests.support.heif_files import encoded_heic


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """Return a picture whose colours tell each side from the others."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [255 * x / (width - 1), 255 * y / (height - 1), 128 + 0 * x]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def newer_pictures(
    picture: Image.Image, faded: Image.Image, deep: Image.Image, others: list[Image.Image]
) -> Iterator[tuple[str, bytes, bool]]:
    """Yield names, files, and whether each shows the picture's colours.

    Args:
        picture: In RGB.
        faded: The same, partly transparent.
        deep: The same, grey in 16 bits.
        others: What follows it in films and pages.
    """

    def made(name: str, of: Image.Image = picture, **options: Any) -> tuple[str, bytes, bool]:
        kind = {"tif": "TIFF", "avif": "AVIF"}.get(name.rpartition(".")[2], "JPEG2000")
        out = io.BytesIO()
        of.save(out, kind, **options)
        return name, out.getvalue(), of is not deep

    several: dict[str, Any] = {
        "save_all": True,
        "append_images": [other.copy() for other in others],
    }
    yield made("tiff LZW.tif", compression="tiff_lzw")
    yield made("tiff JPEG.tif", compression="jpeg", quality=95)
    yield made("tiff pages.tif", **several)
    yield made("tiff big.tif", big_tiff=True)
    yield made("tiff CMYK.tif", picture.convert("CMYK"))
    yield made("tiff RGBA.tif", faded)
    yield made("tiff I;16.tif", deep)
    yield made("avif RGBA.avif", faded)
    yield made("avif animated.avif", duration=9, **several)
    yield made("jpeg 2000 RGBA.jp2", faded)
    yield made("jpeg 2000 stream.j2k", no_jp2=True)
    yield "heic plain.heic", encoded_heic(picture, quality=90), True
    yield "heic RGBA.heic", encoded_heic(faded, quality=90), True


def top_down(picture: Image.Image) -> bytes:
    """Return a BMP whose first row is the uppermost."""
    width, height = picture.size
    head = struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, 0, 0, 0, 0, 0)
    body = np.asarray(picture)[:, :, ::-1].tobytes()
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + head + body
