"""The classes and splits that a table gives to pictures: which columns they are, and what they say.

Known by name or by what they hold: one column of classes, or a column of zeros and ones for each
class, and perhaps one of splits. Where several could be meant, whoever calls is told which.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tl_catdog.data.folders import SPLITS
from tl_catdog.data.label_files import SPLIT_WORDS
from tl_catdog.data.named_images import why_no_name
from tl_catdog.data.table_rows import DOUBTFUL, GONE, OUTSIDE, Named, plain
from tl_catdog.errors import UsageError, listing

LABEL_COLUMNS = (
    "label", "labels", "class", "classes", "classname", "classlabel", "category", "categoryname",
    "target", "labelname", "species", "breed",
)  # fmt: skip
"""Names of columns of classes, without marks between words."""

SPLIT_COLUMNS = ("split", "set", "subset", "partition", "phase", "dataset")
YES, NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")
ONE_HOT = "a column for each class"

CONFLICTING = 0.1
"""Part of the pictures with two labels from which on the table isn't one of single labels."""


@dataclass(frozen=True)
class TableLabels:
    """What a table says of pictures, by their paths below the folder.

    Attributes:
        column: The column of classes, or ``ONE_HOT``.
        labels: Their classes.
        splits: Their splits; empty where the table has none.
        left_out: How many rows or pictures are left out, by what is wrong with them.
    """

    column: str
    labels: dict[str, str]
    splits: dict[str, str]
    left_out: dict[str, int]


def labels_of(
    named: Named, column: str | None = None, grouping: str | None = None, split: bool = True
) -> TableLabels:
    """Read classes and splits.

    Args:
        named: The table's rows and their pictures.
        column: The column of classes, where it is named.
        grouping: A column that says which pictures belong together, so isn't that of classes.
        split: Whether to look for a column of splits.

    Raises:
        UsageError: No column of classes can be told, several could be it, or its classes can't be
            names; many of its pictures have several labels, or most are not there.
    """
    split_column = _split_column(named) if split else None
    chosen = _label_column(named, column, (named.file_column, split_column, grouping))
    cells = _one_hot(named, chosen[1:]) if chosen[0] == ONE_HOT else named.table.column(chosen[0])
    file = named.table.file
    given: dict[str, dict[str, int]] = defaultdict(dict)
    without: list[int] = []
    for row, (name, label) in enumerate(zip(named.names, cells, strict=True)):
        if name and label:
            given[name].setdefault(label, row)
        elif name:
            without.append(row)
    _check_found(named)
    conflicting = {name: found for name, found in given.items() if len(found) > 1}
    if len(conflicting) > CONFLICTING * len(given):
        name, found = next(iter(conflicting.items()))
        raise UsageError(
            f"expected one class for each picture in {file}, found several for "
            f"{len(conflicting):,} of {len(given):,}, such as {listing(found)} for {name}.",
            "Keep a row for each picture, or name another column: --label-column NAME",
        )
    labels = {name: next(iter(found)) for name, found in given.items() if len(found) == 1}
    for label in dict.fromkeys(labels.values()):
        if problem := why_no_name(label):
            line = named.table.lines[next(iter(given[next(n for n in labels if labels[n] == label)]
                                               .values()))]  # fmt: skip
            raise UsageError(
                f"expected classes that can be names of folders, found {label[:60]!r} in line "
                f"{line} of {file}: {problem}.",
                f"Edit {file}, or name another column: --label-column NAME",
            )
    left_out = _left_out(named, without, conflicting)
    splits = _splits(named, split_column, labels, left_out) if split_column else {}
    if split_column:
        labels = {name: label for name, label in labels.items() if name in splits}
    return TableLabels(chosen[0], labels, splits, left_out)


def values_of(named: Named, column: str) -> dict[str, str]:
    """Return what a column says of each picture, the first row of each counting."""
    values: dict[str, str] = {}
    for name, cell in zip(named.names, named.table.column(column), strict=True):
        if name and cell:
            values.setdefault(name, cell)
    return values


def column_named(named: Named, name: str, flag: str) -> str:
    """Return the column of a name, whichever way it is written.

    Raises:
        UsageError: There is none.
    """
    columns = named.table.columns
    if name in columns:
        return name
    alike = [column for column in columns if plain(column) == plain(name)]
    if len(alike) == 1:
        return alike[0]
    others = [column for column in columns if column != named.file_column]
    raise UsageError(
        f"expected a column {name!r} in {named.table.file}, found {listing(columns, 20)}.",
        f"Type: {flag} {others[-1]!r}" if others else f"Edit {named.table.file}",
    )


