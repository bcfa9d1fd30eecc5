"""Features that ``tl-catdog batch features`` extracted, in the place of pictures.

They are held to what a training asks for, then streamed part by part into an array on the disk, so
that memory doesn't grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.config import ResolvedConfig
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Samples, Skipped
from tl_catdog.data.columns import Names
from tl_catdog.data.packed import Example, Packed, column, joined, taken
from tl_catdog.errors import CatdogError, shortened
from tl_catdog.features.backbone import Backbone
from tl_catdog.features.cache import open_store
from tl_catdog.features.extracted_plan import Extracted, hold, open_extracted, require_mirror
from tl_catdog.features.extraction import Features, extract
from tl_catdog.features.views import Views
from tl_catdog.models.forward import MIRROR, PLAIN
from tl_catdog.models.layout import POOLING

MOST = 1e15
"""Of a feature. Sums of their squares are still numbers in single precision then."""

Asked = Mapping[str, tuple[Sequence[Example], Views]]
"""Which pictures' features are wanted, in which views; the keys are names, such as of splits."""

Found = npt.NDArray[np.float32] | str
"""The features of a picture, (V, F), or why it has none."""

Told = Callable[[str, int, int, int], None]
"""Called with (name, done, total, known): of how many pictures the features are there."""


def features_of(
    config: ResolvedConfig, backbone: Backbone, asked: Asked, told: Told | None = None
) -> Iterator[tuple[str, Features]]:
    """Yield features by name: from the batch that the settings name, else computed or cached.

    Args:
        config: The settings.
        backbone: What computes them, or did.
        asked: Which pictures, in which views.
        told: See ``Told``.

    Raises:
        UsageError: The batch has others than the settings ask for.
        CatdogError: See ``extraction.extract``; or the batch is damaged, or lacks a picture.
    """
    if config.features is None:
        with open_store(config) as store:
            for name, (examples, views) in asked.items():
                progress = None if told is None else partial(told, name)
                yield name, extract(backbone, examples, views, store=store, progress=progress)
        return
    batch = open_extracted(config.features)
    hold(batch, backbone)
    mirrored = any(views.mirror for _, views in asked.values())
    if mirrored and config.mirror == "yes":
        require_mirror(batch, "--mirror yes")
    stored = (PLAIN, MIRROR) if mirrored and MIRROR in batch.plan.views else (PLAIN,)
    yield from _stored(batch, asked, stored, told)


def _stored(
    batch: Extracted, asked: Asked, views: Sequence[str], told: Told | None
) -> Iterator[tuple[str, Features]]:
    """Stream the features of some pictures into an array that all of them share."""
    everything = joined([examples for examples, _ in asked.values()])
    stored = len(views)
    rows = ArrayStore(len(everything) * stored, (batch.plan.width,), np.float32)
    owner = np.repeat(np.arange(len(asked)), [len(examples) for examples, _ in asked.values()])
    done = np.zeros(len(asked), np.int64)
    unreadable: dict[int, str] = {}
    for part in in_parts(batch, everything, views):
        for place, found in part:
            if isinstance(found, str):
                unreadable[place] = found
                continue
            for view in range(stored):
                rows.write(place * stored + view, found[view])
        done += np.bincount(owner[[place for place, _ in part]], minlength=len(asked))
        for known, (name, (examples, _)) in zip(done.tolist(), asked.items(), strict=True):
            if told is not None and known:
                told(name, known, len(examples), known)
    start = 0
    for name, (examples, wanted) in asked.items():
        places = np.arange(start, start := start + len(examples))
        own = sorted(place for place in unreadable if place in range(places[0], start))
        kept = np.delete(places, np.array(own, np.int64) - places[0])
        skipped = [
            Skipped(item.path, item.split, unreadable[place])
            for place, item in zip(own, taken(everything, np.array(own, np.int64)), strict=True)
        ]
        # Row place · stored + v of the array is view v, so of plain views alone every stored-th.
        seen = stored if wanted.mirror else 1
        samples = Samples(taken(everything, kept), skipped, rows, seen, kept * (stored // seen))
        yield name, Features({POOLING: samples}, len(examples))


def in_parts(
    batch: Extracted, examples: Sequence[Example], views: Sequence[str]
) -> Iterator[list[tuple[int, Found]]]:
    """Yield the features of pictures, a part of the batch at a time, in its order.

    Args:
        batch: Where they are.
        examples: The pictures; no two have one name.
        views: Some of the batch's.

    Yields:
        Of each of the pictures that the part has its place among ``examples``, and its features.

    Raises:
        CatdogError: A part is damaged; or a picture is missing, or another one by now.
    """
    seen = [batch.plan.views.index(view) for view in views]
    if isinstance(examples, Packed):
        wanted = Names(examples.names, examples.rows)
    else:
        wanted = Names([example.name for example in examples])
    known = np.zeros(len(examples), np.bool_)
    for shard, table in enumerate(batch.tables()):
        features, valid = _features(batch, shard, table)
        paths, digests, errors = (
            table.column(name).to_pylist() for name in ("path", "sha256", "error")
        )
        places = wanted.places(paths)
        asked = np.flatnonzero(places >= 0)
        places = places[asked]
        there = column(taken(examples, places), "digest")
        rows = (np.cumsum(valid) - 1)[asked].tolist()
        part: list[tuple[int, Found]] = []
        for one, place, row, digest in zip(asked, places.tolist(), rows, there, strict=True):
            if (digests[one] or "") != digest:
                raise CatdogError(
                    "expected pictures that stay as they are, found that another one was called "
                    f"{shortened(paths[one], 200)} when the features in {batch.place} were "
                    "extracted.",
                    "Extract them anew: tl-catdog batch features SOURCE --out OTHER",
                )
            part.append((place, features[row, seen] if valid[one] else errors[one]))
        known[places] = True
        yield part
    if lacking := int((~known).sum()):
        raise CatdogError(
            f"expected features of {len(examples):,} pictures in {batch.place}, found none of "
            f"{lacking:,} of them.",
            "Extract them: tl-catdog batch features SOURCE --out OTHER",
        )


def _features(
    batch: Extracted, shard: int, table: Any
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the features of a part, (n, V, F), and which pictures have some.

    Raises:
        CatdogError: They are none.
    """
    plan = batch.plan
    column = table.column("features").combine_chunks()
    valid = np.asarray(column.is_valid())
    failed = np.asarray(table.column("error").is_valid())
    found = np.asarray(column.flatten()).reshape(-1, len(plan.views), plan.width)
    # What is no number is neither below nor above.
    sound = not found.size or (found.min() >= -MOST and found.max() <= MOST)
    if (valid == failed).any() or len(found) != valid.sum() or not sound:
        raise CatdogError(
            f"expected finite features or an error of each picture, found others in part {shard} "
            f"of {batch.place}.",
            "Extract them anew: tl-catdog batch features SOURCE --out OTHER",
        )
    return found.astype(np.float32, copy=False), valid
