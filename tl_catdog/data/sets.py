"""A data set ready to train on: every picture with its split, class and content hash."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from tl_catdog.data.digest import UNREADABLE, content_key, file_digest, file_digests, fingerprint
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION, scan
from tl_catdog.errors import CatdogError, UsageError, listing


@dataclass(frozen=True, slots=True)  # there may be very many
class Example:
    """A picture with its role; ``digest`` is its bytes' SHA-256, ``name`` its path in the set."""

    path: Path
    name: str
    label: str
    split: str
    digest: str


@dataclass(frozen=True)
class PictureSet:
    """Labelled pictures in named splits; what a run is trained and evaluated on."""

    root: Path
    layout: str
    classes: tuple[str, ...]
    examples: tuple[Example, ...]
    ignored: dict[str, int] = field(default_factory=dict)
    drawn: bool = False

    @cached_property
    def fingerprint(self) -> str:
        """Equal for two sets when the same pictures have the same splits and classes."""
        return fingerprint(
            (example.split, example.label, example.digest) for example in self.examples
        )

    @property
    def name(self) -> str:
        """A short name to show: the folder's own."""
        return "drawings" if self.drawn else self.root.resolve().name

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that hold pictures, in order of first appearance."""
        return tuple(dict.fromkeys(example.split for example in self.examples))

    def split(self, name: str) -> tuple[Example, ...]:
        """Return one split's pictures.

        Raises:
            UsageError: There is no such split.
        """
        chosen = tuple(example for example in self.examples if example.split == name)
        if not chosen:
            raise UsageError(
                f"expected one of the splits {listing(self.splits)}, found {name!r}.",
                f"Type: --split {self.splits[0]}",
            )
        return chosen

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of pictures per split and class."""
        counted = Counter((example.split, example.label) for example in self.examples)
        return {
            split: {label: counted[split, label] for label in self.classes} for split in self.splits
        }

    def leaks(self) -> tuple[Example, ...]:
        """Return the pictures outside of ``train`` of which ``train`` holds an identical copy."""
        seen = {example.digest for example in self.examples if example.split == TRAIN}
        return tuple(
            example
            for example in self.examples
            if example.split != TRAIN and example.digest in seen - {UNREADABLE}
        )


def load_set(root: Path, *, drawn: bool = False) -> PictureSet:
    """Scan a folder as it is, hashing every picture; an unsplit one has the split ``all``.

    Raises:
        UsageError: See ``folders.scan``.
    """
    folder = scan(root)
    pictures = [(split, picture) for split, members in folder.splits.items() for picture in members]
    digests = file_digests(picture.path for _, picture in pictures)
    examples = [
        Example(picture.path, picture.name, picture.label, split, digest)
        for (split, picture), digest in zip(pictures, digests, strict=True)
    ]
    return PictureSet(
        folder.root, folder.layout, folder.classes, tuple(examples), folder.ignored, drawn
    )


def load_training_set(
    root: Path,
    *,
    seed: int = 0,
    validation_fraction: float = 0.2,
    test_fraction: float = 0.0,
    split_file: Path | None = None,
    drawn: bool = False,
) -> PictureSet:
    """Scan a folder and split it where it isn't split: stratified, seeded, copies together.

    A folder with ``train`` but no validation gives up a part of ``train``. A file of
    ``splitting.split_set`` goes before whatever splits the folder has.

    Args:
        root: The folder.
        seed: Which split; the same seed and pictures always give the same one.
        validation_fraction: Part of each class, 0..1 exclusive, for validation.
        test_fraction: Part of each class, 0..1, for the test; only for a folder without splits.
        split_file: Which picture belongs to which split, as ``to_csv`` writes it.
        drawn: Whether the program drew these pictures.

    Raises:
        UsageError: See ``folders.scan``; or a class is too small to be split; or the file is none.
        CatdogError: Pictures that the file names are gone or have changed.
    """
    loaded = load_set(root, drawn=drawn)
    if split_file is not None:
        from tl_catdog.data.splitting import apply_split

        return apply_split(loaded, split_file)
    if VALIDATION in loaded.splits:
        return loaded
    source = UNSPLIT if UNSPLIT in loaded.splits else TRAIN
    parts = {VALIDATION: validation_fraction}
    if source == UNSPLIT and test_fraction:
        parts[TEST] = test_fraction
    examples = assign_splits(loaded.split(source), parts, seed)
    kept = [example for example in loaded.examples if example.split != source]
    check_split(examples, loaded.classes, root, (TRAIN, *parts))
    layout = f"{loaded.layout}, split by seed {seed}"
    return replace(loaded, layout=layout, examples=tuple(examples + kept))


