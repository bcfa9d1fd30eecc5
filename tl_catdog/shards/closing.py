"""Closing a batch: its parts against the plan, then the manifest, then ``_SUCCESS``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tl_catdog.errors import CatdogError, UsageError, shown
from tl_catdog.shards.parts import Part
from tl_catdog.shards.plan import FORMAT, MANIFEST, SUCCESS, Plan, part_name
from tl_catdog.storage.failures import GoneError
from tl_catdog.storage.places import Entry, Place

MOST_BYTES = 2**30
"""Bytes of a manifest that are read; a part takes some 300."""

KEYS = {"name": str, "rows": int, "bytes": int, "sha256": str, "listing": str, "errors": dict}


@dataclass(frozen=True)
class Manifest:
    """What a closed batch has.

    Attributes:
        plan_hash: Of its plan.
        parts: All of them, in order.
    """

    plan_hash: str
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """How many pictures there are."""
        return sum(part.rows for part in self.parts)

    @property
    def errors(self) -> dict[str, int]:
        """How many pictures have an error, by kind."""
        counted = Counter[str]()
        for part in self.parts:
            counted.update(part.errors)
        return dict(sorted(counted.items()))

    def to_json(self) -> dict[str, Any]:
        """Return what ``manifest.json`` says."""
        return {
            "format": FORMAT,
            "plan": self.plan_hash,
            "rows": self.rows,
            "bytes": sum(part.bytes for part in self.parts),
            "errors": self.errors,
            "parts": [part.to_json() for part in self.parts],
        }


def close(dest: Place, plan: Plan, parts: Mapping[int, Part], digests: Sequence[str]) -> Manifest:
    """Hold all parts to the plan, and write the manifest and then ``_SUCCESS``.

    Args:
        dest: The place of the batch.
        plan: Its plan.
        parts: By the number of their shards.
        digests: Of the listing's shards.

    Raises:
        CatdogError: A part is missing, or isn't of what the plan says.
        OSError: A folder can't be written to.
    """
    for shard in range(plan.shards):
        part = parts.get(shard)
        right = part is not None and part.rows == plan.rows_of(shard)
        if part is None or not right or part.listing != digests[shard]:
            found = "none" if part is None else "one of other pictures"
            raise CatdogError(
                f"expected a part for each of {plan.shards} shards in {dest}, found {found} for "
                f"{part_name(shard)}.",
                "Type the command again.",
            )
    manifest = Manifest(plan.hash, tuple(parts[shard] for shard in range(plan.shards)))
    if _closed_as(dest, plan) != manifest:  # a batch that is closed isn't touched again
        (dest / MANIFEST).write((json.dumps(manifest.to_json(), indent=1) + "\n").encode())
        (dest / SUCCESS).write(b"")
    return manifest


def _closed_as(dest: Place, plan: Plan) -> Manifest | None:
    """Return the manifest of a closed batch; None where it isn't closed, or that is damaged."""
    try:
        return read_manifest(dest, plan)
    except CatdogError:
        return None


def vouched(dest: Place, plan: Plan) -> Callable[[Entry], Part | None]:
    """Return what a closed batch's manifest knows of its parts without reading them.

    Args:
        dest: The place of the batch.
        plan: Its plan.

    Returns:
        From a file in ``parts``, as it is listed, to what the manifest says of it. None where that
        doesn't vouch for it: the batch isn't closed, the size is another, or the file was written
        after the batch was closed, as a disk's times tell. On stores there is the size alone.
    """
    manifest = _closed_as(dest, plan)
    if manifest is None:
        return lambda entry: None
    closed = (dest / SUCCESS).info().version if dest.local else ""
    parts = {part.name: part for part in manifest.parts}

    def known(entry: Entry) -> Part | None:
        part = parts.get(entry.name)
        right = part is not None and part.bytes == entry.size
        late = closed != "" and int(entry.version) >= int(closed)
        return part if right and not late else None

    return known


def read_manifest(dest: Place, plan: Plan) -> Manifest:
    """Read the manifest of a closed batch.

    Raises:
        UsageError: It isn't closed.
        CatdogError: The manifest is damaged, or of another plan.
    """
    again = f"Type again: tl-catdog batch {plan.kind} SOURCE --out {dest}"
    try:
        if (dest / MANIFEST).info().size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        (dest / SUCCESS).info()
        return _manifest(json.loads((dest / MANIFEST).read(most=MOST_BYTES)), plan)
    except (GoneError, FileNotFoundError) as error:
        raise UsageError(
            f"expected a batch that is closed, found {dest} without {MANIFEST} or {SUCCESS}.", again
        ) from error
    except (ValueError, RecursionError) as error:
        raise CatdogError(
            f"expected a manifest that tl-catdog batch wrote, found {dest / MANIFEST} with "
            f"{error}.",
            again,
        ) from error


def _manifest(found: Any, plan: Plan) -> Manifest:
    """Return a manifest.

    Raises:
        ValueError: It is damaged, or of another plan.
    """
    if not isinstance(found, dict) or found.get("plan") != plan.hash:
        raise ValueError("the hash of another plan")
    listed = found.get("parts")
    if not isinstance(listed, list) or len(listed) != plan.shards:
        raise ValueError("another number of parts")
    return Manifest(plan.hash, tuple(_part(item, plan, n) for n, item in enumerate(listed)))


def _part(item: Any, plan: Plan, shard: int) -> Part:
    if not isinstance(item, dict) or set(item) != set(KEYS):
        raise ValueError(f"other keys in part {shard}")
    if any(type(item[key]) is not kind for key, kind in KEYS.items()):
        raise ValueError(f"other kinds of values in part {shard}")
    if item["name"] != part_name(shard) or item["rows"] != plan.rows_of(shard):
        raise ValueError(f"another name or number of rows in part {shard}: {shown(item['name'])}")
    errors = item["errors"]
    if any(type(value) is not int or value < 1 for value in errors.values()):
        raise ValueError(f"no numbers of errors in part {shard}")
    rows, size, sha256 = item["rows"], item["bytes"], item["sha256"]
    return Part(shard, rows, size, sha256, item["listing"], errors)
