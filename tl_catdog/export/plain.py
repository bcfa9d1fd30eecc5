"""What a plain resize would cost: how many decisions it changes on the very pictures compared.

Many programs' resizing takes the four source pixels around each place, however much it shrinks;
so does ``cv2.resize`` by default. The network learnt from pictures whose every pixel counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.images import Pixels, opened, to_rgb, told, upright
from tl_catdog.data.reading import read_file
from tl_catdog.errors import ImageError
from tl_catdog.prediction.predictor import Predictor

LIMIT = 200
"""Pictures that are asked about at most: a camera's take a tenth of a second each."""


@dataclass(frozen=True)
class PlainResize:
    """Of ``n`` decisions so many are others, ``changed``, when pictures are resized plainly."""

    n: int
    changed: int

    def to_json(self) -> dict[str, Any]:
        """Return the figures as ``metadata.json`` has them."""
        return {"n": self.n, "changed": self.changed, "how": "bilinear without antialiasing"}


def plain_resize(
    predictor: Predictor, paths: Sequence[Path], said: npt.NDArray[np.float64]
) -> PlainResize:
    """Ask a network about pictures that are resized without antialiasing.

    Args:
        predictor: The network.
        paths: The pictures; of many, ``LIMIT`` that lie evenly are taken.
        said: What it says of them as they should be resized, (N, C).
    """
    places = np.unique(np.linspace(0, len(paths) - 1, min(LIMIT, len(paths))).astype(int))
    n = changed = 0
    for place in places.tolist():
        try:
            with told(), opened(read_file(paths[place])) as image:
                picture = bilinear(np.asarray(to_rgb(upright(image))), predictor.image_size)
        except (OSError, ImageError):  # it has changed since
            continue
        row = predictor.probabilities(predictor.forward(picture[None]))[0]
        n += 1
        changed += int(row.argmax() != said[place].argmax())
    return PlainResize(n, changed)


def bilinear(picture: Pixels, size: int) -> Pixels:
    """Return a picture, (H, W, 3), as a square, (S, S, 3), without antialiasing.

    Pixel centres lie at halves, and each value is a mean of the four pixels around its place, as
    by ``cv2.resize`` with its default, ``INTER_LINEAR``.

    >>> bilinear(np.arange(4, dtype=np.uint8)[None, :, None].repeat(3, 2), 2)[0, :, 0].tolist()
    [0, 2]
    """
    rows, columns = (_places(length, size) for length in picture.shape[:2])
    upper, lower, down = rows
    left, right, along = columns
    values = picture[np.concatenate([upper, lower])].astype(np.float32)
    values = values[:, left] * (1 - along)[:, None] + values[:, right] * along[:, None]
    down = down[:, None, None]
    mixed = values[:size] * (1 - down) + values[size:] * down
    return np.asarray(np.rint(mixed), np.uint8)


def _places(
    length: int, size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the pixels before and after each place of a side, and how far it lies between."""
    at = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    first = np.floor(at).astype(np.int64)
    return first, np.minimum(first + 1, length - 1), (at - first).astype(np.float32)
