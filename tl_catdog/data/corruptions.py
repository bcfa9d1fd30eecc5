"""What may happen to a picture between the camera and the network, at fixed strengths.

The kinds follow Hendrycks and Dietterich 2019 (https://arxiv.org/abs/1903.12261). Strengths are
relative to the picture's side, and applied after decoding to the network's size, so that they mean
the same for every network. What is random depends on the picture alone.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from tl_catdog.data.images import Pixels

BLUR = 0.015  # standard deviation, part of the side: 3.4 px of 224
NOISE = 40.0  # standard deviation, grey levels
DARKNESS = 0.25  # what is left of the light
LOW_RESOLUTION = 7  # so many times fewer pixels a side: 32 of 224
JPEG_QUALITY = 10
OCCLUSION = 0.25  # part of the area under a grey square


def corrupt(pixels: Pixels, kind: str) -> Pixels:
    """Return a picture, (S, S, 3) uint8, as one of ``CORRUPTIONS`` leaves it; same shape.

    Raises:
        KeyError: There is no such kind.
    """
    return _CORRUPTIONS[kind](pixels)


def _rng(pixels: Pixels) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(pixels.tobytes()))


def _blur(pixels: Pixels) -> Pixels:
    radius = BLUR * len(pixels)
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _noise(pixels: Pixels) -> Pixels:
    noise = _rng(pixels).normal(0.0, NOISE, pixels.shape)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def _darkness(pixels: Pixels) -> Pixels:
    return np.asarray(np.rint(pixels * DARKNESS), np.uint8)


def _low_resolution(pixels: Pixels) -> Pixels:
    side = len(pixels)
    few = max(1, side // LOW_RESOLUTION)
    small = Image.fromarray(pixels).resize((few, few), Image.Resampling.BOX)
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR))


def _jpeg(pixels: Pixels) -> Pixels:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(out, formats=["JPEG"]).convert("RGB"))


def _greyscale(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def _turn(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(np.rot90(pixels, _rng(pixels).choice([1, 3])))


def _occlusion(pixels: Pixels) -> Pixels:
    side = len(pixels)
    square = max(1, round(side * OCCLUSION**0.5))
    top, left = _rng(pixels).integers(0, side - square + 1, 2)
    covered = pixels.copy()
    covered[top : top + square, left : left + square] = 128
    return covered


_CORRUPTIONS: dict[str, Callable[[Pixels], Pixels]] = {
    "blur": _blur,
    "noise": _noise,
    "darkness": _darkness,
    "low resolution": _low_resolution,
    "JPEG quality 10": _jpeg,
    "greyscale": _greyscale,
    "90° turn": _turn,
    "25 % covered": _occlusion,
}

CORRUPTIONS = tuple(_CORRUPTIONS)
"""The kinds, by the names that tables show."""
