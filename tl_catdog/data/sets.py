"""A data set ready to train on: every picture with its split, class and content hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tl_catdog.data.digest import content_key, file_digests, fingerprint
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION, scan
from tl_catdog.data.split_file import check_split


def load_set(root: Path, *, drawn: bool = False) -> ImageSet:
    """Scan a folder as it is, hashing every picture; an unsplit one has the split ``all``.

    Raises:
        UsageError: See ``folders.scan``.
    """
    folder = scan(root)
    images = [(split, image) for split, members in folder.splits.items() for image in members]
    digests = file_digests(image.path for _, image in images)
    examples = [
        Example(image.path, image.name, image.label, split, digest)
        for (split, image), digest in zip(images, digests, strict=True)
    ]
    return ImageSet(
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
) -> ImageSet:
    """Scan a folder and split it where it isn't split: stratified, seeded, copies together.

    A folder with ``train`` but no validation gives up a part of ``train``. A file of
    ``audit.split.split_set`` goes before whatever splits the folder has.

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
        from tl_catdog.data.split_file import apply_split

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
        copies: A group for each picture; those of the same group stay together as well. A group
            that fits into no other split goes to ``train``.

    Returns:
        The same pictures, in the same order, with ``split`` set.

    >>> pictures = [Example(Path(d), d, "cats", "all", digest=d) for d in "abcad"]
    >>> [picture.split for picture in assign_splits(pictures, {"validation": 0.4}, seed=0)]
    ['validation', 'train', 'train', 'validation', 'train']
    """
    groups: dict[str, list[int]] = {}
    for index, key in enumerate(_keys(examples, copies)):
        groups.setdefault(key, []).append(index)
    per_class = Counter(example.label for example in examples)
    # How many more pictures each split takes: at least one of each class, never all of them.
    remaining = {
        (split, label): min(max(1, round(part * count)), max(count - 1, 0)) if part else 0
        for split, part in parts.items()
        for label, count in per_class.items()
    }
    chosen: dict[int, str] = {}
    for key in sorted(groups, key=lambda key: _rank(seed, key)):
        members = groups[key]
        label = examples[members[0]].label
        split = next((name for name in parts if remaining[name, label] >= len(members)), TRAIN)
        for index in members:
            chosen[index] = split
        if split != TRAIN:
            remaining[split, label] -= len(members)
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
