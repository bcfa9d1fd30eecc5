"""Giving a file another name that nothing has: in one step where system and disk can."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import sys
from pathlib import Path

from tl_catdog.journal.moves import holds

_AT_FDCWD = -100
_FREE = 4 if sys.platform == "darwin" else 1
"""RENAME_EXCL of renamex_np(2) in macOS, RENAME_NOREPLACE of renameat2(2) in Linux."""
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def rename_to_free(source: Path, target: Path) -> None:
    """Rename a file; what is at the target stays, but for the empty file that reserves a name.

    A plain rename overwrites what is there. Where there is no other, an empty file is put there
    first, which fails if there is something.

    Raises:
        OSError: It can't be renamed, or there is something at the target.
    """
    try:
        if _at_once(source, target):
            return
        target.open("x").close()
    except FileExistsError:
        if holds(target):
            raise
    try:
        source.rename(target)
    except OSError:
        with contextlib.suppress(OSError):
            target.unlink()
        raise


def _at_once(source: Path, target: Path) -> bool:
    """Try the system's call for it; return whether it did so.

    Raises:
        OSError: It can, but not these two.
    """
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(source), os.fsencode(target)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _FREE)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, _FREE)
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))
