"""Groups: pictures of one patient, animal, video or moment, which belong on one side of a split.

Pictures of one group are alike for other reasons than their class. Where some of them are trained
on and others judged by, a network that knows the patient again looks as if it knew the illness.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from pathlib import Path, PurePosixPath

import numpy as np

from tl_catdog.data.digest import content_key
from tl_catdog.data.examples import Grouping
from tl_catdog.data.folder_names import split_roles
from tl_catdog.data.folders import ImageFile
from tl_catdog.data.images import opened
from tl_catdog.data.label_table import column_named, values_of
from tl_catdog.data.name_pattern import name_pattern
from tl_catdog.data.packed import Example
from tl_catdog.data.parallel import map_threaded
from tl_catdog.data.reading import read_file
from tl_catdog.data.table_rows import Named, plain
from tl_catdog.errors import UsageError, listing

Images = Sequence[ImageFile | Example]

SUBFOLDER, EXIF, PATTERN, COLUMN = "subfolder", "exif", "pattern:", "column:"
COPIES = "copies"
"""Near-copies alone are groups, as they are with any other word."""

GAP = 60.0
"""Seconds: pictures that one camera took with less than this between each and the next are of one
moment. Bursts and series of camera traps take a second or a few between two pictures; whoever walks
to the next animal or thing takes longer. ``exif:SECONDS`` is another."""

HELP = "subfolder, exif, copies, a pattern such as '{group}_{number}', or a column of the table"

CAMERA = (0x010F, 0x0110, 0xA431)  # of EXIF: make, model, the body's serial number
EXIF_IFD = 0x8769
TAKEN, FRACTION, CHANGED = 0x9003, 0x9291, 0x0132
"""Of EXIF: when the picture was taken, the fraction of that second, when the file was changed."""


def group_keys(images: Images, group_by: str, rows: Named | None = None) -> list[str]:
    """Return what group each picture says it is of: equal texts are one group, empty ones none.

    Args:
        images: The pictures.
        group_by: ``subfolder``: the folder below that of the class. ``exif``, ``exif:SECONDS``: the
            camera and the moment. ``pattern:`` and a pattern for names, or one alone that has
            braces or parentheses. ``column:`` and a column of the table, or its name alone.
            ``copies``: nothing, so that near-copies alone are groups.
        rows: The table of labels, where there is one.

    Raises:
        UsageError: It is none of these, or tells no picture's group.
    """
    by = group_by.strip()
    if by.startswith(COLUMN) or _is_column(by, rows):
        keys = _of_column(images, by.removeprefix(COLUMN), rows)
    elif by == COPIES:
        return [""] * len(images)
    elif by == SUBFOLDER:
        keys = _subfolders(images)
    elif by == EXIF or by.startswith(f"{EXIF}:"):
        keys = _of_moments(images, _gap(by))
    elif by.startswith(PATTERN) or set("{(") & set(by):
        pattern = name_pattern(by.removeprefix(PATTERN), "group", "--group-by")
        keys = [pattern.find(image.name) for image in images]
    else:
        columns = "" if rows is None else f" (columns: {listing(rows.table.columns, 20)})"
        raise UsageError(
            f"expected --group-by {HELP}, found {group_by!r}{columns}.",
            "Type: --group-by subfolder",
        )
    if not any(keys):
        raise UsageError(
            f"expected --group-by {group_by!r} to tell which pictures belong together, found that "
            f"it says nothing of any of {len(images):,}, such as {images[0].name}.",
            f"Type: --group-by with {HELP}",
        )
    return keys


def _is_column(by: str, rows: Named | None) -> bool:
    return rows is not None and by in rows.table.columns


def _of_column(images: Images, name: str, rows: Named | None) -> list[str]:
    if rows is None:
        raise UsageError(
            f"expected a table for --group-by {COLUMN}{name}, found none.",
            "Name it: --labels FILE",
        )
    values = values_of(rows, column_named(rows, name, "--group-by"))
    return [values.get(image.name, "") for image in images]


def _subfolders(images: Images) -> list[str]:
    """Return the folder below the class's of each picture, or nothing if it is right in that.

    Its name alone counts: a patient may be in two classes, and in two splits. Where the classes
    aren't folders, it is the first folder that isn't above all pictures, nor a split's.
    """
    folders = [PurePosixPath(image.name).parts[:-1] for image in images]
    shared = sum(
        1 for _ in takewhile(lambda names: len(set(names)) == 1, zip(*folders, strict=False))
    )
    keys = []
    for image, above in zip(images, folders, strict=True):
        words = [plain(name) for name in above]
        if plain(image.label) in words:
            below = above[words.index(plain(image.label)) + 1 :]
        else:
            below = tuple(name for name in above[shared:] if not split_roles([name]))
        keys.append(below[0] if below else "")
    return keys


def _gap(by: str) -> float:
    seconds = by.removeprefix(EXIF).removeprefix(":")
    try:
        gap = float(seconds) if seconds else GAP
    except ValueError:
        gap = -1.0
    if not 0 <= gap < float("inf"):
        raise UsageError(
            f"expected a number of seconds after {EXIF}:, found {seconds!r}.",
            f"Type: --group-by {EXIF}:{GAP:g}",
        )
    return gap


def _of_moments(images: Images, gap: float) -> list[str]:
    """Return the camera and the first second of each picture's series, or nothing."""
    taken = list(map_threaded(_camera_and_time, (image.path for image in images)))
    by_camera: dict[str, list[tuple[datetime, int]]] = {}
    for place, found in enumerate(taken):
        if found is not None:
            by_camera.setdefault(found[0], []).append((found[1], place))
    keys = [""] * len(images)
    for camera, series in by_camera.items():
        series.sort()
        start = last = series[0][0]
        for time, place in series:
            if (time - last).total_seconds() > gap:
                start = time
            last = time
            keys[place] = f"{camera} {start.isoformat(sep=' ')}".strip()
    return keys


