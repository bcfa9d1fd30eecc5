"""The gallery: one page with the pictures of a review, which needs nothing but itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from tl_catdog.data.images import FORMATS, to_rgb
from tl_catdog.data.parallel import in_order
from tl_catdog.insight.page import embedded, render
from tl_catdog.insight.review import Answer, Doubt, Review

LARGEST = 224
"""Pixels of a thumbnail's longer side: sharp on a telephone, where they are half as wide."""


def gallery_page(review: Review, command: str, top: int) -> str:
    """Return the page as HTML, its pictures within.

    Args:
        review: What is worth looking at.
        command: What to type once the list is edited.
        top: How many doubtful labels to show at most; the list has all.
    """
    doubts = review.doubts[:top]
    shown: list[Doubt | Answer] = [*doubts, *review.mistakes, *review.unsure]
    names = dict.fromkeys(item.name for item in shown)
    pictures = in_order(lambda name: thumbnail(review.root / name), names)
    return render(
        "gallery.html.j2",
        review=review,
        doubts=doubts,
        pictures=dict(zip(names, pictures, strict=True)),
        command=command,
        percent=percent,
    )


def percent(value: float) -> str:
    """Return a probability as ``98.4 %``, but never as 0 or 100: nothing is that sure."""
    if value < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if value > 0.999 else f"{100 * value:.1f} %"


def thumbnail(path: Path) -> str | None:
    """Return a small upright copy of a picture as a data URI, or None if it can't be made."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            picture.draft("RGB", (LARGEST, LARGEST))
            small = to_rgb(ImageOps.exif_transpose(picture))
            small.thumbnail((LARGEST, LARGEST))
            return embedded(np.asarray(small))
    except Exception:  # gone or changed since it was judged: decoders raise errors of any kind
        return None
