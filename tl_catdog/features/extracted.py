"""Features that ``tl-catdog batch features`` extracted, in the place of pictures.

They are held to what a training asks for, then streamed part by part into an array on the disk, so
that memory doesn't grow with their number.
"""

from __future__ import annotations

import os
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tl_catdog.config import INT8, ResolvedConfig, TrainConfig
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Samples, Skipped
from tl_catdog.data.examples import Example
from tl_catdog.errors import CatdogError, CatdogWarning, UsageError, shortened
from tl_catdog.features.backbone import INTEGERS, Backbone, decoder_key
from tl_catdog.features.cache import open_store
from tl_catdog.features.extraction import Features, extract
from tl_catdog.features.views import Views
from tl_catdog.models.forward import MIRROR, PLAIN
from tl_catdog.models.layout import POOLING
from tl_catdog.shards.closing import Manifest, read_manifest
from tl_catdog.shards.parts import read_part
from tl_catdog.shards.plan import Plan, needed_plan
from tl_catdog.storage.places import Place

Config = TypeVar("Config", bound=TrainConfig)

Asked = Mapping[str, tuple[Sequence[Example], Views]]
"""Which pictures' features are wanted, in which views; the keys are names, such as of splits."""

Found = npt.NDArray[np.float32] | str
"""The features of a picture, (V, F), or why it has none."""

Told = Callable[[str, int, int, int], None]
"""Called with (name, done, total, known): of how many pictures the features are there."""


@dataclass(frozen=True)
class Extracted:
    """A closed batch of features.

    Attributes:
        place: Where it is.
        plan: What its features are of, and what computed them.
        manifest: Its parts with their hashes.
    """

    place: Place
    plan: Plan
    manifest: Manifest

    def to_json(self) -> dict[str, str]:
        """Return what a run says of where its features came from."""
        return {"place": str(self.place), "source": self.plan.source, "plan": self.plan.hash}

    def tables(self) -> Iterator[Any]:
        """Yield its parts, in order, as Arrow tables; each is held to its hash.

        Raises:
            CatdogError: One is missing or damaged.
        """
        for part in self.manifest.parts:
            yield read_part(self.place, self.plan, part.shard, part.sha256)


def open_extracted(text: str | os.PathLike[str]) -> Extracted:
    """Open a batch of features.

    Args:
        text: The folder or address that ``tl-catdog batch features`` wrote.

    Raises:
        UsageError: It is none, or isn't closed.
        CatdogError: It is damaged.
    """
    place = Place.of(text)
    plan = needed_plan(place)
    if plan.kind != "features":
        raise UsageError(
            f"expected what tl-catdog batch features wrote, found what batch {plan.kind} did in "
            f"{place}.",
            f"Type: tl-catdog batch features {shlex.quote(plan.source)} --out OTHER",
        )
    return Extracted(place, plan, read_manifest(place, plan))


def adopting(config: Config) -> Config:
    """Return settings with what a batch of features has where they leave it open.

    Raises:
        UsageError: They name a batch that is none, or is of another architecture.
        CatdogError: It is damaged.
    """
    if config.features is None:
        return config
    plan = open_extracted(config.features).plan
    if plan.arch != config.arch:
        raise _other(config.features, "the architecture", config.arch, plan.arch, "--arch")
    found: dict[str, Any] = {}
    if config.compute == "auto":
        found["compute"] = plan.compute
    if config.image_size is None:
        found["image_size"] = plan.image_size
    if config.backbone_weights is None:
        found["backbone_weights"] = plan.weights
    return replace(config, **found)


