"""A batch of features: opened, and held to what a training asks for."""

from __future__ import annotations

import os
import shlex
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tl_catdog.config import AUTO, INT8, TrainConfig
from tl_catdog.errors import CatdogWarning, UsageError, shortened
from tl_catdog.features.backbone import INTEGERS, Backbone, decoder_key
from tl_catdog.models.forward import MIRROR
from tl_catdog.models.layout import POOLING
from tl_catdog.shards.closing import Manifest, read_manifest
from tl_catdog.shards.parts import read_part
from tl_catdog.shards.plan import Plan, needed_plan
from tl_catdog.storage.places import Place

Config = TypeVar("Config", bound=TrainConfig)


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

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Yield its parts, in order, as Arrow tables, or some columns; each is held to its hash.

        Raises:
            CatdogError: One is missing or damaged.
        """
        for part in self.manifest.parts:
            yield read_part(self.place, self.plan, part.shard, part.sha256, columns)


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

    Of the batch its plan alone is read, so what doesn't fit is said at once, however many pictures
    there are; ``hold`` compares the rest.

    Raises:
        UsageError: They name a batch that is none, or is of another architecture, picture size,
            precision or decoder.
        CatdogError: It is damaged.
    """
    if config.features is None:
        return config
    batch = open_extracted(config.features)
    plan = batch.plan
    found: dict[str, Any] = {}
    if config.compute == AUTO:
        found["compute"] = plan.compute
    if config.image_size is None:
        found["image_size"] = plan.image_size
    if config.backbone_weights is None:
        found["backbone_weights"] = plan.weights
    asked = replace(config, **found)
    _compare(
        batch,
        ("the architecture", asked.arch, plan.arch, "--arch"),
        ("the picture size", asked.image_size, plan.image_size, "--image-size"),
        ("the precision", asked.compute, plan.compute, "--compute"),
        ("the decoder", decoder_key(), plan.decoder, ""),
    )
    return asked


def hold(found: Extracted, backbone: Backbone) -> None:
    """Make sure that features are those that a backbone gives here.

    Another version of the engine moves last bits only: that is said, and no more.

    Raises:
        UsageError: They are others; the message says what differs first.
    """
    plan = found.plan
    width = backbone.shape_at(POOLING)[0]
    _compare(
        found,
        ("the architecture", backbone.spec.arch, plan.arch, "--arch"),
        ("the picture size", backbone.image_size, plan.image_size, "--image-size"),
        ("the precision", backbone.precision, plan.compute, "--compute"),
        ("the backbone's weights", backbone.weights, plan.weights_sha256, ""),
        ("the decoder", decoder_key(), plan.decoder, ""),
        ("the number of features", width, plan.width, ""),
    )
    if backbone.precision == INT8 and f"|{INT8} {INTEGERS}" not in plan.engine_key:
        raise _other(found.place, "the integer graphs", backbone.identity, plan.engine_key, "")
    if plan.engine_key != backbone.identity:
        warnings.warn(
            f"The features in {found.place} were computed by {plan.engine}; here computes "
            f"{backbone.engine}. The last bits of answers may be others.",
            CatdogWarning,
            stacklevel=2,
        )


def _compare(found: Extracted, *compared: tuple[str, object, object, str]) -> None:
    """Make sure that a batch has what is asked for.

    Args:
        found: The batch.
        *compared: (what it is in words, what is asked for, what the batch has, the option).

    Raises:
        UsageError: It has something else; the message says what differs first.
    """
    for words, asked, has, option in compared:
        if asked != has:
            raise _other(found.place, words, asked, has, option)


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