def _camera_and_time(path: Path) -> tuple[str, datetime] | None:
    """Return the camera and the time that a file's EXIF names, or None without a time."""
    try:
        with opened(read_file(path)) as image:
            exif = image.getexif()
            inner = exif.get_ifd(EXIF_IFD)
            when = str(inner.get(TAKEN) or exif.get(CHANGED) or "")
            time = datetime.strptime(when.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")
            fraction = str(inner.get(FRACTION) or "").strip("\0 ")
            if fraction.isdecimal():
                time = time.replace(microsecond=int(fraction[:6].ljust(6, "0")))
            words = (str(inner.get(tag) or exif.get(tag) or "").strip("\0 ") for tag in CAMERA)
            return " ".join(word for word in words if word.isprintable() and word)[:100], time
    except Exception:  # a stranger's bytes: whatever is wrong with them, they tell no time
        return None


def united(
    contents: Sequence[str], keys: Sequence[str], copies: Sequence[int] | None = None
) -> list[str]:
    """Return a group for each picture, so that whatever belongs together by anything is in one.

    Args:
        contents: Equal for byte-identical pictures; see ``digest.content_key``.
        keys: What group each says it is of, or nothing.
        copies: Equal numbers for copies and near-copies.

    Returns:
        Texts: the least key of those united, or the least content where none has a key.

    >>> united(["a", "b", "c", "a"], ["", "Tom", "Tom", ""], [0, 1, 2, 3])
    ['a', 'Tom', 'Tom', 'a']
    >>> united(["a", "b", "c", "a"], ["", "Tom", "Ann", ""], [0, 1, 2, 1])
    ['Tom', 'Tom', 'Ann', 'Tom']
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(contents)
    hubs: dict[tuple[str, str | int], int] = {}
    ends = []
    for place in range(count):
        said: list[tuple[str, str | int]] = [("content", contents[place])]
        if keys[place]:
            said.append(("key", keys[place]))
        if copies is not None:
            said.append(("copies", copies[place]))
        ends += [(place, count + hubs.setdefault(hub, len(hubs))) for hub in said]
    size = count + len(hubs)
    one, other = np.asarray(ends, np.int64).reshape(-1, 2).T
    links = coo_array((np.ones(len(one)), (one, other)), shape=(size, size))
    parts = connected_components(links, directed=False)[1][:count]
    names: dict[int, str] = {}
    for own in (contents, keys):  # keys last, so that they go before
        least: dict[int, str] = {}
        for part, text in zip(parts, own, strict=True):
            if text:
                least[part] = min(text, least.get(part, text))
        names |= least
    return [names[part] for part in parts]


def grouping_of(by: str, groups: Sequence[str], keys: Sequence[str]) -> Grouping:
    """Return how many groups there are, and of what sizes."""
    sizes = [size for size in Counter(groups).values() if size > 1]
    return Grouping(by, len(sizes), sum(sizes), sum(not key for key in keys))


def content_keys(digests: Sequence[str], images: Images) -> list[str]:
    """Return a text for each picture that is equal for byte-identical ones."""
    return [content_key(digest, image.name) for digest, image in zip(digests, images, strict=True)]
