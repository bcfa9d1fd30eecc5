"""Where the network looked, as a picture to lay over the one it was asked about."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

COLOURS = (
    (13, 8, 135),
    (84, 2, 163),
    (139, 10, 165),
    (185, 50, 137),
    (219, 92, 104),
    (244, 136, 73),
    (254, 188, 43),
    (240, 249, 33),
)
"""From cold to hot: "plasma" of Smith and van der Walt (CC0), by whose steps an eye, colour-blind
or not, can tell how much; ``style.css`` has the same for the legend."""

OPAQUE = 210  # of 255, where the heat is greatest: the picture shines through


@dataclass(frozen=True)
class Heatmap:
    """Where the network looked: a picture to lay over, as a data URI, and the peak in words."""

    overlay: str
    where: str | None


def overlay(heatmap: npt.NDArray[np.float32]) -> str:
    """Return a heatmap, (H, W), 0..1, as the data URI of a PNG to lay over the picture.

    Where nothing is hot the picture stays as it is; colours say how hot the rest is.
    """
    steps = np.linspace(0, 1, len(COLOURS))
    pixels = np.empty((*heatmap.shape, 4), np.uint8)
    for channel, values in enumerate(np.transpose(COLOURS)):
        pixels[..., channel] = np.rint(np.interp(heatmap, steps, values))
    pixels[..., 3] = np.rint(OPAQUE * heatmap)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
