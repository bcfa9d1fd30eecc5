"""Pictures to try at once: drawings, of which some show nothing that cats and dogs could be.

They are drawn when they are asked for first, and always the same. The classifier that ships learnt
from photographs and is rightly unsure of 49 in 50 drawings; those of cats and dogs were chosen
among the ones that it answers rightly, or the page would begin with "unsure" alone (ADR 037).
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tl_catdog.drawings.picture import compose

SIDE = 360
"""Of a picture, in pixels."""

QUALITY = 90
"""Of its JPEG."""


@dataclass(frozen=True)
class Sample:
    """A drawing: what stands below it, and what ``drawings`` makes it of."""

    caption: str
    kind: str
    seed: int
    with_animal: bool = True


SAMPLES = {
    "cat-1.jpg": Sample("drawn cat", "cat", 552),
    "dog-1.jpg": Sample("drawn dog", "dog", 574),
    "cat-2.jpg": Sample("another drawn cat", "cat", 778),
    "dog-2.jpg": Sample("another drawn dog", "dog", 643),
    "doubtful.jpg": Sample("hard to tell", "dog", 442),
    "room.jpg": Sample("something else", "cat", 7, with_animal=False),
}

CATS = re.compile(r"(?:^|[^a-z])(?:cats?|kittens?)(?:[^a-z]|$)", re.IGNORECASE)
DOGS = re.compile(r"(?:^|[^a-z])(?:dogs?|pupp(?:y|ies))(?:[^a-z]|$)", re.IGNORECASE)


def sample(name: str) -> bytes:
    """Return one of the pictures, a JPEG.

    Raises:
        KeyError: There is none of that name.
    """
    return _drawn(SAMPLES[name])


def about_samples(classes: Sequence[str]) -> dict[str, Any]:
    """Return what the page says of the pictures, beside a run of these classes.

    >>> about_samples(["cats", "dogs"])["note"]
    >>> about_samples(["rose", "tulip"])["note"]
    'They show cats and dogs; this run has other classes. Is it unsure?'
    """
    shown = any(CATS.search(name) for name in classes) and any(
        DOGS.search(name) for name in classes
    )
    note = None if shown else "They show cats and dogs; this run has other classes. Is it unsure?"
    return {
        "note": note,
        "samples": [
            {"file": f"samples/{name}", "caption": item.caption} for name, item in SAMPLES.items()
        ],
    }


@functools.cache
def _drawn(item: Sample) -> bytes:
    drawing = compose(item.kind, item.seed, SIDE, with_animal=item.with_animal)
    out = io.BytesIO()
    drawing.image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
