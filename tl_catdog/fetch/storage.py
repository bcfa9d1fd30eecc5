"""The folders of installed sets and of archives on their way: what is there, room, locks."""

from __future__ import annotations

import contextlib
import datetime
import errno
import os
import shlex
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.fetch.catalogue import Archive, PublicSet
from tl_catdog.fetch.layouts import is_image
from tl_catdog.fetch.partial_file import PartialFile
from tl_catdog.fetch.progress import Listener
from tl_catdog.files import (
    SET_RECORD,
    cache_folder,
    passing_folder,
    read_json,
    usable_cache_folder,
)
from tl_catdog.scratch import scratch_folder
from tl_catdog.wording import byte_size

DEFAULT_FOLDER = "data"
"""The folder that sets go to."""
LARGEST_RECORD = 2**20  # bytes; whoever made the folder may mean harm


@dataclass(frozen=True)
class InstalledSet:
    """A set that is on the disk.

    Attributes:
        name: Its name.
        folder: Its folder.
        counts: Its pictures, by ``<split>/<class>`` or ``<class>``.
        expected: How many pictures its archives hold.
        bytes: What its pictures take.
        licence: Its licence.
        home: Its publisher's page.
        sha256: The hash of each archive, by name.
        recorded: The archives whose hash nobody publishes, so that the one of this first download
            counts from now on.
        already: Whether it was there, so that nothing had to be done.
    """

    name: str
    folder: Path
    counts: dict[str, int]
    expected: int
    bytes: int
    licence: str
    home: str
    sha256: dict[str, str]
    recorded: tuple[str, ...] = ()
    already: bool = False

    @property
    def images(self) -> int:
        """How many pictures there are."""
        return sum(self.counts.values())

    def to_json(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "pictures": self.images,
            "expected": self.expected,
            "counts": self.counts,
            "bytes": self.bytes,
            "licence": self.licence,
            "home": self.home,
            "sha256": self.sha256,
            "recorded": list(self.recorded),
            "already": self.already,
        }


_elsewhere: list[Path] = []
"""What stands for the cache folder in this process, where that can't be written to."""


def archives_folder() -> Path:
    """Return the folder for archives that are on their way."""
    return (_elsewhere[0] if _elsewhere else cache_folder()) / "archives"


def writable_archives_folder() -> Path:
    """Return ``archives_folder``, from now on one that is gone at the end if nothing else goes."""
    _elsewhere[:] = [] if usable_cache_folder() else [passing_folder()]
    return archives_folder()


def partial_file_of(archive: Archive) -> PartialFile:
    """Return the file of an archive that is on its way."""
    return PartialFile(archives_folder() / f"{archive.name}.part", archive.url)


def kept_bytes(public_set: PublicSet) -> int:
    """Return how many bytes of a set's archives are in the cache."""
    found = 0
    for archive in public_set.archives:
        with contextlib.suppress(OSError):  # nothing there, or in a folder of somebody else
            whole = archives_folder() / archive.name
            found += whole.stat().st_size if whole.exists() else partial_file_of(archive).size()
    return found


def free_bytes(folder: Path) -> int:
    """Return the free bytes on the folder's disk."""
    return shutil.disk_usage(folder).free


