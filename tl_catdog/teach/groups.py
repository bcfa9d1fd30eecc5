"""Which pictures of a folder belong together: bursts, copies, near-copies, as pictures come.

Each new picture is compared with those that are known, by the steps of ``audit/near_duplicates``:
the likeliest few by their low frequencies, then laid over each other, then square by square.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tl_catdog.audit.candidates import (
    CANDIDATES,
    LIKELY,
    WINDOW_PAIRS,
    WINDOWS,
    Floats,
    Traits,
    descriptors,
)
from tl_catdog.audit.inspection import inspect
from tl_catdog.audit.likeliest import Candidates
from tl_catdog.audit.lists import Integers, alike
from tl_catdog.audit.near_duplicates import PAIRS, Pair, compared, grouped, stricter
from tl_catdog.audit.thumbnails import Thumbnails, colour_thumbnail
from tl_catdog.data.digest import content_key
from tl_catdog.data.groups import united
from tl_catdog.data.images import Pixels
from tl_catdog.data.parallel import map_threaded
from tl_catdog.teach.compared import WIDTH, Compared
from tl_catdog.teach.items import Item
from tl_catdog.teach.table import Found

_United = tuple[list[tuple[str, str, str]], int, dict[str, str], list[tuple[int, int]]]

FIRST = 512  # pictures that there is room for at first; it doubles
BROKEN = "it can't be read"
FEW, PART = 64, 8  # new pictures, or that part of those known, from which they are kept meanwhile


class Groups:
    """Copies among the pictures of a folder; used by one thread.

    Takes 16 KB a picture on the disk of the cache, and 4 KB of memory.

    Args:
        known: What an earlier process found; its pictures are decoded only where new ones may be
            copies of them.
    """

    def __init__(self, known: Compared | None = None) -> None:
        self._rows: dict[str, int] = {}
        self._items: list[Item | None] = []  # where each is; None of what was known before
        self._broken: dict[str, str] = {}
        self._pairs: dict[tuple[int, int], Pair] = {}
        self._thumbnails = Thumbnails(FIRST)
        self._room = FIRST
        self._windows: Floats = np.zeros((len(WINDOWS), FIRST, WIDTH), np.float32)
        self._drawn: set[int] = set()
        self._kept = 0
        self._united: _United | None = None
        if known is not None:
            self._take(known)

    def _take(self, known: Compared) -> None:
        count = self._kept = len(known.digests)
        while self._room < count:
            self._room *= 2
        self._thumbnails = Thumbnails(self._room)
        self._windows = np.zeros((len(WINDOWS), self._room, WIDTH), np.float32)
        self._windows[:, :count] = known.windows
        self._rows = {digest: row for row, digest in enumerate(known.digests)}
        self._items = [None] * count
        self._pairs = {(pair.first, pair.second): pair for pair in known.pairs}

    def kept(self, items: Sequence[Item], *, ending: bool = False) -> Compared | None:
        """Return what is to be kept of the pictures of a folder; None where little of it is new.

        Args:
            items: All pictures of the folder.
            ending: Whether this is the last time, so that any new one counts.
        """
        new = len(self._rows) - self._kept
        if not new or (not ending and new < max(FEW, self._kept // PART)):
            return None
        self._kept = len(self._rows)
        here = {item.sha256 for item in items}
        rows = {row: digest for digest, row in self._rows.items() if digest in here}
        place = {row: number for number, row in enumerate(rows)}
        pairs = [
            Pair(place[pair.first], place[pair.second], pair.score, pair.mirrored)
            for pair in self._pairs.values()
            if pair.first in place and pair.second in place
        ]
        return Compared(list(rows.values()), self._windows[:, list(rows)], pairs)

    def unknown(self, items: Sequence[Item]) -> list[Item]:
        """Return those pictures that weren't looked at yet, each content once."""
        self._find(items)
        new = {
            item.sha256: item
            for item in items
            if item.sha256 and item.sha256 not in self._rows and item.sha256 not in self._broken
        }
        return list(new.values())

    def look(self, items: Sequence[Item]) -> bool:
        """Look at pictures, and compare them with those known; return whether that told anything.

        Those that were moved or changed meanwhile are passed over, and unknown as before.

        Args:
            items: Some of those that are ``unknown``, some hundreds at most.
        """
        start, broken = len(self._rows), len(self._broken)
        looked = map_threaded(inspect, [item.path for item in items])
        for item, seen in zip(items, looked, strict=True):
            if seen.digest != item.sha256:
                continue
            if seen.thumbnail is None:
                self._broken[item.sha256] = seen.remarks[0][1] if seen.remarks else BROKEN
                continue
            row = self._rows[item.sha256] = len(self._rows)
            self._items.append(item)
            self._make_room(row)
            self._drawn.add(row)
            self._thumbnails.write(row, seen.thumbnail, seen.side)
            pixels = seen.thumbnail[None].astype(np.float32)
            for window in range(len(WINDOWS)):
                self._windows[window, row] = descriptors(pixels, window)[0]
        pairs = len(self._pairs)
        if start < len(self._rows) > 1:
            with threadpool_limits(1, "blas"):
                self._compare(start)
        return len(self._broken) > broken or len(self._pairs) > pairs

    def _make_room(self, row: int) -> None:
        if row < self._room:
            return
        old, room = self._thumbnails, 2 * self._room
        self._thumbnails = Thumbnails(room)
        for position in sorted(self._drawn):
            pixels = old.pixels.read(np.array([position]))[0]
            self._thumbnails.write(position, pixels, int(old.sides[position]))
        windows = np.zeros((len(WINDOWS), room, WIDTH), np.float32)
        windows[:, : self._room] = self._windows
        self._windows, self._room = windows, room

    def _compare(self, start: int) -> None:
        """Compare pictures from a row on with all before them, and with each other."""
        found = self._candidates(start)
        ends = found.first.tolist(), found.second.tolist()
        self._draw({row for some in ends for row in some} - self._drawn)
        drawn = [
            one in self._drawn and other in self._drawn for one, other in zip(*ends, strict=True)
        ]
        order = np.flatnonzero(drawn)
        chosen = np.arange(len(self._rows))
        for at in range(0, len(order), PAIRS):
            part = order[at : at + PAIRS]
            for pair in compared(self._thumbnails, chosen, found, part, self._colours):
                key = pair.first, pair.second
                if key not in self._pairs or self._pairs[key].score < pair.score:
                    self._pairs[key] = pair

    def _draw(self, rows: set[int]) -> None:
        """Decode pictures that an earlier process has compared; not those that are gone."""
        some = sorted(rows)
        shas = {row: sha for sha, row in self._rows.items()}
        looked = map_threaded(inspect, [self._path(row) for row in some])
        for row, seen in zip(some, looked, strict=True):
            if seen.thumbnail is not None and seen.digest == shas[row]:
                self._thumbnails.write(row, seen.thumbnail, seen.side)
                self._drawn.add(row)

    def _find(self, items: Sequence[Item]) -> None:
        """Take note where pictures are now."""
        for item in items:
            if (row := self._rows.get(item.sha256)) is not None:
                self._items[row] = item

    def _path(self, row: int) -> Path:
        item = self._items[row]
        return Path() if item is None else item.path

    def _colours(self, row: int) -> Pixels | None:
        return colour_thumbnail(self._path(row))

    def _candidates(self, start: int) -> Candidates:
        """Return the likeliest few for each picture from a row on, as either one of a pair."""
        count = len(self._rows)
        whole = self._windows[0, :count]
        told: list[tuple[npt.NDArray[np.float64], ...]] = []
        for window in range(len(WINDOWS)):
            plain = self._windows[window, :count]
            traits = Traits.of(plain)
            theirs = traits.without(plain)
            for pair, (own, other) in enumerate(WINDOW_PAIRS):
                if other == window:
                    queries = theirs if own == other else traits.without(whole)
                    told.append(_likeliest(queries, theirs, start, pair, turned=False))
                    if own != other:
                        told.append(_likeliest(queries, theirs, start, pair, turned=True))
        new, known, likeness, pairs, mirrored, turned = map(np.concatenate, zip(*told, strict=True))
        order = np.lexsort((pairs, -likeness, known, new))
        order = order[_begins(new[order], known[order])]
        order = order[np.lexsort((known[order], -likeness[order], new[order]))]
        begins = np.flatnonzero(_begins(new[order]))
        rank = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order)))
        order = order[rank < CANDIDATES]
        ends = new[order].astype(np.int64), known[order].astype(np.int64)
        swapped = turned[order] > 0
        return Candidates(
            np.where(swapped, ends[1], ends[0]),
            np.where(swapped, ends[0], ends[1]),
            likeness[order].astype(np.float32),
            pairs[order].astype(np.int64),
            mirrored[order] > 0,
        )

    def found(self, items: Sequence[Item]) -> Found:
        """Return what is known of pictures: groups, copies, those that can't be read.

        Args:
            items: All pictures of the folder.
        """
        self._find(items)
        seen = [(item.id, item.sha256 or item.place, item.burst) for item in items]
        if self._united is None or self._united[:2] != (seen, len(self._rows)):
            self._united = seen, len(self._rows), *self._unite(items)
        _, _, named, near = self._united
        known = {*self._rows, *self._broken}
        return Found(named, self._copies(items, near), dict(self._broken), known)

    def _unite(self, items: Sequence[Item]) -> tuple[dict[str, str], list[tuple[int, int]]]:
        """Return the group of each picture, by id, and which are copies, by their positions.

        Neither depends on classes: it takes 0.1 s for 10,000 pictures, and not at each label.
        """
        places: dict[str, int] = {}
        for place, item in enumerate(items):
            places.setdefault(item.sha256, place)
        here = {row: places[sha] for sha, row in self._rows.items() if sha in places}
        kept = [pair for pair in self._pairs.values() if pair.first in here and pair.second in here]
        near = stricter(sorted(kept, key=lambda pair: (pair.first, pair.second)), len(here))
        links = [(here[pair.first], here[pair.second]) for pair in near.pairs]
        groups = united(
            [content_key(item.sha256, item.place) for item in items],
            [f"burst {item.burst}" if item.burst else "" for item in items],
            grouped(len(items), links) if items else [],
        )
        named = {item.id: group for item, group in zip(items, groups, strict=True)}
        return named, [(here[pair.first], here[pair.second]) for pair in near.copies]

    def _copies(self, items: Sequence[Item], near: Sequence[tuple[int, int]]) -> dict[str, str]:
        """Return what each picture is a copy of: of another class if it can be."""
        same: dict[str, list[Item]] = {}
        for item in items:
            if item.sha256:
                same.setdefault(item.sha256, []).append(item)
        found: dict[str, str] = {}
        ends = [(one, other) for some in same.values() for one, other in pairwise(some)]
        ends += [(items[one], items[other]) for one, other in near]
        ends.sort(key=lambda pair: pair[0].label == pair[1].label)
        for one, other in ends:
            found.setdefault(one.id, other.id)
            found.setdefault(other.id, one.id)
        return found