def assign_splits(
    examples: Sequence[Example],
    parts: dict[str, float],
    seed: int,
    copies: Sequence[int] | None = None,
) -> list[Example]:
    """Give each picture a split: ``parts`` of every class, the rest to ``train``.

    Byte-identical pictures stay together, also when they bear different labels. Which pictures go
    where depends on their content and the seed alone, so renaming or moving them changes nothing.

    Args:
        examples: The pictures, of any split.
        parts: Split → the part of each class it gets, 0..1.
        seed: Which of the many possible splits.
        copies: A number for each picture; those with the same stay together as well. A group that
            fits into no other split goes to ``train``.

    Returns:
        The same pictures, in the same order, with ``split`` set.
    """
    groups: dict[str, list[int]] = {}
    for index, key in enumerate(_keys(examples, copies)):
        groups.setdefault(key, []).append(index)
    per_class = Counter(example.label for example in examples)
    # At least one of each class, never all of them.
    open_places = {
        (split, label): min(max(1, round(part * count)), max(count - 1, 0)) if part else 0
        for split, part in parts.items()
        for label, count in per_class.items()
    }
    chosen: dict[int, str] = {}
    for key in sorted(groups, key=lambda key: _rank(seed, key)):
        members = groups[key]
        label = examples[members[0]].label
        split = next((name for name in parts if open_places[name, label] >= len(members)), TRAIN)
        for index in members:
            chosen[index] = split
        if split != TRAIN:
            open_places[split, label] -= len(members)
    return [replace(example, split=chosen[index]) for index, example in enumerate(examples)]


def _keys(examples: Sequence[Example], copies: Sequence[int] | None) -> list[str]:
    """Return a key for each picture that is equal for those that stay together."""
    keys = [content_key(example.digest, example.name) for example in examples]
    if copies is None:
        return keys
    least: dict[int, str] = {}
    for key, group in zip(keys, copies, strict=True):
        least[group] = min(key, least.get(group, key))
    return [least[group] for group in copies]


def _rank(seed: int, key: str) -> str:
    return fingerprint([(str(seed), "split", key)])


def check_split(
    examples: Sequence[Example], classes: Sequence[str], root: Path, splits: Sequence[str]
) -> None:
    """Make sure that each of some splits has pictures of every class.

    Raises:
        UsageError: One has none.
    """
    counted = Counter((example.split, example.label) for example in examples)
    for split in splits:
        for label in classes:
            if not counted[split, label]:
                total = sum(counted[name, label] for name in splits)
                raise UsageError(
                    f"expected enough different pictures of {label!r} for "
                    f"{listing(splits)}, found {total} in {root}.",
                    f"Add pictures of {label!r}, or type: ls {root}",
                )


COLUMNS = ("split", "label", "sha256", "name")


def to_csv(pictures: PictureSet) -> str:
    """Return the pictures as CSV: split, label, SHA-256 and path inside the data folder."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # so that names with a return are quoted
    writer.writerow(COLUMNS)
    for example in pictures.examples:
        writer.writerow((example.split, example.label, example.digest, example.name))
    return out.getvalue()


def from_csv(text: str, root: Path, classes: tuple[str, ...], *, drawn: bool) -> PictureSet:
    """Restore what ``to_csv`` wrote; ``check_unchanged`` tells whether the files still are so."""
    examples = []
    for row in csv.DictReader(io.StringIO(text, newline="")):
        path = root / row["name"]
        examples.append(Example(path, row["name"], row["label"], row["split"], row["sha256"]))
    return PictureSet(root, "as trained", classes, tuple(examples), drawn=drawn)


def check_unchanged(examples: Sequence[Example]) -> None:
    """Make sure that the files still are the pictures they were when they were hashed.

    Raises:
        CatdogError: A picture is gone or its bytes differ.
    """
    for example in examples:
        if file_digest(example.path) != example.digest:
            state = "changed" if example.path.exists() else "gone"
            raise CatdogError(
                f"expected the pictures that the run was trained with, found one {state}: "
                f"{example.path}.",
                "Name the folder to evaluate: --data DIR",
            )
