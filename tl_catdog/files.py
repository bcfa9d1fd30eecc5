"""Writing files so that a reader never sees half of one, and where our caches live."""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import json
import os
import shutil
import stat
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tl_catdog.errors import CatdogWarning
from tl_catdog.scratch import put_in_place, scratch_file, sync, sync_folder

SET_RECORD = ".tl-catdog.json"
"""In a folder that ``data get`` published: which set it is and where it came from."""
DESCRIPTORS = (Path("/dev/fd"), Path("/dev/stdout"), Path("/dev/stderr"), Path("/proc"))
"""Open files by name: one may be a regular file, and replacing that would cut its writer off."""
_MOST_LINKS = 40  # as many as Linux follows


LONGEST_NAME = 255  # bytes, on almost any disk

NOWHERE = Path("/nonexistent")
"""What stands for the home folder where there is none, as Debian calls it: nobody writes there."""
NO_TEMPORARY = NOWHERE / "tmp"
"""What stands for the folder for temporary files where there is none."""


def cache_folder() -> Path:
    """Return the folder for what can be made again: ``$XDG_CACHE_HOME/tl-catdog``.

    The XDG base directory specification says to ignore a relative ``XDG_CACHE_HOME``; the default
    is ``~/.cache``. Whether it is there, or could be, is asked of ``usable_cache_folder``.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    if named and Path(named).is_absolute():
        return Path(named) / "tl-catdog"
    try:
        home = Path.home()
    except RuntimeError:  # a user without an entry, as containers have
        home = NOWHERE
    return home / ".cache" / "tl-catdog"


def usable_cache_folder() -> Path | None:
    """Return the cache folder, made if need be; None where it can't be written to, which is said.

    The cache only saves time, so whoever wants to keep something in it goes on without.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        warnings.warn(
            f"Nothing is kept to save time later: the cache folder {folder} can't be written to "
            f"({error.strerror}). To name another: export XDG_CACHE_HOME=FOLDER",
            CatdogWarning,
            stacklevel=2,
        )
        return None


@functools.cache
def passing_folder() -> Path:
    """Return a folder that is gone when the program ends, for what belongs into a cache folder.

    Raises:
        OSError: There is no folder for temporary files that can be written to.
    """
    folder = tempfile.mkdtemp(prefix="tl-catdog-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextlib.contextmanager
def atomic_path(path: Path, *, follow: bool = True) -> Iterator[Path]:
    """Give a temporary path that replaces ``path`` when the block ends well.

    It is beside ``path`` and keeps its suffix, because some writers choose their format by it. A
    link stays: what it points to is replaced. What isn't a regular file, such as /dev/stdout or a
    named pipe, is never replaced: the content is written to it.

    Args:
        path: What is to be written.
        follow: Whether links are followed and devices written to, as it is right for a name that a
            person gave. Without, they are replaced: the name is ours, what has it a stranger's.

    Raises:
        OSError: ``path`` can't be written to; the error names it.
    """
    with naming(path):
        if follow and is_stream(path):
            with tempfile.TemporaryDirectory(prefix="tl-catdog-") as folder:
                temporary = Path(folder) / f"stream{path.suffix}"
                temporary.touch()
                yield temporary
                with temporary.open("rb") as source, path.open("wb") as stream:
                    shutil.copyfileobj(source, stream)
            return
        target = path.resolve() if follow and path.is_symlink() else path
        if target.is_dir() and (follow or not target.is_symlink()):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_file(target) as temporary:
            yield temporary
            sync(temporary)
            put_in_place(temporary, target)
            sync_folder(target.parent)


def is_stream(path: Path) -> bool:
    """Return whether a path is something that is written to as it is: a device, pipe or socket."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or _names_a_descriptor(path)


def _names_a_descriptor(path: Path) -> bool:
    """Return whether a path is, or links to, an open file of a process, such as /dev/stdout."""
    for _ in range(_MOST_LINKS):
        if any(path.absolute().is_relative_to(place) for place in DESCRIPTORS):
            return True
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return False


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name a place in errors of the system that name none, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def write_text(path: Path, text: str, *, follow: bool = True) -> None:
    """Write text as UTF-8; names that are not valid UTF-8 keep their bytes.

    ``follow`` is that of ``atomic_path``.
    """
    write_lines(path, (text,), follow=follow)


def write_lines(path: Path, lines: Iterable[str], *, follow: bool = True) -> None:
    """Write what ``write_text`` would, as it comes: there may be very much of it."""
    with (
        atomic_path(path, follow=follow) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        file.writelines(lines)


def read_text(path: Path) -> str:
    """Read text as ``write_text`` wrote it: line ends and bytes that aren't UTF-8 stay as they are.

    Raises:
        OSError: The file can't be read.
    """
    return path.read_bytes().decode("utf-8", "surrogateescape")


def write_json(path: Path, value: Any, *, follow: bool = True) -> None:
    """Write a value as indented JSON; ``follow`` is that of ``atomic_path``."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=True) + "\n", follow=follow)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        OSError: The file can't be read.
        ValueError: It holds something else than JSON.
    """
    return json.loads(path.read_text(encoding="utf-8"))
