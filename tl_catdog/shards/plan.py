"""The plan of a batch: what is computed of which pictures by what, cut into shards.

It is written once, as ``plan.json``. Its hash covers everything that decides about the bytes of the
parts, and every part carries it: a part of another plan is never taken for one of this.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tl_catdog.errors import CatdogError, UsageError, shown
from tl_catdog.storage.failures import GoneError
from tl_catdog.storage.places import Place

FORMAT = 1
PLAN = "plan.json"
PARTS, LISTING, FAILED, NETWORK = "parts", "listing", "failed", "network"
MANIFEST, SUCCESS = "manifest.json", "_SUCCESS"
CHECK, PAGE = "check.json", "check.html"

MOST_BYTES = 2**24
"""Bytes of a plan that are read; one has some thousand."""

MOST_SHARDS = 10**7
SHARD_SIZES = (1, 100_000)
CHECKED_SIZES = (1, 10_000)
"""Of a check, whose parts hold thumbnails: 164 MB of them, which a worker has in memory."""

Kind = Literal["predict", "features", "check"]
KINDS: tuple[str, ...] = typing.get_args(Kind)


@dataclass(frozen=True)
class Plan:
    """What is computed of which pictures, and by what.

    Attributes:
        kind: ``predict``, ``features`` or ``check``.
        source: Where the pictures are, as ``open_source`` takes it.
        listing_sha256: Over the digests of the listing's shards; see ``listing.Digests``.
        shard_size: Pictures in a shard, but for the last one.
        shards: How many shards there are, 1 or more.
        rows: How many pictures there are, 1 or more.
        weights_sha256: Of the network: of a run's files, or of a backbone's weights; empty where
            no network computes.
        engine: Name and version of what computes the network; empty where none does.
        engine_key: Whatever else decides about the bits of a result: versions, precision.
        decoder: Versions of what decodes pictures.
        image_size: Height and width of the pictures that a network takes, in pixels; else 0.
        arch: The architecture; empty where no network computes.
        compute: ``float32`` or ``int8``; empty where no network computes.
        weights: Where a backbone's weights come from, as ``train --backbone-weights`` takes it.
        views: The views whose features are stored, in their order: ``plain``, ``mirror``.
        width: Features of a view; else 0.
        classes: The classes that a run tells, in the order of its probabilities.
        remarks: Kind and detail of what was noticed while the source was listed.
    """

    kind: Kind
    source: str
    listing_sha256: str
    shard_size: int
    shards: int
    rows: int
    decoder: str
    weights_sha256: str = ""
    engine: str = ""
    engine_key: str = ""
    image_size: int = 0
    arch: str = ""
    compute: str = ""
    weights: str = ""
    views: tuple[str, ...] = ()
    width: int = 0
    classes: tuple[str, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 over everything else, in hexadecimal."""
        values = {"format": FORMAT, **dataclasses.asdict(self)}
        text = json.dumps(values, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def rows_of(self, shard: int) -> int:
        """Return how many pictures a shard has."""
        return min(self.shard_size, self.rows - shard * self.shard_size)

    def to_json(self) -> dict[str, Any]:
        """Return what ``plan.json`` says."""
        return {"format": FORMAT, **dataclasses.asdict(self), "hash": self.hash}


def part_name(shard: int) -> str:
    """Return the name of a shard's file, which sorts as its number does.

    >>> part_name(42), part_name(123456)
    ('part-00042.parquet', 'part-123456.parquet')
    """
    return f"part-{shard:05}.parquet"


def write_plan(dest: Place, plan: Plan) -> None:
    """Write a plan; from then on the listing counts.

    Raises:
        CatdogError: It can't be written.
        OSError: The same, of a folder.
    """
    text = json.dumps(plan.to_json(), indent=2, ensure_ascii=True) + "\n"
    (dest / PLAN).write(text.encode())


def read_plan(dest: Place) -> Plan | None:
    """Read the plan of a place; None if it has none.

    Raises:
        CatdogError: It is damaged, or of a newer version.
    """
    try:
        if (dest / PLAN).info().size > MOST_BYTES:
            raise _damaged(dest, f"more than {MOST_BYTES:,} bytes")
        data = (dest / PLAN).read()
    except (GoneError, FileNotFoundError, NotADirectoryError):
        return None
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _damaged(dest, "no JSON") from error
    if not isinstance(found, dict):
        raise _damaged(dest, shown(found))
    version = found.pop("format", None)
    if type(version) is int and version > FORMAT:
        raise CatdogError(
            f"expected a plan of format {FORMAT}, found format {shown(version)}, of a newer "
            f"tl-catdog: {dest / PLAN}.",
            "Type: pip install --upgrade tl-catdog",
        )
    said = found.pop("hash", None)
    plan = _plan(dest, found)
    if plan.hash != said:
        raise _damaged(dest, "a changed one: its hash is another")
    return plan


def needed_plan(dest: Place) -> Plan:
    """Read the plan of a place that must have one.

    Raises:
        UsageError: It has none.
        CatdogError: It is damaged, or of a newer version.
    """
    plan = read_plan(dest)
    if plan is None:
        raise UsageError(
            f"expected what tl-catdog batch writes, found no {PLAN} in {dest}.",
            f"Type: tl-catdog batch features SOURCE --out {dest}",
        )
    return plan


def sizes_of(kind: str) -> tuple[int, int]:
    """Return the least and the most pictures that a shard may have.

    >>> sizes_of("predict"), sizes_of("check")
    ((1, 100000), (1, 10000))
    """
    return CHECKED_SIZES if kind == "check" else SHARD_SIZES


def _plan(dest: Place, found: Mapping[str, Any]) -> Plan:
    kinds = typing.get_type_hints(Plan)
    fields = {item.name: item for item in dataclasses.fields(Plan)}
    if set(found) != set(fields):
        raise _damaged(dest, f"other keys ({shown(sorted(set(found) ^ set(fields)))})")
    values = {name: _value(dest, name, kinds[name], value) for name, value in found.items()}
    plan = Plan(**values)
    low, high = sizes_of(plan.kind)
    right = (
        plan.kind in KINDS
        and low <= plan.shard_size <= high
        and 1 <= plan.shards <= MOST_SHARDS
        and (plan.shards - 1) * plan.shard_size < plan.rows <= plan.shards * plan.shard_size
        and 0 <= plan.width <= 10**6
        and 0 <= plan.image_size <= 10**4
        and (plan.kind != "features" or (plan.width > 0 and len(plan.views) > 0))
    )
    if not right:
        raise _damaged(dest, "numbers that don't go together")
    return plan


def _value(dest: Place, name: str, kind: Any, value: Any) -> Any:
    """Return a value as a plan holds it."""
    if kind is int and type(value) is int:
        return value
    if isinstance(value, str) and (kind is str or kind == Kind):
        return value
    if typing.get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_item(dest, name, item) for item in value)
    raise _damaged(dest, f"{shown(value)} as {name}")


