"""What is kept: the feature cache, other cache folders, the packaged backbone weights."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tl_catdog.doctor.check import FAILED, OK, WARNING, Check, amount
from tl_catdog.features.cache import store_path
from tl_catdog.files import cache_folder


def check_feature_cache(path: Path | None = None) -> Iterator[Check]:
    """Look into the feature cache without making, mending or marking anything in it."""
    path = path or store_path()
    if not path.exists():
        yield Check("feature cache", OK, f"empty, {path}")
        return
    away = f"Type: rm {path}*"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            entries = database.execute("SELECT COUNT(*) FROM entries").fetchone()[0]
    except sqlite3.OperationalError as error:
        yield Check("feature cache", FAILED, f"{path}: {error}", away)
        return
    except sqlite3.DatabaseError as error:
        told = f"{path}: {error}; the next training begins it anew"
        yield Check("feature cache", WARNING, told, away)
        return
    size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    yield Check("feature cache", OK, f"{entries:,} vectors, {amount(size)}, {path}")


def check_other_caches(root: Path | None = None) -> Iterator[Check]:
    """Say how much lies in the cache folder besides the feature cache."""
    root = root or cache_folder()
    if not root.is_dir():
        return
    for folder in sorted(entry for entry in root.iterdir() if entry.is_dir()):
        size = folder_size(folder)
        if size:
            hint = f"It can be made or fetched again; to be rid of it, type: rm -r {folder}"
            yield Check(f"{folder.name} cache", OK, f"{amount(size)}, {folder}", hint)


def folder_size(folder: Path) -> int:
    """Return the bytes of the files in a folder and below; links are not followed."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # gone meanwhile
                size += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118
    return size


def check_weights() -> Iterator[Check]:
    """Hash the packaged backbone weights.

    Raises:
        CatdogError: They are missing or damaged.
    """
    from tl_catdog.models.weights import PACKAGED_SHA256, packaged_weights

    parameters = sum(value.size for value in packaged_weights().values())
    yield Check(
        "backbone weights",
        OK,
        f"{parameters / 1e6:.2f} million, SHA-256 {PACKAGED_SHA256[:12]}… as packaged",
    )
