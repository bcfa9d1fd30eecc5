"""The same on this machine's disk, without any library."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tl_catdog.files import atomic_path
from tl_catdog.scratch import SCRATCH
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import ChangedError, CutReadError, GoneError, StorageError


def _entry(name: str, status: os.stat_result) -> Entry:
    return Entry(name, status.st_size, str(status.st_mtime_ns), stat.S_ISDIR(status.st_mode))


def info(path: Path) -> Entry | None:
    """Return what is at a path; None if nothing is.

    Raises:
        StorageError: That can't be told.
    """
    try:
        return _entry(path.name, path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            return None  # no file can have that name
        raise _told(error, path) from error


def read(path: Path, start: int, length: int | None, entry: Entry | None, most: int) -> bytes:
    """Return a file's bytes; see ``Place.read``.

    Raises:
        StorageError: See ``Place.read``.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe or device could wait for ever
            raise StorageError(f"expected a file, found something else at {path}.")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if entry is not None and size != entry.size:
                raise ChangedError(
                    f"expected {entry.size:,} bytes as listed, found {size:,} in {path}.",
                    "Type the same command again",
                )
            wanted = max(0, size - start) if length is None else length
            if wanted > most:
                raise StorageError(f"expected at most {most:,} bytes, found {wanted:,} in {path}.")
            file.seek(start)
            data = file.read(wanted)
    except (OSError, ValueError) as error:
        raise _told(error, path) from error
    if len(data) != wanted:
        raise CutReadError(
            f"expected {wanted:,} bytes from {start:,} on, found {len(data):,} in {path}."
        )
    return data


def write(path: Path, data: bytes) -> None:
    """Write a file beside its place and rename it.

    A link of that name is replaced, as an object of a store would be. What it leads to is left
    alone: a place may be a stranger's, and a link in it would lead to any file of ours.

    Raises:
        OSError: The disk can't.
    """
    if path.is_symlink():
        path.unlink()
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def entries(folder: Path) -> Iterator[Entry]:
    """Yield the files below a folder in the order of their names' bytes; links aren't followed.

    What is being written, or was when a command was killed, isn't among them.

    Raises:
        StorageError: A folder can't be listed.
    """
    waiting = [""]
    while waiting:
        here = waiting.pop()
        if here and not here.endswith("/"):
            status = _status(folder / here)
            if status is not None:
                yield _entry(here, status)
            continue
        found = []
        try:
            with os.scandir(folder / here) as there:
                for item in there:
                    if item.is_dir(follow_symlinks=False):
                        found.append(f"{here}{item.name}/")
                    elif item.is_file() and not SCRATCH.match(item.name):
                        found.append(f"{here}{item.name}")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _told(error, folder / here) from error
        waiting += sorted(found, key=os.fsencode, reverse=True)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None  # removed meanwhile


def _told(error: OSError | ValueError, path: Path) -> StorageError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return GoneError(
            f"expected something at {path}, found nothing (any more).", f"Type: ls {path.parent}"
        )
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return StorageError(f"expected to use {path}, found that it can't be ({reason}).")
