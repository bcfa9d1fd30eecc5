"""Where an export goes: whether the place is free, and what may be replaced there."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shlex
import shutil
import time
from pathlib import Path, PurePosixPath

from tl_catdog.errors import UsageError, listing
from tl_catdog.export.examples import EXAMPLES, NAMES
from tl_catdog.export.licence import LICENCE, NOTICE
from tl_catdog.export.metadata import CARD, LABELS, METADATA, PREPARE, README
from tl_catdog.files import read_json
from tl_catdog.scratch import mend, put_in_place

BESIDE = {METADATA, LABELS, README, CARD, LICENCE, NOTICE, PREPARE, EXAMPLES, "__pycache__"}
MOST = 2**24  # bytes of a metadata.json; ours have a few thousand
AN_HOUR = 3600.0  # no export takes so long


def real_target(target: Path) -> Path:
    """Return the folder that is written: a link leads to it, and stays."""
    return target.resolve() if target.is_symlink() else target


def check_free(target: Path, *, force: bool) -> None:
    """Make sure that an export may go there. What a kill left without its name gets it back.

    Raises:
        UsageError: Something is there that isn't to be replaced, or that no export has made.
    """
    mend(target.parent)
    _mend_older(target)
    if not os.path.lexists(target):
        return
    if not force:
        raise UsageError(
            f"expected a new folder, found that {target} is there.", "Type: --force or --out DIR"
        )
    found = _what_else(target)
    if found is not None:
        raise UsageError(
            f"expected an export to replace, and nothing else, in {target}, found {found}.",
            f"Type: --out {shlex.quote(f'{target.parent}-2')}",
        )


def _what_else(target: Path) -> str | None:
    """Return what is there besides an export of ours; None if that is nothing."""
    folder = real_target(target)
    if not folder.is_dir():
        return "a file, a device or a link to nowhere"
    names = {path.name for path in folder.iterdir()}
    others = names - BESIDE - {_model(folder)}
    if (folder / EXAMPLES).is_dir():
        theirs = {path.name for path in (folder / EXAMPLES).iterdir()} - NAMES
        others |= {f"{EXAMPLES}/{name}" for name in theirs}
    return listing(sorted(others)) if others else None


def _model(folder: Path) -> str:
    """Return the name of the file or folder that an export is loaded from; none if it is none."""
    path = folder / METADATA
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if path.is_file() and path.stat().st_size <= MOST:
            about = read_json(path)
            if (
                isinstance(about, dict)
                and isinstance(about.get("model"), str)
                and "parity" in about
            ):
                return PurePosixPath(about["model"]).parts[0] if about["model"] else ""
    return ""


def publish(folder: Path, target: Path, *, force: bool) -> None:
    """Give a whole export its name, in one step; with ``force`` the one that is there goes.

    Raises:
        UsageError: Another export came first, or something else.
        OSError: It can't be renamed.
    """
    check_free(target, force=force)
    if force:
        put_in_place(folder, real_target(target))
        return
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            check_free(target, force=False)
        raise


def _mend_older(target: Path) -> None:
    """Give back what a killed export of version 0.2 or before left, and remove its rests.

    It moved the folder that it replaced to ``.FORMAT.TOKEN/old``, beside its own.
    """
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}")
    try:
        left = [path for path in target.parent.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return
    for path in left:
        with contextlib.suppress(OSError):
            old = path / "old"
            if old.is_dir() and not os.path.lexists(target):
                old.rename(target)
            names = {inner.name for inner in path.iterdir()}
            if names <= {target.name} and time.time() - path.stat().st_mtime > AN_HOUR:
                shutil.rmtree(path, ignore_errors=True)
