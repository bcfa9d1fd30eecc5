"""What the names of objects tell: which are pictures, of which class, of which split.

An address has no folders, only names with slashes, and there may be too many to hold. So each name
is read by itself, by the same words as folders on a disk.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from tl_catdog.data.folder_names import IMAGE_FOLDERS, class_name, is_system, split_roles
from tl_catdog.data.formats import HEAD, format_of
from tl_catdog.data.tables import SUFFIXES as TABLES
from tl_catdog.data.tree import (
    COPIES,
    ENDING,
    NO_ENDING,
    OTHER_ENDINGS,
    SUFFIXES,
    TAUGHT,
    WAITING,
)
from tl_catdog.files import LONGEST_NAME
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import GoneError
from tl_catdog.storage.places import Place

PARQUET = (".parquet", ".pq")
JOURNAL = f"{TAUGHT}/journal.jsonl"
ODD = "name that no file could have"


def is_image(name: str) -> bool | None:
    """Return whether a file is named like a picture; None where only its bytes can tell.

    >>> is_image("a/b.JPG"), is_image("a/b.txt"), is_image("a/b")
    (True, False, None)
    """
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return True
    if suffix in OTHER_ENDINGS or suffix in PARQUET or COPIES.search(path.name.lower()):
        return False
    return None


def is_plain(name: str) -> bool:
    """Return whether a name could be a file's below a folder: objects may be called anything.

    >>> [is_plain(name) for name in ("a/b.jpg", "a/../b.jpg", "/b.jpg", "a//b.jpg", "a" * 256)]
    [True, False, False, False, False]
    """
    parts = name.split("/")
    if "\0" in name or not {"", ".", ".."}.isdisjoint(parts):
        return False
    return len(name) <= LONGEST_NAME // 4 or all(
        len(os.fsencode(part)) <= LONGEST_NAME for part in parts
    )


def is_hidden(name: str) -> bool:
    """Return whether a file, or a folder that it is in, is hidden or a system's own."""
    return any(is_system(part) for part in name.split("/") if part not in (".", ".."))


def is_taught(name: str) -> bool:
    """Return whether a name is that of the journal of a folder that is taught.

    >>> is_taught("pets/.teach/journal.jsonl"), is_taught(".x/.teach/journal.jsonl")
    (True, False)
    """
    whole = f"/{name}"
    return whole.endswith(f"/{JOURNAL}") and not is_hidden(whole.removesuffix(JOURNAL).strip("/"))


def kind(name: str) -> str:
    """Return by what a file that is no picture is counted: its ending.

    >>> kind("a/notes.TXT"), kind("a/README")
    ('.txt', 'file without an ending')
    """
    ending = ENDING.search(name.rpartition("/")[2])
    return ending[0].lower() if ending else NO_ENDING


@functools.lru_cache(maxsize=65536)
def labels(folders: tuple[str, ...]) -> tuple[str | None, str | None]:
    """Return the class and the split of a picture by the folders that it is in, outermost first.

    The first folder that is called like a split is one; of the others, the first that isn't called
    like ``images`` is the class. ``unlabelled`` is where teaching keeps what has none.

    >>> labels(("train", "cats")), labels(("cats", "val", "more")), labels(("images", "cats"))
    (('cats', 'train'), ('cats', 'validation'), ('cats', None))
    >>> labels(()), labels(("test",))
    ((None, None), (None, 'test'))
    """
    split, rest = None, []
    for folder in folders:
        role = split_roles([folder]).get(folder) if split is None else None
        if role is not None:
            split = role
        elif folder.lower() not in IMAGE_FOLDERS:
            rest.append(folder)
    return (class_name(rest[0]) if rest and rest[0] != WAITING else None), split


def labels_of(name: str) -> tuple[str | None, str | None]:
    """Return the class and the split of a picture by its whole name."""
    return labels(tuple(name.split("/")[:-1]))


def images_below(
    place: Place,
    left_out: Counter[str],
    tables: list[Entry] | None = None,
    seen: Callable[[str, bool], None] | None = None,
) -> Iterator[Entry]:
    """Yield the files below an address that are pictures by the rules for folders on a disk.

    Args:
        place: The address.
        left_out: Counts what isn't yielded, by what it is; hidden and a system's own aren't.
        tables: Collects the tables among them, which aren't counted then, and what tells that
            pictures in a folder called ``unlabelled`` have no class.
        seen: Called with the name of each file, and whether it is such a picture.

    Raises:
        StorageError: It can't be listed.
    """
    for entry in place.entries():
        image = False
        if not is_plain(entry.name):
            left_out[ODD] += 1
        elif is_hidden(entry.name):
            if tables is not None and is_taught(entry.name):
                tables.append(entry)
        elif tables is not None and entry.name.lower().endswith(TABLES):
            tables.append(entry)
        else:
            by_name = is_image(entry.name)
            image = by_name or (by_name is None and _begins_like_image(place, entry))
            if not image:
                left_out[kind(entry.name)] += 1
        if seen is not None:
            seen(entry.name, image)
        if image:
            yield entry


def _begins_like_image(place: Place, entry: Entry) -> bool:
    if not entry.size:
        return False
    try:
        head = (place / entry.name).read(0, min(HEAD, entry.size))
    except GoneError:
        return False
    return format_of(head) is not None
