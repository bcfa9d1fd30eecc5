"""Where pictures' classes come from: folders, a table, or their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.data.folders import (
    ImageFolder,
    holds_images,
    is_folder,
    scan,
)
from tl_catdog.data.label_files import (
    likely_tables,
    named_tables,
    other_tables,
)
from tl_catdog.data.label_table import (
    LABEL_COLUMNS,
    ONE_HOT,
    TableLabels,
    labels_of,
)
from tl_catdog.data.named_images import (
    LABELS_FROM,
    image_folder,
    labelled_by_names,
    named_by_pattern,
    pictures_below,
    with_pattern,
)
from tl_catdog.data.table_rows import Lookup, Named, joined, name_rows, plain
from tl_catdog.data.tables import read_table
from tl_catdog.data.tree import TAUGHT
from tl_catdog.errors import UsageError, listing

FOLDERS = "folders"
"""The word that stands for no table at all."""


@dataclass(frozen=True)
class Labelling:
    """How pictures get their classes and groups; all None: whatever the folder has.

    Attributes:
        table: A file of labels, in the folder or elsewhere, or ``FOLDERS``.
        column: Its column of classes.
        pattern: What takes the class out of a picture's name; see ``name_pattern``.
        group_by: What pictures of one group have in common; see ``groups.group_keys``.
        known: Classes that pictures are expected of, such as a run's; see ``folders.scan``.
    """

    table: str | None = None
    column: str | None = None
    pattern: str | None = None
    group_by: str | None = None
    known: tuple[str, ...] = ()


AS_IT_IS = Labelling()


@dataclass(frozen=True)
class Labelled:
    """Pictures with their classes.

    Attributes:
        folder: The pictures.
        notes: What a user should know about where the classes come from.
        rows: The table's rows with their pictures, if there is a table.
    """

    folder: ImageFolder
    notes: tuple[str, ...] = ()
    rows: Named | None = None


def labelled(root: Path, how: Labelling = AS_IT_IS) -> Labelled:
    """Find the labelled pictures of a folder: by a table, by their names, or by their folders.

    A table that is called like one, such as ``metadata.csv`` or ``labels.csv``, is found by itself;
    where the folders make classes as well, it counts if it has a column that is called so, unless
    the folder is one that is taught.

    Raises:
        UsageError: See ``folders.scan``, ``tables.read_table``, ``table_rows.name_rows`` and
            ``label_table.labels_of``.
    """
    root = root.absolute()
    if how.table is not None and how.pattern is not None:
        raise UsageError(
            "expected classes from a table or from names, found --labels and --label-pattern.",
            "Leave one out",
        )
    if not is_folder(root) or how.table == FOLDERS:
        return Labelled(scan(root, how.known))
    if how.pattern is not None:
        return Labelled(labelled_by_names(root, how.pattern, how.known))
    if how.table is not None:
        return _by_table(root, named_tables(root, how.table), how)
    files = likely_tables(root) or dict.fromkeys(_tables_that_name(root), "")
    if how.column is not None and not files:
        raise UsageError(
            f"expected a table of labels in {root} for --label-column, found none.",
            "Name it: --labels FILE",
        )
    return _by_itself(root, files, how)


def labelled_names(root: Path, names: list[str], how: Labelling) -> Labelled:
    """Label pictures by their names alone: by a table that is named, or by a pattern.

    None of them is opened, nor need they be here.

    Args:
        root: The folder that they are in, or were.
        names: Their paths below it.
        how: Names a table or a pattern.

    Raises:
        UsageError: See ``labelled``.
    """
    if how.pattern is not None:
        return Labelled(named_by_pattern(root, names, {}, how.pattern, how.known))
    files = named_tables(root, str(how.table))
    return _labelled_by(root, files, how, _rows_of(root, files, names, {}))


def _by_itself(root: Path, files: Mapping[Path, str], how: Labelling) -> Labelled:
    several = len(files) > 1 and not any(files.values())
    try:
        folder = scan(root, how.known)
    except UsageError as refused:
        if not holds_images(root):
            raise
        if several:
            names = [file.name for file in files]
            raise UsageError(
                f"expected one table of labels, found {len(names)} in {next(iter(files)).parent}: "
                f"{listing(names)}.",
                f"Name one: --labels {names[0]}",
            ) from refused
        if files:
            return _by_table(root, files, how)
        raise with_pattern(root, refused) from refused
    if not files:
        return Labelled(folder)
    name = next(iter(files)).name
    if several:
        words = f"{listing(file.name for file in files)} aren't used; if one should be:"
        return Labelled(folder, (f"{words} --labels {name}",))
    if how.column is None and is_folder(root / TAUGHT):
        words = f"{name} isn't used, since a taught picture's class is where it lies"
        return Labelled(folder, (f"{words}; if it should be: --labels {name}",))
    try:
        return _by_table(root, files, how, folder)
    except UsageError as error:
        if how.column is not None:
            raise
        return Labelled(folder, (f"{name} isn't used: {error.message}",))


def _tables_that_name(root: Path) -> list[Path]:
    """Return the tables that name the folder's pictures, whatever they are called.

    What this program wrote has a column of hashes, and isn't among them.
    """
    good = []
    for file in other_tables(root):
        try:
            rows = _rows_below(root, {file: ""})[1]
        except UsageError:
            continue
        if rows.found * 2 >= len(rows.names) and "sha256" not in rows.table.columns:
            good.append(file)
    return good


def _by_table(
    root: Path, files: Mapping[Path, str], how: Labelling, folder: ImageFolder | None = None
) -> Labelled:
    """Return the pictures as tables label them, or as the folders do where the table adds nothing.

    Args:
        root: The folder.
        files: One table, or one for each split, with it.
        how: What was asked for.
        folder: The pictures as the folders label them, where they do.
    """
    return _labelled_by(root, files, how, _rows_below(root, files), folder)


def _labelled_by(
    root: Path,
    files: Mapping[Path, str],
    how: Labelling,
    found_rows: _Rows,
    folder: ImageFolder | None = None,
) -> Labelled:
    """Return what ``_by_table`` does, of rows whose pictures are known."""
    names, rows, presets, left_out = found_rows
    asked = how.column is not None or how.table is not None
    try:
        found = labels_of(rows, how.column, _group_column(rows, how.group_by), not presets)
    except UsageError:
        if folder is not None and not asked and how.group_by is not None:
            return Labelled(folder, rows=rows)  # a table of groups alone
        raise
    file = next(iter(files))
    column = found.column if found.column == ONE_HOT else f"column {found.column}"
    title = f"{LABELS_FROM} {file.name}, {column}"
    notes = []
    if folder is not None and not asked:
        if _say_the_same(folder, found):
            return Labelled(folder, rows=rows)
        if plain(found.column) not in LABEL_COLUMNS:
            words = f"{file.name} isn't used for classes; if it should be: --labels {file.name}"
            return Labelled(folder, (words,), rows)
        classes = listing(folder.classes)
        notes.append(f"Classes are those of {file.name}; for {classes}: --labels {FOLDERS}")
    left_out = +(Counter(left_out) - Counter(path.suffix.lower() for path in files))
    left_out.update(found.left_out)
    unnamed = len(set(names) - set(rows.names))
    if unnamed:
        left_out[f"pictures that {file.name} doesn't name"] = unnamed
    splits = found.splits or {name: presets[name] for name in found.labels if name in presets}
    images = image_folder(
        root, title, found.labels, splits=splits, ignored=left_out, known=how.known
    )
    return Labelled(images, tuple(notes), rows)


_Rows = tuple[list[str], Named, dict[str, str], dict[str, int]]
"""Pictures, the rows that name them, splits by tables, and what is left out."""


def _rows_below(root: Path, files: Mapping[Path, str]) -> _Rows:
    """Return the folder's pictures, and the rows that name them."""
    return _rows_of(root, files, *pictures_below(root))


