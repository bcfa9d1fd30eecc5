"""Contact sheets: the pictures of a set, and augmented ones as training sees them."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tl_catdog import runtime
from tl_catdog.data.batches import Skipped
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.images import Pixels, try_decode
from tl_catdog.data.parallel import map_threaded
from tl_catdog.errors import CatdogError, ImageError
from tl_catdog.pages.charts import new_figure
from tl_catdog.wording import plural, printable

CELL, LABEL, CAPTION, TITLE = 1.25, 0.3, 0.22, 0.45
"""Inches: a picture's side, a row's heading, a file's name, the sheet's heading."""

SIDE = 188  # pixels: what a cell has at 150 a inch
NAME = 18  # letters of a file's name that fit below its picture
LETTERS = 16  # of a heading that fit above a picture, where the next one has its own


@dataclass(frozen=True)
class Sheet:
    """A drawn sheet, and the pictures that can't be on it."""

    figure: Figure
    shown: tuple[str, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True)
class _Row:
    """Pictures with their captions, and headings by the place of the picture that they stand on."""

    headings: Mapping[int, str]
    images: Sequence[Pixels]
    captions: Sequence[str]


CELLS, ACROSS = 240, 8
"""Pictures of a sheet, where no number is asked for, and of a row that several classes share."""


def count_for(classes: int, most: int) -> int:
    """Return how many pictures of each class a sheet has room for, 1..most.

    >>> count_for(2, 8), count_for(89, 8), count_for(1000, 8)
    (8, 2, 1)
    """
    return max(1, min(most, CELLS // classes))


def contact_sheet(images: ImageSet, *, count: int, seed: int, split: str | None) -> Sheet:
    """Draw some pictures of each class, a row for each.

    Args:
        images: The set.
        count: How many of each class, where there are so many.
        seed: Which ones.
        split: Of which split; None for any.

    Raises:
        UsageError: There is no such split.
        CatdogError: None of the pictures can be read.
    """
    chosen, skipped = _readable(images, count, seed, split, SIDE)
    sizes = Counter(item.label for item in _of(images, split))
    rows = [
        _Row(
            {0: f"{label}: {plural(sizes[label], 'picture')}"},
            [pixels for item, pixels in chosen if item.label == label],
            [_short(item.name) for item, _ in chosen if item.label == label],
        )
        for label in images.classes
    ]
    where = "" if split is None else f", {split}"
    shared = ACROSS // count if len(rows) * count > ACROSS * ACROSS else 1
    figure = _draw(f"{images.name}{where}", _sharing([row for row in rows if row.images], shared))
    return Sheet(figure, tuple(item.name for item, _ in chosen), tuple(skipped))


def _sharing(rows: Sequence[_Row], classes: int) -> Sequence[_Row]:
    """Return rows that this many classes share each; headings are cut to what they stand on."""
    if classes < 2:
        return rows
    found = []
    for start in range(0, len(rows), classes):
        headings: dict[int, str] = {}
        images: list[Pixels] = []
        captions: list[str] = []
        for row in rows[start : start + classes]:
            room = round(LETTERS * len(row.images))
            text = printable(row.headings[0])
            headings[len(images)] = text if len(text) <= room else f"{text[: room - 1]}…"
            images += row.images
            captions += row.captions
        found.append(_Row(headings, images, captions))
    return found


def augmented_sheet(
    images: ImageSet,
    *,
    count: int,
    seed: int,
    split: str | None,
    recipe: str,
    image_size: int,
    versions: int = 7,
) -> Sheet:
    """Draw pictures, one a row, and beside each its augmented versions as training sees them.

    Args:
        images: The set.
        count: How many of each class.
        seed: Which ones, and how they are varied.
        split: Of which split; None for any.
        recipe: One of ``data.augment.RECIPES``.
        image_size: Height and width of the network's pictures, in pixels.
        versions: How many varied ones of each.

    Raises:
        UsageError: There is no such split.
        CatdogError: None of the pictures can be read.
    """
    runtime.make_deterministic(seed)
    import tensorflow as tf

    from tl_catdog.data.augment import Augmenter, decode_size

    size = decode_size(recipe, image_size)
    chosen, skipped = _readable(images, count, seed, split, size)
    augment = tf.function(Augmenter(recipe, image_size, seed))  # in training it is a graph, too
    rows = []
    for item, pixels in chosen:
        batch = tf.repeat(tf.cast(pixels, tf.float32)[None], versions, axis=0)
        varied = np.rint(augment(batch).numpy()).astype(np.uint8)
        captions = [_short(item.name), *[""] * versions]
        rows.append(_Row({0: item.label}, [pixels, *varied], captions))
    title = f"{images.name}: as it is, then as training sees it ({recipe}, {image_size} px)"
    return Sheet(_draw(title, rows), tuple(item.name for item, _ in chosen), tuple(skipped))


def _of(images: ImageSet, split: str | None) -> Sequence[Example]:
    return images.examples if split is None else images.split(split)


def _readable(
    images: ImageSet, count: int, seed: int, split: str | None, size: int
) -> tuple[list[tuple[Example, Pixels]], list[Skipped]]:
    """Return some pictures of each class, decoded, and those met on the way that can't be."""
    rng = np.random.default_rng(seed)
    chosen: list[tuple[Example, Pixels]] = []
    skipped: list[Skipped] = []
    for label in images.classes:
        members = [item for item in _of(images, split) if item.label == label]
        order = [members[place] for place in rng.permutation(len(members))]
        found = 0
        results = map_threaded(lambda item: try_decode(item.path, size), order, ahead=2 * count)
        for item, result in zip(order, results, strict=False):
            if isinstance(result, ImageError):
                skipped.append(Skipped(item.path, item.split, result.message))
                continue
            chosen.append((item, result))
            found += 1
            if found == count:
                break
    if not chosen:
        raise CatdogError(
            f"expected pictures that can be read in {images.root}, found none.",
            f"Type: tl-catdog data check {images.root}",
        )
    return chosen, skipped


def _short(name: str) -> str:
    """Return a file's name as far as it fits; its end tells it apart."""
    plain = "".join(char if char.isprintable() else "?" for char in PurePosixPath(name).name)
    return plain if len(plain) <= NAME else f"…{plain[-NAME + 1 :]}"


def _draw(title: str, rows: Sequence[_Row]) -> Figure:
    columns = max(len(row.images) for row in rows)
    width = max(columns * CELL, 4.0)
    lines = textwrap.wrap(printable(title), round(10 * width)) or [""]
    height = TITLE * len(lines) + len(rows) * (CELL + LABEL + CAPTION)
    figure = new_figure(width, height)
    figure.set_layout_engine("constrained", h_pad=0.05, w_pad=0.02, hspace=0.01, wspace=0.01)
    figure.suptitle("\n".join(lines), x=0.01, ha="left", weight="bold", parse_math=False)
    grid = figure.add_gridspec(len(rows), columns)
    for number, row in enumerate(rows):
        for column in range(columns):
            axes = figure.add_subplot(grid[number, column])
            axes.axis("off")
            if column in row.headings:
                heading = printable(row.headings[column])
                axes.set_title(heading, loc="left", fontsize=9, parse_math=False)
            if column < len(row.images):
                _put(axes, row.images[column], row.captions[column])
    return figure


def _put(axes: Axes, pixels: Pixels, caption: str) -> None:
    axes.imshow(pixels)
    axes.text(
        *(0.5, -0.03, caption),
        transform=axes.transAxes,
        ha="center",
        va="top",
        fontsize=5.5,
        color="#5a6675",
        parse_math=False,
    )
