"""A picture with its role; very many of them in some 80 bytes each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from tl_catdog.data.columns import TOGETHER, Digests, Texts
from tl_catdog.data.digest import UNREADABLE, HashedFile, content_key

Integers = npt.NDArray[np.int64]

Column = Literal["name", "label", "split", "digest", "group"]
"""What is asked of all pictures, one after the other."""


@dataclass(frozen=True, slots=True)  # there may be very many
class Example:
    """A picture with its role.

    Attributes:
        path: Its file.
        name: Its path below the set's folder, with slashes.
        label: Its class.
        split: ``train``, ``validation``, ``test``, or ``all`` where the set isn't split.
        digest: SHA-256 of its bytes, or ``digest.UNREADABLE``.
        group: Pictures of equal groups stay together in every split and fold: those of one patient,
            animal or video, or copies. Left empty, it is the picture's content, so that
            byte-identical pictures are one group.

    >>> Example(Path("cat.jpg"), "cat.jpg", "cat", "train", "9f86d081").group
    '9f86d081'
    """

    path: Path
    name: str
    label: str
    split: str
    digest: str
    group: str = ""

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", content_key(self.digest, self.name))

    @property
    def source(self) -> HashedFile:
        """What to decode: its file, which must not have changed since it was hashed."""
        return HashedFile(self.path, self.digest)


@dataclass(frozen=True, eq=False)
class Packed(Sequence[Example]):
    """Very many pictures in columns: an ``Example`` is made when it is asked for.

    Attributes:
        root: The folder of all of them.
        names: Paths below it, of at least these pictures.
        digests: Their hashes.
        rows: Which of those the N pictures are, (N,).
        labels: Places of their classes in ``classes``, (N,).
        splits: Places of their splits in ``split_names``, (N,).
        groups: What they say of their group, or None for their content.
    """

    root: Path
    names: Texts
    digests: Digests
    rows: Integers
    labels: npt.NDArray[np.int32]
    classes: tuple[str, ...]
    splits: npt.NDArray[np.int8]
    split_names: tuple[str, ...]
    groups: npt.NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Example: ...

    @overload
    def __getitem__(self, index: slice) -> Packed: ...

    def __getitem__(self, index: int | slice) -> Example | Packed:
        if isinstance(index, slice):
            return self.taken(np.arange(len(self))[index])
        return next(iter(self.taken(np.array([range(len(self))[index]]))))

    def __iter__(self) -> Iterator[Example]:
        columns = (self.column(name) for name in ("name", "label", "split", "digest", "group"))
        for name, *values in zip(*columns, strict=True):
            yield Example(self.root / name, name, *values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(Example.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def taken(self, places: Integers) -> Packed:
        """Return some of the pictures, by their places."""
        groups = None if self.groups is None else self.groups[places]
        return replace(
            self,
            rows=self.rows[places],
            labels=self.labels[places],
            splits=self.splits[places],
            groups=groups,
        )

    def column(self, name: Column) -> Iterator[str]:
        """Yield one value of each picture; memory is that of some thousand."""
        for start in range(0, len(self), TOGETHER):
            some = slice(start, start + TOGETHER)
            if name == "label":
                yield from map(self.classes.__getitem__, self.labels[some].tolist())
            elif name == "split":
                yield from map(self.split_names.__getitem__, self.splits[some].tolist())
            elif name == "name":
                yield from self.names.at(self.rows[some])
            elif name == "group" and self.groups is not None:
                yield from self.groups[some]
            else:
                digests = self.digests.at(self.rows[some])
                if name == "group" and UNREADABLE in digests:
                    digests = list(map(content_key, digests, self.names.at(self.rows[some])))
                yield from digests

    def roles(self) -> Iterator[tuple[str, str, str]]:
        """Yield (split, label, digest) of each picture, sorted."""
        for split in sorted(set(self.split_names)):
            inside = self.splits == self.split_names.index(split)
            for label in sorted(set(self.classes)):
                spelt = [code for code, text in enumerate(self.classes) if text == label]
                rows = self.rows[inside & np.isin(self.labels, spelt)]
                ordered = self.digests.in_order(rows)
                for start in range(0, len(rows), TOGETHER):
                    for digest in self.digests.at(ordered[start : start + TOGETHER]):
                        yield split, label, digest


def column(examples: Sequence[Example], name: Column) -> Iterator[str]:
    """Yield one value of each picture."""
    if isinstance(examples, Packed):
        return examples.column(name)
    return map(attrgetter(name), examples)


class _Values(Sequence[str]):
    """A column of packed pictures: a text is made when it is asked for."""

    def __init__(self, examples: Packed, name: Column) -> None:
        self._examples, self._name = examples, name

    def __len__(self) -> int:
        return len(self._examples)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return _Values(self._examples[index], self._name)
        place = range(len(self))[index]
        return next(self._examples.taken(np.array([place])).column(self._name))

    def __iter__(self) -> Iterator[str]:
        return self._examples.column(self._name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


def values(examples: Sequence[Example], name: Column) -> Sequence[str]:
    """Return one value of each picture; of packed ones they are made as they are asked for."""
    if isinstance(examples, Packed):
        return _Values(examples, name)
    return tuple(column(examples, name))


def taken(examples: Sequence[Example], places: Integers) -> Sequence[Example]:
    """Return some of the pictures, by their places."""
    if isinstance(examples, Packed):
        return examples.taken(places)
    return tuple(examples[place] for place in places.tolist())


def joined(parts: Sequence[Sequence[Example]]) -> Sequence[Example]:
    """Return pictures one part after the other; packed where they are of the same columns."""
    packed = [part for part in parts if isinstance(part, Packed)]
    same = len({(id(part.names), part.classes, part.split_names) for part in packed}) == 1
    if len(packed) < len(parts) or not same:
        return tuple(example for part in parts for example in part)
    groups = [part.groups for part in packed if part.groups is not None]
    return replace(
        packed[0],
        rows=np.concatenate([part.rows for part in packed]),
        labels=np.concatenate([part.labels for part in packed]),
        splits=np.concatenate([part.splits for part in packed]),
        groups=np.concatenate(groups) if groups else None,
    )


def relabelled(examples: Sequence[Example], to: Mapping[str, str]) -> Sequence[Example]:
    """Return pictures of other classes; those whose class becomes nothing are left out.

    Args:
        examples: The pictures.
        to: Each of their classes → what it is then.
    """
    if isinstance(examples, Packed):
        kept = np.array([bool(to.get(label)) for label in examples.classes], np.bool_)
        found = examples.taken(np.flatnonzero(kept[examples.labels]))
        return replace(found, classes=tuple(to.get(label, "") for label in found.classes))
    return tuple(replace(item, label=to[item.label]) for item in examples if to[item.label])


def split_as(
    examples: Sequence[Example], splits: npt.NDArray[np.int8], names: tuple[str, ...]
) -> Sequence[Example]:
    """Return pictures in other splits.

    Args:
        examples: N pictures.
        splits: The places of their splits in ``names``, (N,).
        names: The splits.
    """
    if isinstance(examples, Packed):
        every = tuple(dict.fromkeys((*examples.split_names, *names)))
        places = np.array([every.index(name) for name in names], np.int8)
        return replace(examples, splits=places[splits], split_names=every)
    return [replace(item, split=names[n]) for item, n in zip(examples, splits, strict=True)]
