"""The class of each picture of a batch of answers, where its folders say one of the run's."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tl_catdog.data.folder_names import class_key
from tl_catdog.data.folders import FLAT_NAME
from tl_catdog.shards.folder import FolderSource
from tl_catdog.shards.rows import Row, Source
from tl_catdog.shards.sources.prefix import PrefixSource


def rows_of(source: Source, classes: Sequence[str]) -> Iterator[Row]:
    """Yield a source's pictures; with a run's classes those that are known get their label.

    A folder is read for answers picture by picture, whatever else is in it, so its layout isn't
    looked at as a training does: a picture has a class where its path says one of the run's alone.
    What a list or table says stays, spelt as the run does.

    Args:
        source: The pictures.
        classes: Of the run that answers; none for other work, whose rows stay as they are.
    """
    if not classes:
        yield from source.rows()
        return
    names = {class_key(name): name for name in classes}
    by_name = isinstance(source, (FolderSource, PrefixSource))
    above = names.get(class_key(posixpath.basename(source.text)))
    seen: dict[str, str | None] = {}
    for row in source.rows():
        said = None if by_name else row.label
        if said is not None:
            label: str | None = names.get(class_key(said), said)
        else:
            folder, _, file = row.path.rpartition("/")
            if folder not in seen:
                seen.clear()  # rows come folder by folder
                seen[folder] = class_of(folder, names)
            flat = FLAT_NAME.match(file)
            label = seen[folder] or (names.get(class_key(flat["label"])) if flat else None) or above
        yield row if label == row.label else replace(row, label=label)


def class_of(folder: str, names: Mapping[str, str]) -> str | None:
    """Return the class that a picture's folders say; None where they say none, or two.

    Args:
        folder: The folders, with slashes.
        names: The classes by their keys; see ``folder_names.class_key``.

    >>> names = {"cats": "cats", "dogs": "dogs"}
    >>> class_of("2021/Cats/kitchen", names), class_of("cats/with dogs", names)
    ('cats', 'cats')
    >>> class_of("cats/dogs", names), class_of("2021", names)
    (None, None)
    """
    found = {names[key] for part in folder.split("/") if (key := class_key(part)) in names}
    return found.pop() if len(found) == 1 else None
