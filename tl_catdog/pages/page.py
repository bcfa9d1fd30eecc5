"""Single-file pages: templates, pictures within them, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import io
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

from tl_catdog.data.digest import HashedFile
from tl_catdog.data.images import Pixels, opened, to_rgb, whole
from tl_catdog.data.reading import read_file
from tl_catdog.pages.charts import svg
from tl_catdog.wording import (
    byte_size,
    count,
    duration,
    estimate,
    megabytes,
    percent,
    percent_range,
    points,
    points_estimate,
)

WORDING = (
    *(byte_size, count, duration, estimate, megabytes),
    *(percent, percent_range, points, points_estimate),
)
"""How templates word numbers: each function under its own name."""

QUALITY = 80  # of embedded JPEGs: a tenth of a PNG's size, and no difference to see


def render(template: str, **values: Any) -> str:
    """Fill one of the templates beside this file; what isn't markup already is escaped.

    Args:
        template: Its file's name.
        values: What it names besides ``WORDING``; a name that is missing is an error.
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    """Return what fills templates; it keeps them compiled, which takes longer than filling them."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update({function.__name__: function for function in WORDING})
    return environment


def embedded(pixels: Pixels) -> str:
    """Return a picture, RGB (h, w, 3), as a data URI."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def drawn(figure: Figure) -> Markup:
    """Return a figure as markup that scales with the page."""
    return Markup(svg(figure))  # our own drawing; matplotlib escapes the texts in it


def with_heatmap(pixels: Pixels, heatmap: npt.NDArray[np.float32]) -> Pixels:
    """Lay a map, (h, w) of 0..1, over a picture, (S, S, 3): the brighter, the more."""
    size = pixels.shape[1], pixels.shape[0]
    spread = Image.fromarray(np.uint8(255 * heatmap)).resize(size, Image.Resampling.BILINEAR)
    colours = mpl.colormaps["inferno"](np.asarray(spread))[..., :3]
    return np.asarray(0.45 * pixels + 0.55 * 255 * colours, np.uint8)


LARGEST = 224
"""Pixels of a thumbnail's longer side: sharp on a telephone, where they are half as wide."""


def thumbnail(path: Path, digest: str | None = None) -> str | None:
    """Return a small upright copy of a picture as a data URI, or None if it can't be made.

    Args:
        path: Its file.
        digest: Its SHA-256, where a stranger says which file it is: another one isn't shown.
    """
    try:
        return small(read_file(path) if digest is None else HashedFile(path, digest).read())
    except Exception:  # gone or changed meanwhile
        return None


def small(data: bytes) -> str | None:
    """Return a small upright copy of a picture as a data URI, or None if it can't be decoded.

    Args:
        data: Its file.
    """
    try:
        with opened(data) as image:
            shrunk = to_rgb(whole(image, data, LARGEST, "RGB"))
            shrunk.thumbnail((LARGEST, LARGEST))
            return embedded(np.asarray(shrunk))
    except Exception:  # decoders raise errors of any kind
        return None
