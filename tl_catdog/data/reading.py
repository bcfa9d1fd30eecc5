"""Reading files that only claim to be pictures: never a pipe or a device, never without end."""

from __future__ import annotations

import errno
import io
import os
import re
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

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|data:|www\.[^/]+/", re.ASCII | re.IGNORECASE)
"""How the address of a file begins; a drive's name has one letter."""
SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.ASCII | re.IGNORECASE)


def is_address(name: str) -> bool:
    """Return whether a name is the address of something on the web, and of no file here.

    >>> [is_address(name) for name in ("https://a.org/cat.jpg", "www.a.org/cat.jpg", "C:/cat.jpg")]
    [True, True, False]
    """
    return ADDRESS.match(name) is not None and not os.path.lexists(name)


def address_in(path: Path) -> str | None:
    """Return the address that a path was made of, where ``pathlib`` took one of its slashes.

    >>> address_in(Path("/home/me/https:/a.org/cats")), address_in(Path("C:/cats"))
    ('https://a.org/cats', None)
    """
    parts = path.parts
    for place, part in enumerate(parts):
        if SCHEME.fullmatch(part):
            return f"{part}//{'/'.join(parts[place + 1 :])}"
    return None


def open_file(path: Path, most: int = MAX_BYTES) -> io.BufferedReader | io.BytesIO:
    """Open a regular file for reading.

    Args:
        path: The file.
        most: How many bytes it may have.

    Raises:
        OSError: It can't be opened, is of another kind, or has more bytes.
    """
    _check(path.stat(), path, most)  # opening a device may set something going
    # Path.open takes no opener.
    file = open(path, "rb", opener=_open)  # noqa: SIM115
    try:
        status = os.fstat(file.fileno())
        _check(status, path, most)  # it may be another one by now
    except OSError:
        file.close()
        raise
    if status.st_size:
        return file
    file.close()
    # The kernel's own files say that they are empty, and some of them never end.
    return io.BytesIO()


def _open(path: str, flags: int) -> int:
    """Open a file without waiting, should it have become a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check(status: os.stat_result, path: Path, most: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    kind = KINDS.get(stat.S_IFMT(status.st_mode))
    if kind:  # reading it could wait for ever, or never end
        raise OSError(errno.EINVAL, f"{kind} instead of a file", str(path))
    if status.st_size > most and stat.S_ISREG(status.st_mode):
        raise OSError(
            errno.EFBIG, f"{status.st_size:,} bytes are more than {most:,} allowed", str(path)
        )


def read_file(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return a regular file's bytes.

    Raises:
        OSError: See ``open_file``.
    """
    with open_file(path, most) as file:
        found = file.read(most + 1)
    if len(found) > most:  # it grows while it is read
        raise OSError(errno.EFBIG, f"more than {most:,} bytes", str(path))
    return found