def _item(dest: Place, name: str, item: Any) -> Any:
    if name != "remarks" and isinstance(item, str):
        return item
    pair = isinstance(item, list) and len(item) == 2 and all(isinstance(i, str) for i in item)
    if name == "remarks" and pair:
        return tuple(item)
    raise _damaged(dest, f"{shown(item)} in {name}")


def _damaged(dest: Place, found: str) -> CatdogError:
    return CatdogError(
        f"expected a plan that tl-catdog batch wrote in {dest / PLAN}, found {found}.",
        "Name another place, which is empty: --out DEST",
    )


SAID: Mapping[str, str] = types.MappingProxyType(
    {
        "kind": "the work",
        "source": "the source's place",
        "shard_size": "the shard size",
        "rows": "the number of pictures",
        "listing_sha256": "the pictures",
        "weights_sha256": "the network",
        "arch": "the architecture",
        "image_size": "the picture size",
        "compute": "the precision",
        "views": "the views",
        "engine": "the engine",
        "decoder": "the decoder",
        "engine_key": "versions of packages",
    }
)
"""What is said to be another, in the order in which it is looked for."""


def difference(old: Plan, new: Plan) -> str | None:
    """Return in words what differs first between two plans; None if they are the same.

    Args:
        old: What a place has.
        new: What a command asks for.
    """
    for name, words in SAID.items():
        before, now = getattr(old, name), getattr(new, name)
        if before != now:
            long = name.endswith("sha256")
            return words if long else f"{words} ({shown(before)} there, {shown(now)} asked for)"
    if old.hash == new.hash:
        return None
    return "what was noticed of the source" if old.remarks != new.remarks else "its settings"
