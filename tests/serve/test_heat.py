"""The heat that is laid over a picture: how hot it is can be read, and the cold is left alone."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from tl_catdog.serve.heat import COLOURS, OPAQUE, overlay


def pixels_of(heatmap: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return the PNG of a heatmap, (H, W, 4)."""
    head, _, data = overlay(heatmap).partition(",")
    assert head == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (image.format, image.mode) == ("PNG", "RGBA")
    return np.asarray(image)


def test_what_is_cold_is_left_alone_and_the_picture_shines_through_the_hottest() -> None:
    heat = np.array([[0.0, 0.25, 0.5], [0.75, 0.999, 1.0]], np.float32)
    pixels = pixels_of(heat)
    assert pixels.shape == (2, 3, 4)
    assert np.array_equal(pixels[..., 3], [[0, 52, 105], [158, OPAQUE, OPAQUE]])
    assert OPAQUE < 255


def test_the_hotter_the_lighter_in_steps_that_an_eye_can_tell() -> None:
    heat = np.linspace(0, 1, 50, dtype=np.float32)[None]
    grey = pixels_of(heat)[0, :, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(grey) > 0).all()
    assert tuple(pixels_of(heat)[0, -1, :3]) == COLOURS[-1]
