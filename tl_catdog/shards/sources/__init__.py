"""Where pictures of a batch come from, besides a folder of this machine: told by what is there."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from tl_catdog.data.folder_names import SPLITS, split_roles
from tl_catdog.data.folders import holds_images
from tl_catdog.data.objects import PARQUET, is_image
from tl_catdog.errors import UsageError, shown
from tl_catdog.shards.folder import PREDICT
from tl_catdog.shards.rows import Source
from tl_catdog.shards.sources.listed import ListedSource
from tl_catdog.shards.sources.parquet import ParquetSource
from tl_catdog.shards.sources.prefix import PrefixSource, first_names
from tl_catdog.shards.sources.tars import TarSource, refuse_compressed
from tl_catdog.storage.places import Place

LISTS = (".txt", ".lst", ".csv", ".tsv", ".jsonl", ".ndjson")
TAR = ".tar"
PATTERN = re.compile(r"[*?\[]")
BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}|\{([^{}]*,[^{}]*)\}")
MOST_NAMES = 10**6
"""Names that braces may stand for."""


def open_other(text: str, kind: str = PREDICT) -> Source | None:
    """Return the source that a text names, unless that is a folder of pictures on this machine.

    It is one of: an address of pictures; a list of paths or addresses (``.txt``, ``.csv``,
    ``.jsonl``); Parquet or WebDataset tars, one, a pattern such as ``train-*.tar`` or
    ``train-{000..127}.tar``, or a folder of them; an address with Hugging Face's ``metadata.csv``
    beside its pictures.

    Args:
        text: What was typed.
        kind: For which kind of plan; see ``listing.open_source``.

    Raises:
        UsageError: There is nothing of that name, or nothing that could be a source.
        StorageError: It can't be listed.
    """
    place = Place.of(text)
    text = str(place)  # the same on every machine
    if (PATTERN.search(place.name) or BRACES.search(place.name)) and not place.exists():
        return _matching(place, text)
    ending = posixpath.splitext(place.name)[1].lower()
    if ending in (*LISTS, *PARQUET, TAR) or place.name.lower().endswith((".gz", ".tgz")):
        found = place.info_or_none()
        if found is not None and not found.folder:
            return _of_files([place], text, place.above)
    if place.path is not None:
        return _in_folder(place, text)
    return _below(place, text, kind)


def _matching(place: Place, text: str) -> Source:
    above = place.above
    there = sorted(entry.name for entry in above.entries() if "/" not in entry.name)
    known, found = set(there), dict[str, None]()
    for pattern in islice(unbraced(place.name), MOST_NAMES):
        if PATTERN.search(pattern):
            found |= dict.fromkeys(fnmatch.filter(there, pattern))
        elif pattern in known:
            found[pattern] = None
        else:  # whoever names each means each
            raise UsageError(
                f"expected the file {shown(pattern)}, which {text} names, found none in {above}.",
                f"Type: ls {above}",
            )
    if not found:
        raise UsageError(f"expected files that match {text}, found none.", f"Type: ls {above}")
    return _of_files([above / name for name in found], text, above)


def unbraced(name: str) -> Iterator[str]:
    """Yield the names that a name with braces stands for, as shells and WebDataset read it.

    >>> list(unbraced("{a,b}-{08..10}.tar"))
    ['a-08.tar', 'a-09.tar', 'a-10.tar', 'b-08.tar', 'b-09.tar', 'b-10.tar']
    """
    match = BRACES.search(name)
    if match is None:
        yield name
        return
    first, last, words = match.groups()
    if words is not None:
        inner: Iterable[str] = words.split(",")
    else:
        numbers = range(int(first[:9]), int(last[:9]) + 1)
        inner = (f"{number:0{len(first)}}" for number in numbers)
    for text in inner:
        yield from unbraced(f"{name[: match.start()]}{text}{name[match.end() :]}")


def _of_files(files: list[Place], text: str, root: Place) -> Source:
    endings = {posixpath.splitext(file.name)[1].lower() for file in files}
    if endings <= set(PARQUET):
        return ParquetSource(files, text, root)
    if endings == {TAR}:
        return TarSource(files, text, root)
    if endings <= set(LISTS):
        return ListedSource([(file, None) for file in files], text, root)
    for file in files:
        refuse_compressed(file.name)
    raise UsageError(
        f"expected lists, Parquet or tars, each alone, found {text}.",
        "Name a folder, or files of one of these kinds",
    )


def _in_folder(place: Place, text: str) -> Source | None:
    """Return the source that a folder is which holds pictures in tars or tables alone."""
    if place.path is None or not place.path.is_dir() or holds_images(place.path):
        return None
    return _held(place, [entry.name for entry in place.entries()], text)


def _held(place: Place, names: list[str], text: str) -> Source | None:
    for endings in (PARQUET, (TAR,)):
        files = [place / name for name in names if name.lower().endswith(endings)]
        if files:
            return _of_files(files, text, place)
    return None


def _below(place: Place, text: str, kind: str) -> Source:
    """Return what an address is, by its first files: there may be very many."""
    names = first_names(place)
    if not names:
        raise UsageError(
            f"expected pictures at {place}, found nothing.",
            "Look at the address: is it spelt right, and yours to list?",
        )
    if not any(is_image(name) for name in names):
        held = _held(place, names, text)
        if held is not None:
            whole = [entry.name for entry in place.entries()]  # there are few, and large ones
            return _held(place, whole, text) or held
    tables = _metadata(place, names)
    if tables:
        return ListedSource(tables, text, place)
    return PrefixSource(place, kind)


def _metadata(place: Place, names: list[str]) -> list[tuple[Place, str | None]]:
    """Return the tables of an ``imagefolder``, with the split that each is of.

    Those beyond the first names are asked for: they stand behind the pictures in the order of
    names.
    """
    folders = {name.partition("/")[0] for name in names if "/" in name}
    asked = [f"{folder}{slash}metadata.{ending}" for folder, slash in _tops(folders)
             for ending in ("csv", "jsonl")]  # fmt: skip
    tables = []
    for name in asked:
        file = place / name
        if name in names or file.is_file():
            folder = name.rpartition("/")[0]
            tables.append((file, split_roles([folder]).get(folder) if folder else None))
    if len(tables) == 1:  # as of a folder: the only one isn't of a split
        return [(tables[0][0], None)]
    return tables


def _tops(folders: set[str]) -> list[tuple[str, str]]:
    """Return the folders that a table may be in: the top, and those of splits."""
    found = {folder for folder in folders if split_roles([folder])} | set(SPLITS)
    return [("", ""), *((folder, "/") for folder in sorted(found))]
