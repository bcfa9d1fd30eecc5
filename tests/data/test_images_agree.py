"""Decoding agrees with TensorFlow's decoders on every odd but whole picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.conftest import COLOURS
from tests.support.hostile_bytes import SIDE, broken_exif, odd_pictures, turned_pictures
from tl_catdog.data.images import decode

LIMIT = 2.0  # mean absolute difference, of 255

PICTURES = {
    made.name: made.data
    for make in (odd_pictures, turned_pictures, broken_exif)
    for made in make(COLOURS[0], 3)
}

BEYOND_TENSORFLOW = {
    "bmp P.bmp": "png P.png",  # it takes the palette's indices for grey values
    "bmp 1.bmp": "png 1.png",  # it refuses fewer than eight bits
    "webp animated.webp": "png plain.png",  # it brings the whole process down
}
"""What TensorFlow can't decode, and a picture with the same pixels that it can."""

NEWER = ("tiff ", "avif ", "heic ", "jpeg2000 ", "jpeg 2000 ")
"""How the names of pictures begin whose formats TensorFlow doesn't read."""

UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.transpose(1, 0, 2),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
    8: lambda x: np.rot90(x, 1),
}
"""EXIF's orientations, undone by hand: TensorFlow ignores them."""


def over_white(layers: np.ndarray) -> np.ndarray:
    """Return RGB, of RGBA or as it is: TensorFlow leaves the alpha channel to its user."""
    if layers.shape[-1] == 3:
        return layers
    alpha = layers[..., 3:] / 255.0
    return layers[..., :3] * alpha + 255.0 * (1 - alpha)


def by_tensorflow(name: str, data: bytes) -> np.ndarray:
    """Decode with TensorFlow, and mend what its decoders are documented to leave as it is."""
    import tensorflow as tf

    if data[:2] == b"\xff\xd8":
        # Its default is a fast transform, 4 of 255 off at the best quality.
        pixels: np.ndarray = tf.io.decode_jpeg(
            data, channels=3, dct_method="INTEGER_ACCURATE"
        ).numpy()
        return pixels
    if data[:4] == b"\x89PNG":
        depth, kind = data[24], data[25]
        # An alpha channel that isn't there comes out as 1 of 255 where there are few bits.
        channels = 4 if kind in (4, 6) or b"tRNS" in data else 3
        if depth == 16:  # as eight bits it would cut off the lower ones instead of rounding
            pixels = tf.io.decode_png(data, channels=channels, dtype=tf.uint16).numpy() / 257.0
            return over_white(pixels)
        return over_white(tf.io.decode_png(data, channels=channels).numpy())
    if data[:4] == b"RIFF":
        return over_white(tf.io.decode_webp(data).numpy()[0])
    if data[:2] == b"BM":
        pixels = tf.io.decode_bmp(data).numpy()
        return over_white(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
    pixels = tf.io.decode_gif(data).numpy()[0].copy()
    if "transparent" in name:  # it shows black there
        pixels[(pixels == 0).all(axis=-1)] = 255
    return pixels


def orientation(name: str) -> int:
    if name.startswith("exif"):
        return 6
    return int(name.split()[2][0]) if "turned" in name else 1


def same_pixels(name: str) -> str:
    """Return the PNG with the pixels of a picture in a newer format."""
    for what in ("RGBA", "I;16"):
        if what in name:
            return f"png {what}.png"
    return f"png turned {orientation(name)}.png" if "turned" in name else "png plain.png"


@pytest.mark.parametrize("name", [name for name in PICTURES if name.startswith(NEWER)])
def test_formats_that_tensorflow_does_not_read_agree_with_the_same_pixels_in_png(name: str) -> None:
    """AVIF and HEIC blur the colours of what is noise, so means over some pixels are compared."""
    size = SIDE // 8 if name.startswith(("avif", "heic")) else SIDE
    ours = decode(PICTURES[name], size).astype(float)
    assert np.abs(ours - decode(PICTURES[same_pixels(name)], size)).mean() <= 1.5 * LIMIT
    other = decode(PICTURES["png turned 3.png" if "turned" not in name else "png plain.png"], size)
    if "turned 1" not in name:
        assert np.abs(ours - other).mean() > 1.5 * LIMIT, "another turn would be noticed"


@pytest.mark.parametrize(
    "name",
    [n for n in PICTURES if n not in BEYOND_TENSORFLOW and not n.startswith(NEWER)],
)
def test_decoding_agrees_with_tensorflow(name: str) -> None:
    """At the picture's own size, so that nothing but decoding can differ.

    Left out is what ``BEYOND_TENSORFLOW`` names. By hand are done EXIF orientation, transparency,
    the rounding of 16 bits, and the transparent pixels of a GIF, all of which its decoders leave.
    """
    theirs = UPRIGHT[orientation(name)](by_tensorflow(name, PICTURES[name]))
    ours = decode(PICTURES[name], SIDE)
    assert theirs.shape == ours.shape
    assert np.abs(ours - theirs).mean() <= LIMIT


@pytest.mark.parametrize(("name", "same"), BEYOND_TENSORFLOW.items())
def test_what_tensorflow_can_not_decode_equals_the_same_pixels_in_png(name: str, same: str) -> None:
    assert np.array_equal(decode(PICTURES[name], SIDE), decode(PICTURES[same], SIDE))


def test_the_comparison_would_notice_a_wrong_turn_and_a_swapped_channel() -> None:
    pixels = decode(PICTURES["png plain.png"], SIDE).astype(float)
    for turn in list(UPRIGHT.values())[1:]:
        assert np.abs(turn(pixels) - pixels).mean() > 2 * LIMIT
    assert np.abs(pixels[..., ::-1] - pixels).mean() > 2 * LIMIT
