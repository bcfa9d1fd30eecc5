"""All pictures below an address."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from tl_catdog.data.listed_layout import ListedFolders
from tl_catdog.data.objects import ODD, images_below, is_hidden, labels_of
from tl_catdog.data.reading import MAX_BYTES
from tl_catdog.errors import ImageError, UsageError
from tl_catdog.shards.folder import LAYOUT, LEFT_OUT, PREDICT, UNDERSTOOD
from tl_catdog.shards.rows import Row
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import GoneError
from tl_catdog.storage.places import Place

PEEKED = 2000  # files by which it is told what is below an address


class PrefixSource:
    """The pictures below an address, in the order of their names' bytes.

    Args:
        place: The address.
        kind: For which kind of plan; see ``listing.open_source``.
    """

    def __init__(self, place: Place, kind: str = PREDICT) -> None:
        self.place = place
        self.kind = kind
        self.text = str(place)
        self.remarks: list[tuple[str, str]] = []

    def rows(self) -> Iterator[Row]:
        """Yield the pictures; memory doesn't grow with their number.

        To predict, all of them; else those that the layout of such a folder takes for labelled.

        Raises:
            StorageError: The address can't be listed.
        """
        left_out = Counter[str]()
        self.remarks = []
        if self.kind == PREDICT:
            for entry in images_below(self.place, left_out):
                yield _row(entry, *labels_of(entry.name))
        else:
            yield from self._understood(left_out)
        self.remarks += [
            (LEFT_OUT, f"{number} × {what}") for what, number in sorted(left_out.items())
        ]

    def _understood(self, left_out: Counter[str]) -> Iterator[Row]:
        """Yield the pictures that the layout labels; all without a class where it is none.

        The layout is known once all names are, so these are kept in a file meanwhile: the address
        is listed once.
        """
        folders = ListedFolders(self.place)
        with tempfile.TemporaryFile() as file:
            with gzip.open(file, "wt", 1, encoding="utf-8", errors="surrogatepass") as out:
                for entry in images_below(self.place, left_out, seen=folders.add):
                    out.write(f"{json.dumps([entry.name, entry.size, entry.version])}\n")
            layout = None
            try:
                layout = folders.layout()
            except UsageError as error:
                self.remarks.append((LAYOUT, f"{error.message} {error.hint}"))
            if layout is not None:
                odd = left_out[ODD]
                left_out.clear()
                left_out.update(layout.left_out)
                left_out += Counter({ODD: odd})
                self.remarks += [(UNDERSTOOD, note) for note in layout.notes]
            file.seek(0)
            with gzip.open(file, "rt", encoding="utf-8", errors="surrogatepass") as lines:
                for line in lines:
                    entry = Entry(*json.loads(line))
                    said = (None, None) if layout is None else layout.of(entry.name)
                    if said is not None:
                        yield _row(entry, *said)

    def read(self, row: Row) -> bytes:
        """Return a picture's bytes.

        Raises:
            ImageError: It has vanished, or is too large.
            StorageError: It can't be read, or was replaced.
        """
        return read_image(self.place / row.path, row)


def _row(entry: Entry, label: str | None, split: str | None) -> Row:
    return Row(entry.name, label, split, size=entry.size, version=entry.version or None)


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
