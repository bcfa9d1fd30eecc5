"""The mirrors that there are: how large, in use or not, and which goes first."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.errors import UsageError, shown
from tl_catdog.files import read_json
from tl_catdog.scratch import MARK, fcntl, sweep

MIRRORS = "fetched"
"""The folder of mirrors within the cache folder."""
INDEX = "index.jsonl"
COMPLETE = "complete.json"
IN_USE = ".in-use"

LIMIT = "TL_CATDOG_FETCHED_GB"
"""The environment variable that sets the bound."""
USUAL = 20.0

_held: dict[Path, int] = {}
"""The locks of mirrors that this process uses; the system releases them when it ends."""


@dataclass(frozen=True)
class Mirror:
    """What is here of an address, in whatever state.

    Attributes:
        path: Its folder.
    """

    path: Path

    @property
    def key(self) -> str:
        """Its name: a hash of address and listing."""
        return self.path.name

    @property
    def lock(self) -> Path:
        """The file that whoever uses it holds; its time is that of the last use."""
        return self.path.with_name(f"{self.key}{IN_USE}")

    @property
    def whole(self) -> bool:
        """Whether all of it was fetched."""
        return (self.path / COMPLETE).is_file()

    @property
    def place(self) -> str:
        """Its address; nothing if it isn't whole."""
        with contextlib.suppress(OSError, ValueError):
            found = read_json(self.path / COMPLETE)
            return str(found.get("place", "")) if isinstance(found, dict) else ""
        return ""

    @property
    def bytes(self) -> int:
        """How much its files take; those that another mirror has as well count half."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):
                    status = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - very many
                    total += status.st_size // max(1, status.st_nlink)
        return total

    @property
    def used(self) -> float:
        """When it was last used, in seconds since 1970; 0 if nobody knows."""
        try:
            return self.lock.stat().st_mtime
        except OSError:
            return 0.0

    def index(self) -> Iterator[tuple[str, int, str]]:
        """Yield name, size and version of each of its files; none where the list is damaged."""
        with (
            contextlib.suppress(OSError, ValueError, TypeError),
            (self.path / INDEX).open(encoding="utf-8") as lines,
        ):
            for line in lines:
                name, size, version = json.loads(line)
                yield str(name), int(size), str(version)


def limit() -> tuple[float, str]:
    """Return how many bytes mirrors may have together, and which variable says so.

    Raises:
        UsageError: It says something else.
    """
    said = os.environ.get(LIMIT, "")
    try:
        number = float(said) if said else USUAL
    except ValueError:
        number = math.nan
    if not 0 < number <= 1e6:
        raise UsageError(
            f"expected gigabytes in {LIMIT}, found {shown(said)}.", f"Type: export {LIMIT}=50"
        )
    return number * 1e9, LIMIT


def mirrors(folder: Path) -> list[Mirror]:
    """Return the mirrors that there are, the longest unused first."""
    try:
        found = [Mirror(path) for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []
    whole = [mirror for mirror in found if not mirror.key.startswith(MARK)]
    return sorted(whole, key=lambda mirror: (mirror.used, mirror.key))


def overlap(one: str, other: str) -> bool:
    """Return whether one address lies within another.

    >>> overlap("s3://a/b", "s3://a"), overlap("s3://a/b", "s3://a/bc")
    (True, False)
    """
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def use(mirror: Mirror) -> None:
    """Keep a mirror from being removed until this process ends."""
    mirror.lock.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        os.utime(mirror.lock)
    if mirror.path in _held:
        return
    while True:
        descriptor = os.open(mirror.lock, os.O_RDWR | os.O_CREAT, 0o666)
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a disk without locks
                fcntl.flock(descriptor, fcntl.LOCK_SH)
        with contextlib.suppress(OSError):
            if os.fstat(descriptor).st_ino == mirror.lock.stat().st_ino:
                _held[mirror.path] = descriptor
                return
        os.close(descriptor)  # removed between opening and locking it


def make_room(folder: Path, size: float, own: Mirror) -> None:
    """Remove mirrors, the longest unused first, until one of some size fits within the bound."""
    sweep(folder, again=True)
    most, _ = limit()
    others = [mirror for mirror in mirrors(folder) if mirror.key != own.key]
    held = {mirror.key: mirror.bytes for mirror in others}
    for mirror in others:
        if sum(held.values()) + size <= most:
            return
        if remove(mirror):
            del held[mirror.key]


def remove(mirror: Mirror) -> bool:
    """Remove a mirror that nobody uses; return whether it is gone."""
    try:
        descriptor = os.open(mirror.lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return False
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
        aside = mirror.path.with_name(f"{MARK}00000000-{mirror.key}")  # never half of one
        with contextlib.suppress(OSError):
            mirror.path.rename(aside)
            mirror.lock.unlink(missing_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        mirror.path.with_name(f"{mirror.key}.filling").unlink(missing_ok=True)
        return not mirror.path.exists()
    finally:
        os.close(descriptor)