def _rows_of(
    root: Path, files: Mapping[Path, str], names: list[str], left_out: dict[str, int]
) -> _Rows:
    """Return the rows that name some pictures."""
    parts: list[Named] = []
    presets: dict[str, str] = {}
    for file, split in files.items():
        inside = file.parent.is_relative_to(root)
        above = root.is_relative_to(file.parent) and root != file.parent
        lookup = Lookup(names, root.relative_to(file.parent).as_posix() if above else "")
        folder = file.parent.relative_to(root).as_posix() if inside else "."
        try:
            part = name_rows(read_table(file), lookup, folder)
        except UsageError:
            if not parts:
                raise
            continue  # such as a test.csv whose pictures aren't here
        parts.append(part)
        presets |= {name: split for name in part.names if name and split}
    whole = joined(parts) if len(parts) > 1 else parts[0]
    return names, whole, presets if len(parts) > 1 else {}, left_out


def _group_column(rows: Named, group_by: str | None) -> str | None:
    """Return the column that ``--group-by`` names, if it is one."""
    if group_by is None:
        return None
    name = group_by.removeprefix("column:")
    return next((column for column in rows.table.columns if plain(column) == plain(name)), None)


def _say_the_same(folder: ImageFolder, found: TableLabels) -> bool:
    """Return whether a table adds nothing to the folders: the same classes, and no splits."""
    images = [image for members in folder.splits.values() for image in members]
    return not found.splits and all(
        found.labels.get(image.name, image.label) == image.label for image in images
    )
