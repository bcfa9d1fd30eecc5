"""Which picture is in which split, as a CSV file: written, read, applied and checked."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath

from tl_catdog.data.digest import content_key, file_digest
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import SPLITS, TRAIN, VALIDATION
from tl_catdog.data.packed import Column, column
from tl_catdog.data.reading import read_file
from tl_catdog.errors import CatdogError, UsageError, listing, shortened, shown
from tl_catdog.spreadsheets import defused, restored


def check_split(
    examples: Sequence[Example], classes: Sequence[str], root: Path, splits: Sequence[str]
) -> None:
    """Make sure that each of some splits has pictures of every class.

    Raises:
        UsageError: One has none.
    """
    counted = Counter(zip(column(examples, "split"), column(examples, "label"), strict=True))
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
SPLIT_FILE = "split.csv"
DIGEST = re.compile("[0-9a-f]{64}|")
"""Of a picture; of one that couldn't be read there is none."""
LONGEST_NAME = 4096  # characters: as long as paths get


def to_csv(images: ImageSet, *, for_people: bool = False) -> str:
    """Return the pictures as CSV; see ``csv_of``."""
    return "".join(csv_of(images, for_people=for_people))


def csv_of(images: ImageSet, *, for_people: bool = False) -> Iterator[str]:
    """Yield the pictures as CSV: split, label, SHA-256 and path inside the data folder.

    Where groups are more than identical pictures, there is a column of them, too.

    Args:
        images: The pictures.
        for_people: Whether no cell may be a formula in a spreadsheet; ``apply_split`` reads both.
    """
    shield = defused if for_people else str
    names: tuple[Column, ...] = ("split", "label", "digest", "name", "group")
    grouped = any(
        group != content_key(digest, name) for *_, digest, name, group in _rows_of(images, names)
    )
    rows = (
        (*row, "" if group == content_key(*row[2:]) else group) if grouped else row
        for *row, group in _rows_of(images, names)
    )
    yield from csv_lines((*COLUMNS, GROUP) if grouped else COLUMNS, rows, shield)


def _rows_of(images: ImageSet, names: Sequence[Column]) -> Iterator[tuple[str, ...]]:
    return zip(*(column(images.examples, name) for name in names), strict=True)


def csv_lines(
    header: Iterable[str], rows: Iterable[Iterable[str]], shield: Callable[[str], str] = str
) -> Iterator[str]:
    """Yield a table as text, a line at a time."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # so that names with a return are quoted
    writer.writerow(header)
    for row in rows:
        yield out.getvalue()
        out.seek(0)
        out.truncate()
        writer.writerow(map(shield, row))
    yield out.getvalue()


def from_csv(
    text: str, root: Path, classes: tuple[str, ...], *, drawn: bool, file: Path | None = None
) -> ImageSet:
    """Restore what ``to_csv`` wrote; ``check_unchanged`` tells whether the files still are so.

    Args:
        text: The table.
        root: The folder that its names are in.
        classes: Those that pictures may have.
        drawn: Whether the pictures are drawings.
        file: Where the table is from, for errors.

    Raises:
        CatdogError: It isn't such a table: a split, class, hash or name is none, or stands twice.
    """
    examples: dict[str, Example] = {}
    known = set(classes)
    place = SPLIT_FILE if file is None else str(file)
    try:
        for number, row in enumerate(_table(text), 2):
            name = row["name"]
            check_name(name)
            if name in examples:
                raise ValueError(f"each picture once, found {shown(name)} again in line {number}")
            if row["label"] not in known:
                one = f"one of the classes {listing(classes)}"
                raise ValueError(f"{one}, found {shown(row['label'])} in line {number}")
            if not DIGEST.fullmatch(row["sha256"]):
                raise ValueError(f"a SHA-256, found {shown(row['sha256'])} in line {number}")
            group = row.get(GROUP) or ""
            examples[name] = Example(
                root / name, name, row["label"], row["split"], row["sha256"], group
            )
        if not examples:
            raise ValueError("a picture in each line, found none")
    except (ValueError, csv.Error) as error:
        raise CatdogError(
            f"expected pictures and their splits in {place}: {_said(error)}.",
            "Put the run's own file back, or train a new run: tl-catdog train --data DIR",
        ) from None
    return ImageSet(root, "as trained", classes, tuple(examples.values()), drawn=drawn)


def check_name(name: str) -> None:
    """Make sure that a picture's name in a table of a stranger's stays within its folder.

    Raises:
        ValueError: It is empty, absolute, leads out or can't be a file's.
    """
    # Not by paths: these keep each of their parts in a table that all of Python shares.
    parts = {part for part in name.split("/") if part not in ("", ".")}
    windows = PureWindowsPath(name) if os.name == "nt" else None
    if windows is not None:
        parts |= set(windows.parts)
    absolute = name.startswith("/") or (windows is not None and windows.is_absolute())
    if not parts or absolute or ".." in parts:
        raise ValueError(f"names within the folder of the pictures, found {shown(name)}")
    if "\0" in name or len(name) > LONGEST_NAME:
        raise ValueError(f"names that a file may have, found {shown(name)}")


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
                f"{shortened(str(example.path), 400)}.",
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
        text = read_file(file).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(
            f"expected a split file, found {file}, which can't be read ({error.strerror}).", hint
        ) from error
    try:
        rows = _table(text)
        return [{name: restored(cell) for name, cell in row.items()} for row in rows]
    except (ValueError, csv.Error) as error:
        raise UsageError(f"expected a split file in {file}: {_said(error)}.", hint) from None


def _table(text: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a split file.

    Raises:
        ValueError: Its columns aren't those, a cell is missing, or a split is none.
        csv.Error: It isn't CSV.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    found = tuple(reader.fieldnames or ())
    if found not in (COLUMNS, (*COLUMNS, GROUP)):
        raise ValueError(
            f"the columns {listing(COLUMNS)}, found {listing(shown(name) for name in found)}"
        )
    for number, row in enumerate(reader, 2):
        if None in row or None in row.values():
            raise ValueError(f"{len(found)} cells in line {number}, found others")
        if row["split"] not in SPLITS:
            split = shown(row["split"])
            raise ValueError(f"one of {listing(SPLITS)} in line {number}, found {split}")
        yield row


def _said(error: Exception) -> str:
    return f"{'rows of CSV, found ' if isinstance(error, csv.Error) else ''}{error}"