def _likeliest(
    queries: Floats, theirs: Floats, start: int, pair: int, *, turned: bool
) -> tuple[npt.NDArray[np.float64], ...]:
    """Return the likeliest of all for each picture from a row on, by one pair of windows.

    Args:
        queries: What is compared of each picture, (N, 2 F).
        theirs: With what of each, (N, 2 F).
        start: The first row of the new pictures.
        pair: Which pair of windows it is.
        turned: Whether the new ones are what others are compared with.

    Returns:
        The new picture, the other, their cosine, the pair, whether mirrored, whether turned; (P,).
    """
    one, other = (theirs, queries) if turned else (queries, theirs)
    found = alike(one[start:], other)
    rows = np.arange(len(found))
    found[rows, rows + start] = -1.0  # itself
    most = min(CANDIDATES, found.shape[1])
    best: Integers = np.argpartition(-found, most - 1, axis=1)[:, :most]
    likeness = np.take_along_axis(found, best, 1)
    row, slot = np.nonzero(likeness >= LIKELY)
    known = best[row, slot]
    half = one.shape[1] // 2
    odd = np.einsum("ij,ij->i", one[start + row, half:], other[known, half:])
    full = np.full(len(row), float(pair)), odd < 0, np.full(len(row), turned)
    values = start + row, known, likeness[row, slot], *full
    return tuple(np.asarray(value, np.float64) for value in values)


def _begins(*keys: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which rows of sorted keys, each (P,), are the first of their kind."""
    found = np.ones(len(keys[0]), np.bool_)
    found[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return found
