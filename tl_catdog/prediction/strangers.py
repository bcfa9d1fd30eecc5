"""Pictures of nothing: plain colours, gradients, noise, lines of text, flat shapes.

A network may find a plain colour more like cardboard than most cardboard is. What lies nearer to
one of these than to any picture that a network learnt from is of neither kind, see ``novelty``.
Whoever trains on such pictures loses nothing: the limit is set by his own (ADR 024).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tl_catdog.data.images import Pixels

COARSENESS = (4, 7, 14, 28, 56, 112, 224)  # noise of so many values a side
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz      ")


def stranger_pictures(size: int) -> Iterator[Pixels]:
    """Yield 116 pictures, each (size, size, 3); always the same ones.

    Args:
        size: Side in pixels, 16 or more.
    """
    rng = np.random.default_rng(0)
    for draw, count in ((_plain, 24), (_gradient, 24), (_noise, 28), (_text, 16), (_shapes, 24)):
        for index in range(count):
            yield draw(rng, size, index)


def _plain(rng: np.random.Generator, size: int, _: int) -> Pixels:
    return np.full((size, size, 3), rng.integers(0, 256, 3), np.uint8)


def _gradient(rng: np.random.Generator, size: int, _: int) -> Pixels:
    return _enlarged(rng, 2, size)


def _noise(rng: np.random.Generator, size: int, index: int) -> Pixels:
    return _enlarged(rng, COARSENESS[index % len(COARSENESS)], size)


def _enlarged(rng: np.random.Generator, side: int, size: int) -> Pixels:
    """Return random colours, side × side, blown up or shrunk to the size that is wanted."""
    colours = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    picture = Image.fromarray(colours).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def _text(rng: np.random.Generator, size: int, index: int) -> Pixels:
    paper = rng.integers(225, 256, 3)
    if index % 3 == 0:
        paper = 255 - paper
    picture = Image.new("RGB", (size, size), _colour(paper))
    pen = ImageDraw.Draw(picture)
    # Sizes are relative to a page of 224 pixels: text grows with the picture.
    height = max(4.0, float(rng.integers(7, 16)) * size / 224)
    font = ImageFont.load_default(height)
    top = height
    while top < size - height:
        line = "".join(rng.choice(LETTERS, 60))
        pen.text((height, top), line, font=font, fill=_colour(255 - paper))
        top += 1.5 * height
    return np.asarray(picture)


def _shapes(rng: np.random.Generator, size: int, _: int) -> Pixels:
    picture = Image.new("RGB", (size, size), _colour(rng.integers(0, 256, 3)))
    pen = ImageDraw.Draw(picture)
    kinds: tuple[Callable[..., None], ...] = (pen.ellipse, pen.rectangle, pen.line)
    for _ in range(int(rng.integers(1, 9))):
        (left, top), (right, bottom) = np.sort(rng.integers(0, size, (2, 2)), axis=0).tolist()
        fill = _colour(rng.integers(0, 256, 3))
        kinds[int(rng.integers(3))]((left, top, right + 1, bottom + 1), fill=fill)
    return np.asarray(picture)


def _colour(values: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = values.tolist()
    return red, green, blue
