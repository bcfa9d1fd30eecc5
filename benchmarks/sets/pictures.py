"""Picture sets, parts of them, and folders of links to them. Nothing heavy is imported."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.data.labelling import labelled
from tl_catdog.errors import UsageError


@dataclass(frozen=True)
class Picture:
    """A file and its class."""

    path: Path
    label: str


Splits = Mapping[str, Sequence[Picture]]


@dataclass(frozen=True)
class PictureSet:
    """A set that has splits.

    Attributes:
        root: Its folder.
        classes: Sorted.
        splits: Training and validation pictures, and maybe test pictures.
    """

    root: Path
    classes: tuple[str, ...]
    splits: Splits

    @property
    def judged(self) -> str:
        """The split that networks are judged by: test, or validation where there is no test."""
        return TEST if TEST in self.splits else VALIDATION

    def counts(self) -> dict[str, int]:
        """Return how many pictures each split has."""
        return {split: len(members) for split, members in self.splits.items()}


def read_set(root: Path) -> PictureSet:
    """Read a set as every command does.

    Raises:
        UsageError: It is no set, or lacks training or validation pictures.
    """
    folder = labelled(root).folder
    splits = {
        split: tuple(Picture(item.path.resolve(), item.label) for item in members)
        for split, members in folder.splits.items()
        if split in (TRAIN, VALIDATION, TEST)
    }
    if TRAIN not in splits or VALIDATION not in splits:
        found = ", ".join(folder.splits)
        raise UsageError(f"expected train/ and validation/ in {root}, found {found}.")
    return PictureSet(root, folder.classes, splits)


def find_sets(folder: Path) -> dict[str, PictureSet]:
    """Return the sets in a folder by their names; what else is there is passed over."""
    found = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            try:
                found[entry.name] = read_set(entry)
            except UsageError:
                continue
    return found


def link(splits: Splits, folder: Path) -> Path:
    """Make a folder of links, ``folder``/<split>/<class>/; ``UNSPLIT`` has no folder of its own.

    A picture may stand in it more than once, and under another label than in its own set: its
    link is called after its position in its split.
    """
    for split, members in splits.items():
        for position, picture in enumerate(members):
            place = folder / ("" if split == UNSPLIT else split) / picture.label
            place.mkdir(parents=True, exist_ok=True)
            (place / link_name(position, picture)).symlink_to(picture.path)
    return folder


def link_name(position: int, picture: Picture) -> str:
    """Return what the link to a picture is called, its split having it at a position."""
    return f"{position:06}-{picture.path.name}"


def draw(pictures: Iterable[Picture], counts: Mapping[str, int], seed: int) -> list[Picture]:
    """Draw so many pictures of each class, or all where there are fewer."""
    shuffled = list(pictures)
    random.Random(seed).shuffle(shuffled)
    return [
        picture
        for label, count in counts.items()
        for picture in [item for item in shuffled if item.label == label][:count]
    ]


def halves(pictures: Iterable[Picture], seed: int) -> list[Picture]:
    """Draw half of each class, one picture at least. Halves of halves lie within halves."""
    pictures = list(pictures)
    counts: dict[str, int] = {}
    for picture in pictures:
        counts[picture.label] = counts.get(picture.label, 0) + 1
    return draw(pictures, {label: max(n // 2, 1) for label, n in counts.items()}, seed)


def flipped(
    pictures: Sequence[Picture], classes: Sequence[str], part: float, seed: int
) -> tuple[list[Picture], list[int]]:
    """Give some pictures another class at random.

    Returns:
        All pictures, and the positions of those that have another class now.
    """
    rng = random.Random(seed)
    chosen = sorted(rng.sample(range(len(pictures)), max(1, round(part * len(pictures)))))
    found = list(pictures)
    for position in chosen:
        truth = pictures[position]
        found[position] = Picture(
            truth.path, rng.choice([label for label in classes if label != truth.label])
        )
    return found, chosen
