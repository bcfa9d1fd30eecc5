"""The files of a folder by their names: what is kept of very many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload


class Paths(Sequence[Path]):
    """Files of a folder: their names are kept, a path is made when it is asked for.

    There may be a million, and a path takes five times what its name does.

    Args:
        folder: The folder.
        names: The files' names, in the order wanted.

    >>> [path.name for path in Paths(Path("a"), ["1.jpg", "2.jpg"])]
    ['1.jpg', '2.jpg']
    """

    __slots__ = ("_folder", "_names")

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._folder, self._names = folder, names

    @property
    def names(self) -> list[str]:
        """The files' names; asking for these makes no path of each, which takes longer."""
        return self._names

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> Path: ...

    @overload
    def __getitem__(self, index: slice) -> list[Path]: ...

    def __getitem__(self, index: int | slice) -> Path | list[Path]:
        if isinstance(index, slice):
            return [self._folder / name for name in self._names[index]]
        return self._folder / self._names[index]
