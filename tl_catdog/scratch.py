"""What is written beside its place until it is whole, told from what a killed command left there.

Whoever writes holds a lock (``flock``) on the file or folder until it is whole. The system lets go
of a lock when the process ends, however it ends, so what nobody holds is a rest. Rests are removed
when something is next written beside them. On systems without ``flock`` nothing counts as one.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

MARK = ".tl-catdog-"
SCRATCH = re.compile(rf"^{re.escape(MARK)}[0-9a-f]{{8}}-.")
REPLACED = ".replaced-"
"""Between a name and a token: what had the name, while something else is put in its place."""
_LONGEST = 60  # characters of a name that a scratch name keeps; all of it may be 255 bytes

_swept: set[Path] = set()


@contextlib.contextmanager
def scratch_file(target: Path) -> Iterator[Path]:
    """Give a new, empty file beside ``target``, locked; it is gone after the block unless renamed.

    Its name ends as the target's does, by which some writers choose their format.
    """
    with _scratch(target, lambda path: os.close(os.open(path, _NEW_FILE, 0o666))) as path:
        yield path


@contextlib.contextmanager
def scratch_folder(target: Path) -> Iterator[Path]:
    """Give a new folder beside ``target``, locked; it is gone after the block unless renamed."""
    with _scratch(target, Path.mkdir) as path:
        yield path


_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL
TO_SYNC = "rb" if os.name == "posix" else "r+b"  # Windows syncs what is open for writing alone


@contextlib.contextmanager
def _scratch(target: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    sweep(target.parent)
    while True:
        path = target.with_name(_scratch_name(target))
        with contextlib.suppress(FileExistsError):
            make(path)
            lock = hold(path)
            if lock is not None:
                break
    try:
        yield path
    finally:
        remove(path, lock)
        lock.release()


def _scratch_name(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST:
        name = target.stem[: _LONGEST // 4] + target.suffix[:_LONGEST]
    return f"{MARK}{secrets.token_hex(4)}-{name}"


class Lock:
    """A lock on a file or folder; the system releases it when the process ends."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def holds(self, path: Path) -> bool:
        """Return whether the path still is what was locked."""
        if self._descriptor is None:
            return True
        try:
            there, held = path.lstat(), os.fstat(self._descriptor)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)

    def release(self) -> None:
        """Let go; calling it again does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def hold(path: Path) -> Lock | None:
    """Lock a file or folder that is there; None where another process, or thread, holds it.

    Where the system or its disk knows no such locks, everything counts as held by its writer: the
    answer is a lock that holds nothing.
    """
    if fcntl is None:
        return Lock(None)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    lock = Lock(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.release()
        return None
    except OSError:  # this disk knows no locks
        lock.release()
        return Lock(None)
    if not lock.holds(path):  # swept, or renamed, between opening and locking it
        lock.release()
        return None
    return lock


def is_rest(path: Path) -> bool:
    """Return whether nobody holds what is at a path, so that whoever wrote it was killed."""
    lock = _take_rest(path)
    if lock is not None:
        lock.release()
    return lock is not None


def _take_rest(path: Path) -> Lock | None:
    """Lock a rest; None where its writer lives, or where that can't be told."""
    lock = hold(path)
    return lock if lock and lock._descriptor is not None else None


def rests(folder: Path) -> tuple[Path, ...]:
    """Return what killed commands left in a folder under scratch names."""
    try:
        found = sorted(path for path in folder.iterdir() if SCRATCH.match(path.name))
    except OSError:
        return ()
    return tuple(path for path in found if is_rest(path))


def sweep(folder: Path, *, again: bool = False) -> int:
    """Remove what killed commands left in a folder under scratch names; return how many.

    Args:
        folder: Where to look; once in a process, since a folder may hold a million files.
        again: Look even so.
    """
    if folder in _swept and not again:
        return 0
    _swept.add(folder)
    return sum(discard(path) for path in rests(folder))


def discard(path: Path) -> bool:
    """Remove a rest; return whether it is gone. What somebody holds stays."""
    lock = _take_rest(path)
    if lock is None:
        return False
    try:
        remove(path, lock)
    finally:
        lock.release()
    return not os.path.lexists(path)


def remove(path: Path, lock: Lock) -> None:
    """Remove a file or folder that is locked; nothing happens where it has been renamed."""
    if not lock.holds(path):
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def put_in_place(new: Path, target: Path) -> None:
    """Give a whole file or folder its name, in one step; what had the name before is removed.

    Raises:
        OSError: It can't be renamed.
    """
    while True:
        try:
            new.replace(target)  # rename replaces no file on Windows
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES):
                raise
            if not target.is_dir() or not new.is_dir():
                raise
        with contextlib.suppress(FileNotFoundError):  # gone meanwhile: then its name is free
            exchange(new, target)
            shutil.rmtree(new, ignore_errors=True)
            return


def exchange(one: Path, other: Path) -> None:
    """Give two files or folders of one disk each other's names.

    In one step where system and disk can. Elsewhere ``other`` bears a name with ``.replaced-`` in
    between, and ``mend`` gives it back what a kill has taken.

    Raises:
        OSError: They can't be renamed.
    """
    if _rename(one, other, linux=2, macos=2):  # RENAME_EXCHANGE, RENAME_SWAP
        return
    between = other.with_name(f"{other.name}{REPLACED}{secrets.token_hex(4)}")
    other.rename(between)
    try:
        one.rename(other)
    except OSError:
        between.rename(other)
        raise
    between.rename(one)


def rename_to_free_at_once(source: Path, target: Path) -> bool:
    """Rename to a name that nothing has, in one step; return False where that can't be done.

    Raises:
        FileExistsError: Something has the name.
        OSError: System and disk can, but not these two.
    """
    return _rename(source, target, linux=1, macos=4)  # RENAME_NOREPLACE, RENAME_EXCL


_HERE = -100  # AT_FDCWD
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def _rename(one: Path, other: Path, *, linux: int, macos: int) -> bool:
    """Call renameat2(2) or renamex_np(2) with a flag; return False where it can't be done at once.

    Raises:
        OSError: System and disk can, but not these two.
    """
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(_HERE, names[0], _HERE, names[1], linux)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, macos)
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def mend(folder: Path) -> tuple[Path, ...]:
    """Give back their names to what a kill between two renames left without; return what was.

    It is what ``exchange`` left where a disk can't do it at once, and what versions before 0.3
    left: a folder ``NAME.replaced-TOKEN`` that holds ``NAME``.
    """
    mended = []
    try:
        left = sorted(path for path in folder.iterdir() if REPLACED in path.name)
    except OSError:
        return ()
    for between in left:
        target = folder / between.name.rpartition(REPLACED)[0]
        inner = between / target.name
        if not target.name or os.path.lexists(target):
            continue
        with contextlib.suppress(OSError):
            if inner.is_dir():
                inner.rename(target)
                between.rmdir()
            else:
                between.rename(target)
            mended.append(target)
    return tuple(mended)


def sync(path: Path) -> None:
    """Ask the system to put a file, or all of a folder, on the disk: a power cut can't empty it.

    Raises:
        OSError: The disk is full, or broken.
    """
    if path.is_dir():
        for entry in path.iterdir():
            if not entry.is_symlink():
                sync(entry)
        sync_folder(path)
        return
    with path.open(TO_SYNC) as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk, where its disk can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