def _label_column(named: Named, column: str | None, taken: Sequence[str | None]) -> tuple[str, ...]:
    """Return the column of classes, or ``ONE_HOT`` and the columns of zeros and ones."""
    table = named.table
    if column is not None:
        return (column_named(named, column, "--label-column"),)
    free = [name for name in table.columns if name not in taken]
    cells = {
        name: [cell for cell, found in zip(table.column(name), named.names, strict=True) if found]
        for name in free
    }
    strong = [name for name in free if plain(name) in LABEL_COLUMNS]
    weak = [name for name in free if _could_be_classes(cells[name])]
    hot = tuple(name for name in free if set(map(str.lower, cells[name])) <= {*YES, *NO})
    if len(hot) > 1 and not strong and _mostly_one(named, hot):
        return (ONE_HOT, *hot)
    possible = [name for name in strong if any(cells[name])] or weak
    chosen = _distinct(possible, cells)
    if len(chosen) == 1:
        # "label" of numbers beside "breed" of words that say the same: words tell people more.
        same = [
            name for name in (*chosen, *weak) if _parts(cells[name]) == _parts(cells[chosen[0]])
        ]
        return (next((name for name in same if not _numeric(cells[name])), chosen[0]),)
    if not chosen:
        raise UsageError(
            f"expected a column of classes in {table.file}, such as label, found "
            f"{listing(table.columns, 20)}.",
            "Name it: --label-column NAME",
        )
    raise UsageError(
        f"expected one column of classes in {table.file}, found several that could be it: "
        f"{listing((f'{name} ({len(set(cells[name]))} values)' for name in chosen), 20)}.",
        f"Type: --label-column {chosen[0]!r}",
    )


def _could_be_classes(cells: Sequence[str]) -> bool:
    """Return whether cells look like classes: some values, each several times, no measurements."""
    values = set(cells) - {""}
    return 2 <= len(values) <= len(cells) / 2 and not any(_fraction(value) for value in values)


def _fraction(text: str) -> bool:
    try:
        return float(text) % 1 != 0
    except ValueError:
        return False


def _numeric(cells: Sequence[str]) -> bool:
    return all(cell.lstrip("+-").replace(".", "", 1).isdigit() for cell in cells if cell)


def _parts(cells: Sequence[str]) -> tuple[int, ...]:
    """Return the parts into which values divide rows, equal for columns that say the same."""
    numbers: dict[str, int] = {}
    return tuple(numbers.setdefault(cell, len(numbers)) for cell in cells)


def _distinct(names: Sequence[str], cells: dict[str, list[str]]) -> list[str]:
    """Return the columns of those that say the same once."""
    first: dict[tuple[int, ...], str] = {}
    for name in names:
        first.setdefault(_parts(cells[name]), name)
    return list(first.values())


def _mostly_one(named: Named, columns: Sequence[str]) -> bool:
    cells = _one_hot(named, columns)
    return sum(map(bool, cells)) >= (1 - CONFLICTING) * len(cells)


def _one_hot(named: Named, columns: Sequence[str]) -> list[str]:
    """Return each row's class: the name of the only column that says yes, or nothing."""
    found = []
    for row in zip(*(named.table.column(name) for name in columns), strict=True):
        yes = [name for name, cell in zip(columns, row, strict=True) if cell.lower() in YES]
        found.append(yes[0] if len(yes) == 1 else "")
    return found


def _split_column(named: Named) -> str | None:
    for name in named.table.columns:
        if plain(name) in SPLIT_COLUMNS:
            cells = [cell for cell in named.table.column(name) if cell]
            known = sum(cell.lower() in SPLIT_WORDS for cell in cells)
            if known * 2 > len(cells):
                return name
    return None


def _splits(
    named: Named, column: str, labels: dict[str, str], left_out: dict[str, int]
) -> dict[str, str]:
    """Return the pictures' splits, and count those that have none or several."""
    given: dict[str, set[str]] = defaultdict(set)
    for name, cell in zip(named.names, named.table.column(column), strict=True):
        if name in labels:
            given[name].add(SPLIT_WORDS.get(cell.lower(), ""))
    good = {name: next(iter(found)) for name, found in given.items() if len(found) == 1}
    splits = {name: split for name, split in good.items() if split in SPLITS}
    if len(splits) < len(given):
        words = f"pictures that {named.table.file.name} gives no split, or several"
        left_out[words] = len(given) - len(splits)
    return splits


def _check_found(named: Named) -> None:
    """Make sure that most of the rows name pictures."""
    total = len(named.names)
    if named.found * 2 >= total:
        return
    kind, rows = max(named.problems.items(), key=lambda item: len(item[1]))
    raise UsageError(
        f"expected the pictures that {named.table.file} names, found {named.found:,} of {total:,}; "
        f"{_words(kind)}, such as {_example(named, rows[0])}.",
        f"Type: head -3 {named.table.file}",
    )


def _left_out(
    named: Named, without: Sequence[int], conflicting: dict[str, dict[str, int]]
) -> dict[str, int]:
    file = named.table.file.name
    counted = Counter[str]()
    for kind, rows in named.problems.items():
        counted[f"rows of {file}: {_words(kind)}, such as {_example(named, rows[0])}"] = len(rows)
    if without:
        counted[f"rows of {file} without a class, such as {_example(named, without[0])}"] = len(
            without
        )
    if named.table.uneven:
        line = named.table.uneven[0]
        words = f"rows of {file} with more or fewer cells than columns, such as line {line}"
        counted[words] = len(named.table.uneven)
    if conflicting:
        name, found = next(iter(conflicting.items()))
        words = f"pictures with several classes in {file}, such as {name}: {listing(found)}"
        counted[words] = len(conflicting)
    return dict(counted)


def _words(kind: str) -> str:
    return {
        OUTSIDE: "files outside of the folder",
        DOUBTFUL: "names of several files",
        GONE: "no such file",
    }[kind]


def _example(named: Named, row: int) -> str:
    cell = named.table.column(named.file_column)[row]
    shown = cell if len(cell) <= 60 else f"{cell[:57]}…"
    return f"{shown!r} in line {named.table.lines[row]}"