def record_of(public_set: PublicSet, sha256: dict[str, str]) -> dict[str, Any]:
    """Return what ``SET_RECORD`` says in the set's folder."""
    return {
        "name": public_set.name,
        "pictures": public_set.images,
        "from": [archive.url for archive in public_set.archives],
        "home": public_set.home,
        "licence": public_set.licence,
        "sha256": sha256,
        "got": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def find_installed(public_set: PublicSet, into: Path) -> InstalledSet | None:
    """Return the set if its folder is in ``into``, else None."""
    with contextlib.suppress(OSError):
        if _record(into / public_set.name).get("name") == public_set.name:
            return read_installed(public_set, into, already=True)
    return None


def _record(folder: Path) -> dict[str, Any]:
    """Return what a folder's ``SET_RECORD`` says; nothing if that is no record.

    Raises:
        OSError: There is none, or it can't be read.
    """
    path = folder / SET_RECORD
    if not path.is_file() or path.stat().st_size > LARGEST_RECORD:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    with contextlib.suppress(ValueError, RecursionError):
        record = read_json(path)
        if isinstance(record, dict):
            return record
    return {}


def read_installed(
    public_set: PublicSet, into: Path, *, recorded: Sequence[str] = (), already: bool = False
) -> InstalledSet:
    """Return what an installed set's folder holds.

    Raises:
        OSError: It can't be read, or there is none.
    """
    folder = into / public_set.name
    sha256 = _record(folder).get("sha256")
    counts: Counter[str] = Counter()
    size = 0
    for parent, _, names in os.walk(folder):
        images = [name for name in names if is_image(name)]
        if images:
            counts[Path(parent).relative_to(folder).as_posix()] += len(images)
            size += sum(Path(parent, name).lstat().st_size for name in images)
    return InstalledSet(
        name=public_set.name,
        folder=folder,
        counts=dict(sorted(counts.items())),
        expected=public_set.images,
        bytes=size,
        licence=public_set.licence,
        home=public_set.home,
        sha256=sha256 if isinstance(sha256, dict) else {},
        recorded=tuple(recorded),
        already=already,
    )


def check_folder(public_set: PublicSet, into: Path) -> None:
    """Make sure that there is nothing else at the set's folder.

    Raises:
        UsageError: There is, or ``into`` can't be a folder.
    """
    target = into / public_set.name
    if into.exists() and not into.is_dir():
        raise UsageError(
            f"expected a folder, found a file: {into}.", f"Type: --into {DEFAULT_FOLDER}"
        )
    taken = target.is_symlink() or (target.exists() and not target.is_dir())
    taken = taken or (target.is_dir() and any(target.iterdir()))
    if taken and find_installed(public_set, into) is None:
        raise UsageError(
            f"expected no {target}, or one that tl-catdog has put there, found another.",
            f"Type: mv {shlex.quote(str(target))} {shlex.quote(f'{target}.mine')}, "
            "or name another folder: --into DIR",
        )


@contextlib.contextmanager
def on_disk(folder: Path) -> Iterator[None]:
    """Turn the failure to write into an error that says where.

    Raises:
        CatdogError: The disk is full, or the folder can't be written to.
    """
    try:
        yield
    except OSError as error:
        place, reason = Path(error.filename or folder).absolute(), error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CatdogError(
                f"expected room on the disk for {place}, found none left ({reason}).",
                "Nothing was published. Make room, then repeat the command; it goes on from here",
            ) from error
        raise CatdogError(
            f"expected files that can be read and written, found {place} ({reason}).",
            f"Type: ls -ld {shlex.quote(str(folder))}",
        ) from error


def check_room(needs: Sequence[tuple[Path, int]], free: Callable[[Path], int], again: str) -> None:
    """Make sure that each disk has room for what goes there.

    Args:
        needs: Folders, and the bytes that each needs.
        free: Returns the room on a folder's disk.
        again: The command to repeat.

    Raises:
        CatdogError: One hasn't.
    """
    disks: dict[int, tuple[Path, int]] = {}
    for folder, size in needs:
        disk = folder.stat().st_dev
        disks[disk] = (folder, size + disks.get(disk, (folder, 0))[1])
    for folder, size in disks.values():
        there = free(folder)
        if there < size:
            raise CatdogError(
                f"expected {byte_size(size)} free for {folder}, found {byte_size(there)}.",
                f"Make room, then type: {again}",
            )


@contextlib.contextmanager
def locked(path: Path, listener: Listener) -> Iterator[None]:
    """Hold a set's lock, so that one process at a time gets it.

    The system frees the lock of a process that dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        listener.say("Waiting for another one that gets the same set.")
        lock.acquire(poll_interval=0.1)
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def scratch(public_set: PublicSet, into: Path) -> Iterator[Path]:
    """Give a hidden folder beside the set's own; nothing of it stays."""
    new = not into.exists()
    into.mkdir(parents=True, exist_ok=True)
    # Left by a version before 0.3 that was killed: whoever holds the lock is alone here.
    for old in into.glob(f".{public_set.name}.*.tmp"):
        shutil.rmtree(old, ignore_errors=True)
    try:
        with scratch_folder(into / public_set.name) as folder:
            yield folder
    finally:
        if new:
            with contextlib.suppress(OSError):  # unless it holds the set now
                into.rmdir()


def publish(made: Path, target: Path) -> None:
    """Rename a folder to ``target`` when all of it is on the disk.

    Raises:
        CatdogError: Something has come there in the meantime.
    """
    if hasattr(os, "sync"):
        os.sync()
    try:
        made.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        raise CatdogError(
            f"expected no {target} yet, found one that came in the meantime.",
            f"Type: ls {shlex.quote(str(target))}",
        ) from error
