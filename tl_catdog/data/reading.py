"""Reading files that only claim to be pictures: never a pipe or a device, never without end."""

from __future__ import annotations

import errno
import io
import stat
from pathlib import Path

MAX_BYTES = 2**29
"""Larger files are refused: what the largest picture takes at four bytes a pixel."""

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_file(path: Path) -> io.BufferedReader | io.BytesIO:
    """Open a regular file for reading.

    Raises:
        OSError: It can't be opened, is of another kind, or has more than ``MAX_BYTES``.
    """
    status = path.stat()
    kind = KINDS.get(stat.S_IFMT(status.st_mode))
    if kind:  # reading it could wait for ever, or never end
        raise OSError(errno.EINVAL, f"{kind} instead of a file", str(path))
    if status.st_size > MAX_BYTES and stat.S_ISREG(status.st_mode):
        raise OSError(
            errno.EFBIG, f"{status.st_size:,} bytes are more than {MAX_BYTES:,} allowed", str(path)
        )
    if not status.st_size:
        # The kernel's own files say that they are empty, and some of them never end.
        return io.BytesIO()
    return path.open("rb")


def read_file(path: Path) -> bytes:
    """Return a regular file's bytes.

    Raises:
        OSError: See ``open_file``.
    """
    with open_file(path) as file:
        return file.read()
