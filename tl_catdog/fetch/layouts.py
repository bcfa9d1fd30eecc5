"""Where the files of each archive go: ``[<split>/]<class>/<file>``, and what is left out."""

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

Place = Callable[[str], str | None]
"""A member's name → its path in the published folder, or None to leave it out."""


@dataclass(frozen=True)
class Plan:
    """Which archive holds the pictures, and where each goes."""

    archive: Path
    place: Place


Layout = Callable[[Sequence[Path], Bounds], Plan]
"""Makes the plan from the set's archives, which are in the catalogue's order."""


def by_name(pattern: str) -> Layout:
    """Return the layout of an archive whose members' names say all.

    Args:
        pattern: Has the groups ``label``, ``file`` and, if the set is split, ``split``.
    """
    compiled = re.compile(pattern)

    def place(name: str) -> str | None:
        match = compiled.fullmatch(name)
        if match is None or not is_image(match["file"]):
            return None
        parts = match.groupdict()
        label = CLASSES[parts["label"].lower()]
        return "/".join(filter(None, (parts.get("split"), label, parts["file"])))

    return lambda archives, bounds: Plan(archives[0], place)


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
    places: dict[str, str] = {}
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
            places[f"images/{fields[0]}.jpg"] = f"{split}/{SPECIES[fields[2]]}/{fields[0]}.jpg"
    return Plan(images, places.get)
