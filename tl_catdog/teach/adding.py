"""Pictures that are being added, written aside in ``.teach/incoming`` first."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.data.digest import file_digest
from tl_catdog.data.formats import HEAD, format_of
from tl_catdog.data.reading import MAX_BYTES, open_file
from tl_catdog.scratch import sync
from tl_catdog.teach.names import file_name
from tl_catdog.teach.steps import INCOMING, OWN

Source = bytes | Path


@dataclass(frozen=True, slots=True)
class Incoming:
    """A picture that was written aside.

    Attributes:
        given: The name that it was given with.
        name: What its file will be called, if that is free.
        place: Where it lies, below the folder.
        sha256: Of its bytes.
    """

    given: str
    name: str
    place: str
    sha256: str


def arrived(root: Path, name: str, source: Source) -> Incoming:
    """Write a picture aside; it is on the disk then.

    Args:
        root: The folder.
        name: What it was called.
        source: Its bytes or its file; a file below ``.teach`` is moved, any other copied.

    Raises:
        ValueError: It is no picture by its first bytes.
        OSError: The disk refuses.
    """
    if isinstance(source, Path):
        try:
            with open_file(source) as file:
                head = file.read(HEAD)
        except OSError as error:
            raise ValueError(error.strerror or "it can't be read") from error
    else:
        head = source[:HEAD]
        if len(source) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES:,} bytes")
    if format_of(head) is None:
        raise ValueError("no picture of a format that is known here")
    folder = root / INCOMING
    folder.mkdir(parents=True, exist_ok=True)
    place = f"{INCOMING}/{secrets.token_hex(8)}"
    target = root / place
    try:
        if isinstance(source, bytes):
            with target.open("xb") as file:
                file.write(source)
            sha256 = hashlib.sha256(source).hexdigest()
        else:
            if source.absolute().is_relative_to(root / OWN) and not source.is_symlink():
                source.rename(target)
            else:
                shutil.copyfile(source, target)
            sha256 = file_digest(target)
        sync(target)
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise
    return Incoming(name, file_name(name, head), place, sha256)


def sweep(root: Path) -> None:
    """Remove what a kill left there: nobody was told that it was added."""
    folder = root / INCOMING
    if folder.is_dir() and not folder.is_symlink():
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()
