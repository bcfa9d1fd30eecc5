"""How archives are laid out: which file becomes which ``[<split>/]<class>/<file>``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tl_catdog.errors import CatdogError
from tl_catdog.fetch.archive import Bounds, read_texts

CLASSES = {"cat": "cats", "dog": "dogs"}
"""A kind, as archives name it, and the class it becomes: the framework tutorial's names."""

IMAGES = frozenset({".jpg", ".jpeg"})

PathOf = Callable[[str], str | None]
"""A member's name → its path in the set's folder, or None to leave it out."""


@dataclass(frozen=True)
class Plan:
    """Which archive holds the pictures, and each one's path in the set's folder."""

    archive: Path
    path_of: PathOf


Layout = Callable[[Sequence[Path], Bounds], Plan]
"""Called with the set's archives, in the catalogue's order; returns the plan.

Raises CatdogError where an archive isn't laid out like that."""


def by_name(pattern: str) -> Layout:
    """Return the layout of an archive whose members' names tell split and class.

    Args:
        pattern: A regular expression for a whole name, with the groups ``label``, ``file`` and,
            if the set is split, ``split``.
    """
    compiled = re.compile(pattern)

    def path_of(name: str) -> str | None:
        match = compiled.fullmatch(name)
        if match is None or not is_image(match["file"]):
            return None
        parts = match.groupdict()
        label = CLASSES[parts["label"].lower()]
        return "/".join(filter(None, (parts.get("split"), label, parts["file"])))

    return lambda archives, bounds: Plan(archives[0], path_of)


def is_image(name: str) -> bool:
    """Return whether a file is named like a picture."""
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in IMAGES


LISTS = {"annotations/trainval.txt": "train", "annotations/test.txt": "test"}
SPECIES = {"1": "cats", "2": "dogs"}


def oxford(archives: Sequence[Path], bounds: Bounds) -> Plan:
    """Return the layout of Oxford-IIIT Pet: its lists of annotations give split and species.

    Raises:
        CatdogError: The lists are missing or are not what they should be.
    """
    images, annotations = archives
    texts = read_texts(annotations, LISTS, bounds)
    paths: dict[str, str] = {}
    for name, split in LISTS.items():
        for line in texts[name].splitlines():
            fields = line.split()
            if not fields or line.startswith("#"):
                continue
            if len(fields) != 4 or fields[2] not in SPECIES or "/" in fields[0]:
                raise CatdogError(
                    f"expected lines of name, class, species (1 or 2) and breed in {name} of "
                    f"{annotations.name}, found {line[:60]!r}.",
                    "Get the archive anew.",
                )
            paths[f"images/{fields[0]}.jpg"] = f"{split}/{SPECIES[fields[2]]}/{fields[0]}.jpg"
    return Plan(images, paths.get)
