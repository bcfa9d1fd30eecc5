"""All pictures below an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from tl_catdog.data.formats import HEAD, format_of
from tl_catdog.data.reading import MAX_BYTES
from tl_catdog.errors import ImageError
from tl_catdog.shards.rows import Row
from tl_catdog.shards.sources.names import is_hidden, is_image, is_plain, kind, labels_of
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import GoneError
from tl_catdog.storage.places import Place

LEFT_OUT = "left-out"
ODD = "name that no file could have"
PEEKED = 2000  # files by which it is told what is below an address


class PrefixSource:
    """The pictures below an address, in the order of their names' bytes.

    Args:
        place: The address.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.text = str(place)
        self.remarks: list[tuple[str, str]] = []

    def rows(self) -> Iterator[Row]:
        """Yield the pictures; memory doesn't grow with their number.

        Raises:
            StorageError: The address can't be listed.
        """
        left_out = Counter[str]()
        for entry in images_below(self.place, left_out):
            label, split = labels_of(entry.name)
            yield Row(entry.name, label, split, size=entry.size, version=entry.version or None)
        self.remarks = [
            (LEFT_OUT, f"{number} × {what}") for what, number in sorted(left_out.items())
        ]

    def read(self, row: Row) -> bytes:
        """Return a picture's bytes.

        Raises:
            ImageError: It has vanished, or is too large.
            StorageError: It can't be read, or was replaced.
        """
        return read_image(self.place / row.path, row)


def images_below(place: Place, left_out: Counter[str]) -> Iterator[Entry]:
    """Yield the files below an address that are pictures by the rules for folders on a disk.

    Args:
        place: The address.
        left_out: Counts what isn't yielded, by what it is; hidden and a system's own aren't.

    Raises:
        StorageError: It can't be listed.
    """
    for entry in place.entries():
        if not is_plain(entry.name):
            left_out[ODD] += 1
        elif not is_hidden(entry.name):
            by_name = is_image(entry.name)
            if by_name or (by_name is None and _begins_like_image(place, entry)):
                yield entry
            else:
                left_out[kind(entry.name)] += 1


def _begins_like_image(place: Place, entry: Entry) -> bool:
    if not entry.size:
        return False
    try:
        head = (place / entry.name).read(0, min(HEAD, entry.size))
    except GoneError:
        return False
    return format_of(head) is not None


def first_names(place: Place) -> list[str]:
    """Return the names of the first files below a place that aren't hidden.

    Raises:
        StorageError: It can't be listed.
    """
    found = (entry.name for entry in place.entries())
    return list(islice((name for name in found if not is_hidden(name)), PEEKED))


def read_image(place: Place, row: Row) -> bytes:
    """Return the bytes of a file that is one picture.

    Raises:
        ImageError: It has vanished, or is too large.
        StorageError: It can't be read, or was replaced.
    """
    entry = None if row.size is None else Entry(row.path, row.size, row.version or "")
    if entry is not None and entry.size > MAX_BYTES:
        raise ImageError(f"{entry.size:,} bytes are more than {MAX_BYTES:,} allowed")
    try:
        return place.read(entry=entry, most=MAX_BYTES)
    except GoneError as error:
        raise ImageError("can't be read (No such file or directory)") from error
