"""Settings from a TOML file, whatever the file turns out to be."""

from __future__ import annotations

import os
import select
import shlex
import stat
import time
import tomllib
from pathlib import Path
from typing import Any

from tl_catdog.errors import UsageError, shortened, shown

MOST = 2**20
"""Bytes of settings at most; all of them with long paths are a few thousand."""

PATIENCE = 10.0
"""Seconds that a pipe may take to say something, and again for everything that follows."""


def load_toml(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file, or a pipe; dashes in names count as underscores.

    Raises:
        UsageError: The file is missing, isn't TOML, or names a setting twice.
    """
    edit = f"Edit {shlex.quote(str(path))}"
    try:
        content = _content(path)
    except OSError as error:
        raise UsageError(
            f"expected a TOML file, found none at {path} ({error.strerror}).",
            f"Type: ls -l {shlex.quote(str(path))}",
        ) from error
    try:
        values = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except RecursionError:
        raise UsageError(f"expected plain settings in {path}, found deep nesting.", edit) from None
    except ValueError as error:  # not TOML, not UTF-8, or a number of 5,000 digits
        many = "a number of too many digits"
        found = many if type(error) is ValueError else shortened(str(error), 200)
        raise UsageError(f"expected TOML in {path}, found: {found}.", edit) from error
    settings: dict[str, Any] = {}
    for name, value in values.items():
        known_as = name.replace("-", "_")
        if known_as in settings:
            raise UsageError(f"expected each setting once, found {shown(name)} twice.", edit)
        settings[known_as] = value
    return settings


def _content(path: Path) -> bytes:
    """Return what a regular file or a pipe holds.

    Raises:
        OSError: It can't be opened or read.
        UsageError: It is of another kind, too large, or a pipe that nobody writes to.
    """
    # A pipe is opened without waiting for its writer, who may never come.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode):
            content = _piped(descriptor, path)
        elif stat.S_ISREG(mode):
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(MOST + 1)
        else:
            kind = "a folder" if stat.S_ISDIR(mode) else "a device"
            raise UsageError(f"expected a TOML file, found {kind}: {path}.", "Name a file")
    finally:
        os.close(descriptor)
    if len(content) > MOST:
        raise UsageError(
            f"expected a TOML file of at most {MOST:,} bytes, found more in {path}.",
            f"Type: ls -l {shlex.quote(str(path))}",
        )
    return content


def _piped(descriptor: int, path: Path) -> bytes:
    """Return what comes out of a pipe until its writer ends, within bounds."""
    content = b""
    until = time.monotonic() + PATIENCE
    while len(content) <= MOST:
        left = until - time.monotonic()
        if left <= 0:
            raise UsageError(
                f"expected settings from the pipe {path} within {PATIENCE:g} s, found none.",
                "Name a file, or start what writes to the pipe",
            )
        select.select([descriptor], [], [], left)
        try:
            part = os.read(descriptor, 2**16)
        except BlockingIOError:
            continue
        if part:
            content += part
        elif content:
            break
        else:  # nobody has opened it to write yet, or a writer had nothing to say
            time.sleep(0.02)
    return content
