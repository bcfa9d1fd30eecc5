"""All pictures below an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from tl_catdog.data.objects import images_below, is_hidden, labels_of
from tl_catdog.data.reading import MAX_BYTES
from tl_catdog.errors import ImageError
from tl_catdog.shards.rows import Row
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import GoneError
from tl_catdog.storage.places import Place

LEFT_OUT = "left-out"
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