def hold(found: Extracted, backbone: Backbone) -> None:
    """Make sure that features are those that a backbone gives here.

    Another version of the engine moves last bits only: that is said, and no more.

    Raises:
        UsageError: They are others; the message says what differs first.
    """
    plan = found.plan
    width = backbone.shape_at(POOLING)[0]
    compared: tuple[tuple[str, object, object, str], ...] = (
        ("the architecture", backbone.spec.arch, plan.arch, "--arch"),
        ("the picture size", backbone.image_size, plan.image_size, "--image-size"),
        ("the precision", backbone.precision, plan.compute, "--compute"),
        ("the backbone's weights", backbone.weights, plan.weights_sha256, ""),
        ("the decoder", decoder_key(), plan.decoder, ""),
        ("the number of features", width, plan.width, ""),
    )
    for words, asked, has, option in compared:
        if asked != has:
            raise _other(found.place, words, asked, has, option)
    if backbone.precision == INT8 and f"|{INT8} {INTEGERS}" not in plan.engine_key:
        raise _other(found.place, "the integer graphs", backbone.identity, plan.engine_key, "")
    if plan.engine_key != backbone.identity:
        warnings.warn(
            f"The features in {found.place} were computed by {plan.engine}; here computes "
            f"{backbone.engine}. The last bits of answers may be others.",
            CatdogWarning,
            stacklevel=2,
        )


def _other(place: object, words: str, asked: object, has: object, option: str) -> UsageError:
    one, other = (shortened(str(value), 80) for value in (asked, has))
    hint = f"Type: {option} {has}; or" if option else "Install the versions that they name, or"
    if words == "the backbone's weights":
        hint = "Name those weights: --backbone-weights FILE, or"
    return UsageError(
        f"expected features as the settings ask for them, found that {words} differs: {one} here, "
        f"{other} in {place}.",
        f"{hint} extract anew: tl-catdog batch features SOURCE --out OTHER",
    )


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


def require_mirror(batch: Extracted, option: str) -> None:
    """Make sure that a batch has features of mirror images.

    Raises:
        UsageError: It has none; the message names the option that takes them.
    """
    if MIRROR not in batch.plan.views:
        raise UsageError(
            f"expected features of mirror images too ({option}), found those of plain pictures "
            f"in {batch.place}.",
            f"Leave {option.partition(' ')[0]} out, or extract anew: tl-catdog batch features … "
            "--mirror yes",
        )


def _stored(
    batch: Extracted, asked: Asked, views: Sequence[str], told: Told | None
) -> Iterator[tuple[str, Features]]:
    """Stream the features of some pictures into an array that all of them share."""
    everything = [example for examples, _ in asked.values() for example in examples]
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
        places = range(start, start + len(examples))
        start += len(examples)
        kept = np.fromiter((place for place in places if place not in unreadable), np.int64)
        skipped = [
            Skipped(everything[place].path, everything[place].split, unreadable[place])
            for place in places
            if place in unreadable
        ]
        # Row place · stored + v of the array is view v, so of plain views alone every stored-th.
        seen = stored if wanted.mirror else 1
        good = [everything[place] for place in kept.tolist()]
        samples = Samples(good, skipped, rows, seen, kept * (stored // seen))
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
    wanted = {example.name: place for place, example in enumerate(examples)}
    known = np.zeros(len(examples), np.bool_)
    for shard, table in enumerate(batch.tables()):
        features, valid = _features(batch, shard, table)
        columns = (table.column(name).to_pylist() for name in ("path", "sha256", "error"))
        part: list[tuple[int, Found]] = []
        row = -1
        for path, sha256, error, there in zip(*columns, valid.tolist(), strict=True):
            row += there
            place = wanted.get(path)
            if place is None:
                continue
            if (sha256 or "") != examples[place].digest:
                raise CatdogError(
                    "expected pictures that stay as they are, found that another one was called "
                    f"{shortened(path, 200)} when the features in {batch.place} were extracted.",
                    "Extract them anew: tl-catdog batch features SOURCE --out OTHER",
                )
            part.append((place, features[row, seen] if there else error))
        known[[place for place, _ in part]] = True
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
    if (valid == failed).any() or len(found) != valid.sum() or not np.isfinite(found).all():
        raise CatdogError(
            f"expected features or an error of each picture, found others in part {shard} of "
            f"{batch.place}.",
            "Extract them anew: tl-catdog batch features SOURCE --out OTHER",
        )
    return found.astype(np.float32, copy=False), valid
