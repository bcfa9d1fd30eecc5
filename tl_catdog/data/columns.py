"""Columns of what is kept of very many pictures, and an index of their names."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tl_catdog.data.digest import UNREADABLE

Integers = npt.NDArray[np.int64]

TOGETHER = 4096
"""Texts that are made at once where all of them are asked for, one after the other."""


class Texts:
    """Texts in one buffer: a million of 30 characters take 38 MB, as strings 87.

    >>> texts = Texts()
    >>> texts.add(["one", "", "zwölf"])
    >>> texts.at(np.array([2, 0]))
    ['zwölf', 'one']
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, texts: Iterable[str]) -> None:
        """Take more texts."""
        for text in texts:
            self._bytes += text.encode("utf-8", "surrogateescape")
            self._ends.append(len(self._bytes))

    def at(self, rows: Integers) -> list[str]:
        """Return some texts, by their places."""
        ends = np.frombuffer(self._ends, np.int64)
        pairs = zip(ends[rows].tolist(), ends[rows + 1].tolist(), strict=True)
        held = self._bytes
        return [held[start:end].decode("utf-8", "surrogateescape") for start, end in pairs]


class Digests:
    """SHA-256 of pictures, 33 bytes each in the place of 113.

    >>> digests = Digests()
    >>> digests.add(["ab" * 32, UNREADABLE])
    >>> digests.at(np.array([1, 0])) == [UNREADABLE, "ab" * 32]
    True
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._known = bytearray()

    def add(self, digests: Sequence[str]) -> None:
        """Take more of them: each 64 hexadecimal digits, or ``UNREADABLE``."""
        self._bytes += b"".join(bytes.fromhex(text or "0" * 64) for text in digests)
        self._known += bytes(text != UNREADABLE for text in digests)

    def at(self, rows: Integers) -> list[str]:
        """Return some of them, by their places."""
        found = np.frombuffer(self._bytes, "S32")[rows].tobytes().hex()
        texts = (found[start : start + 64] for start in range(0, len(found), 64))
        known = np.frombuffer(self._known, np.bool_)[rows].tolist()
        return [text if there else UNREADABLE for text, there in zip(texts, known, strict=True)]

    def in_order(self, rows: Integers) -> Integers:
        """Return places in the order of their texts."""
        bare = np.frombuffer(self._bytes, "S32")[rows]
        known = np.frombuffer(self._known, np.bool_)[rows]
        # Of what isn't known there are noughts, and the empty text comes before all others.
        return np.asarray(rows[np.lexsort((known, bare))], np.int64)


class Names:
    """Where each of very many names is: 16 bytes each, where a dictionary takes 100.

    Args:
        texts: The names.
        rows: Which of them count, in which order; None for all.
    """

    def __init__(self, texts: Texts | Sequence[str], rows: Integers | None = None) -> None:
        self._texts, self._rows = texts, rows
        count = len(texts) if rows is None else len(rows)
        parts = (np.arange(n, min(n + TOGETHER, count)) for n in range(0, count, TOGETHER))
        names = (name for part in parts for name in self._at(part))
        hashes = np.fromiter(map(hash, names), np.int64, count)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def places(self, names: Sequence[str]) -> Integers:
        """Return where some names are; -1 of those that aren't there.

        >>> Names(["a", "b", "c"]).places(["c", "d", "a"]).tolist()
        [2, -1, 0]
        """
        wanted = np.fromiter(map(hash, names), np.int64, len(names))
        at = np.searchsorted(self._hashes, wanted)
        found = np.full(len(names), -1, np.int64)
        asked = np.arange(len(names))
        while len(asked):  # again only for another name of the same hash
            asked = asked[at[asked] < len(self._hashes)]
            asked = asked[self._hashes[at[asked]] == wanted[asked]]
            here = self._order[at[asked]]
            same = [names[one] == text for one, text in zip(asked, self._at(here), strict=True)]
            right = np.array(same, np.bool_)
            found[asked[right]] = here[right]
            asked = asked[~right]
            at[asked] += 1
        return found

    def twice(self) -> str | None:
        """Return a name that is there twice; None where there is none.

        >>> Names(["a", "b", "a"]).twice(), Names(["a", "b"]).twice()
        ('a', None)
        """
        alike = np.flatnonzero(self._hashes[1:] == self._hashes[:-1])
        near = np.unique(np.concatenate([alike, alike + 1]))
        seen = set[str]()
        for name in self._at(self._order[near]):
            if name in seen:
                return name
            seen.add(name)
        return None

    def _at(self, places: Integers) -> list[str]:
        rows = places if self._rows is None else self._rows[places]
        if isinstance(self._texts, Texts):
            return self._texts.at(rows)
        return [self._texts[row] for row in rows.tolist()]
