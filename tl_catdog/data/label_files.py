"""Which tables of labels a folder has: called like ones, one for all or one for each split."""

from __future__ import annotations

from pathlib import Path

from tl_catdog.data.folder_names import is_system, split_roles
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION, is_folder
from tl_catdog.data.table_rows import plain
from tl_catdog.data.tables import SUFFIXES
from tl_catdog.errors import UsageError

TABLES = ("metadata", "labels", "label", "trainlabels", "annotations", "classes", TRAIN)
"""What tables of classes are called, without marks between words: the first of them counts."""

NO_TABLES = ("submission", "prediction", "solution")
"""Parts of the names of tables whose labels aren't the pictures' own."""

SPLIT_WORDS = {
    TRAIN: TRAIN, "training": TRAIN, VALIDATION: VALIDATION, "val": VALIDATION, "valid": VALIDATION,
    "dev": VALIDATION, TEST: TEST, "testing": TEST, "eval": TEST, "evaluation": TEST,
}  # fmt: skip
"""What splits are called in tables and in the names of tables."""


def named_tables(root: Path, table: str) -> dict[Path, str]:
    """Return the files that ``--labels`` names: one here or in the folder, or one in each split's.

    Each comes with its split, which is none where one table is for all.

    Raises:
        UsageError: There is none.
    """
    for file in (Path(table), root / table):
        if file.is_file():
            return {file.absolute(): ""}
    below = {folder / table: split for folder, split in _split_folders(root)}
    files = {file: split for file, split in below.items() if file.is_file()}
    if files:
        return files
    raise UsageError(
        f"expected a table of labels, found no file {table}, here or in {root}.", f"Type: ls {root}"
    )


def likely_tables(root: Path) -> dict[Path, str]:
    """Return the tables that are called like ones of labels: one, or one for each split.

    ``train.csv`` has others beside it, such as ``val.csv``, for the other splits.
    """
    for base in _bases(root):
        files = _tables_in(base)
        below = [
            (file, split) for folder, split in _split_folders(base) for file in _tables_in(folder)
        ]
        for word in TABLES:
            found = [file for file in files if plain(file.stem) == word]
            if word == TRAIN and found:
                splits = {file: SPLIT_WORDS.get(plain(file.stem), "") for file in files}
                others = {file: split for file, split in splits.items() if split not in ("", TRAIN)}
                return {found[0]: TRAIN, **others} if others else {found[0]: ""}
            if found:
                return {found[0]: ""}
            in_splits = {file: split for file, split in below if plain(file.stem) == word}
            if TRAIN in in_splits.values():
                return in_splits
    return {}


def other_tables(root: Path) -> list[Path]:
    """Return the tables in a folder that may be ones of labels, whatever they are called."""
    return [
        file
        for base in _bases(root)
        for file in _tables_in(base)
        if not any(word in plain(file.stem) for word in NO_TABLES)
    ]


def _bases(root: Path) -> list[Path]:
    """Return the folder, and the one within which an archive may have put all there is."""
    below = _entries(root)
    wrapped = len(below) == 1 and is_folder(below[0]) and not split_roles([below[0].name])
    return [root, *below] if wrapped else [root]


def _tables_in(folder: Path) -> list[Path]:
    return [
        entry for entry in _entries(folder) if entry.suffix.lower() in SUFFIXES and entry.is_file()
    ]


def _split_folders(base: Path) -> list[tuple[Path, str]]:
    """Return the folders of splits and the splits, that of training first."""
    folders = [entry for entry in _entries(base) if is_folder(entry)]
    roles = split_roles([folder.name for folder in folders])
    found = [(folder, roles[folder.name]) for folder in folders if folder.name in roles]
    return sorted(found, key=lambda item: item[1] != TRAIN)


def _entries(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError:
        return []
    return [entry for entry in entries if not is_system(entry.name)]
