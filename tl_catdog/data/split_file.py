"""Which picture is in which split, as a CSV file: written, read, applied and checked."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tl_catdog.data.digest import content_key, file_digest
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import SPLITS, TRAIN, VALIDATION
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.files import read_text


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
                check_groups(examples, (label,), root, len(splits))
                raise UsageError(
                    f"expected enough different pictures of {label!r} for "
                    f"{listing(splits)}, found {total} in {root}.",
                    f"Add pictures of {label!r}, or type: ls {root}",
                )


def check_groups(
    examples: Sequence[Example], classes: Sequence[str], root: Path, least: int
) -> None:
    """Make sure that the pictures of each class are of enough groups; copies alone are no matter.

    Raises:
        UsageError: Those of one aren't.
    """
    for label in classes:
        mine = [example for example in examples if example.label == label]
        groups = len({example.group for example in mine})
        different = len({content_key(example.digest, example.name) for example in mine})
        if groups < min(least, different):
            raise UsageError(
                f"expected pictures of {label!r} of {least} groups or more, so that one can be "
                f"judged by another, found {len(mine):,} of {groups} in {root}, such as "
                f"{mine[0].name}.",
                f"Add pictures of {label!r} of another group, ask for fewer splits, or choose "
                "another --group-by",
            )


COLUMNS = ("split", "label", "sha256", "name")
GROUP = "group"


def to_csv(images: ImageSet) -> str:
    """Return the pictures as CSV: split, label, SHA-256 and path inside the data folder.

    Where groups are more than identical pictures, there is a column of them, too.
    """
    groups = [
        "" if example.group == content_key(example.digest, example.name) else example.group
        for example in images.examples
    ]
    grouped = any(groups)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # so that names with a return are quoted
    writer.writerow((*COLUMNS, GROUP) if grouped else COLUMNS)
    for example, group in zip(images.examples, groups, strict=True):
        row = (example.split, example.label, example.digest, example.name)
        writer.writerow((*row, group) if grouped else row)
    return out.getvalue()


def from_csv(text: str, root: Path, classes: tuple[str, ...], *, drawn: bool) -> ImageSet:
    """Restore what ``to_csv`` wrote; ``check_unchanged`` tells whether the files still are so."""
    examples = []
    for row in csv.DictReader(io.StringIO(text, newline="")):
        name, group = row["name"], row.get(GROUP) or ""
        example = Example(root / name, name, row["label"], row["split"], row["sha256"], group)
        examples.append(example)
    return ImageSet(root, "as trained", classes, tuple(examples), drawn=drawn)


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


def apply_split(loaded: ImageSet, file: Path) -> ImageSet:
    """Give the pictures of a folder the splits that a file says, by their content.

    Pictures may have been renamed or moved since. Those that the file doesn't know are left out.

    Raises:
        UsageError: The file can't be read, or is of another kind.
        CatdogError: A picture that it names is gone or has changed.
    """
    rows = _rows(file)
    by_digest: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_digest[content_key(row["sha256"], row["name"])].append(row)
    examples, unknown, seen = [], 0, set[str]()
    for example in loaded.examples:
        key = content_key(example.digest, example.name)
        known = by_digest.get(key)
        if not known:
            unknown += 1
            continue
        seen.add(key)
        # Identical pictures may stand in several rows; the one of the same name is meant.
        row = next((row for row in known if row["name"] == example.name), known[0])
        # Groups that are asked for now go before those of the file.
        group = example.group if loaded.grouping else row.get(GROUP) or example.group
        examples.append(replace(example, split=row["split"], group=group))
    missing = [row["name"] for row in rows if content_key(row["sha256"], row["name"]) not in seen]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise CatdogError(
            f"expected the pictures of {file} in {loaded.root}, found {missing[0]}{more} "
            "gone or changed.",
            f"Put them back, or split anew: tl-catdog data split {loaded.root}",
        )
    check_split(examples, loaded.classes, loaded.root, (TRAIN, VALIDATION))
    ignored = dict(loaded.ignored)
    if unknown:
        ignored[f"pictures that {file.name} doesn't name"] = unknown
    return replace(
        loaded, layout=f"split by {file.name}", examples=tuple(examples), ignored=ignored
    )


def _rows(file: Path) -> list[dict[str, str]]:
    """Read a split file."""
    hint = "Type: tl-catdog data split DIR"
    try:
        text = read_text(file)
    except OSError as error:
        raise UsageError(
            f"expected a split file, found {file}, which can't be read ({error.strerror}).", hint
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) not in (COLUMNS, (*COLUMNS, GROUP)):
        found = listing(reader.fieldnames or ())
        raise UsageError(f"expected the columns {listing(COLUMNS)} in {file}, found {found}.", hint)
    rows = list(reader)
    for number, row in enumerate(rows, 2):
        if None in row.values() or row["split"] not in SPLITS:
            raise UsageError(
                f"expected one of {listing(SPLITS)} in line {number} of {file}, "
                f"found {row['split']!r}.",
                hint,
            )
    return rows
