"""An edited review list: what it asks for, and where each picture would go. Touches no picture."""

from __future__ import annotations

import csv
import io
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tl_catdog.data.digest import file_digests
from tl_catdog.data.examples import Example
from tl_catdog.data.folder_names import class_key
from tl_catdog.data.folders import FLAT_NAME, is_folder
from tl_catdog.data.named_images import LABELS_FROM
from tl_catdog.data.reading import read_file
from tl_catdog.data.split_file import from_csv
from tl_catdog.errors import UsageError, listing
from tl_catdog.journal.moves import Move
from tl_catdog.journal.places import FreePaths, free_names, named, why_not_movable
from tl_catdog.runs.contents import data_root, read_split
from tl_catdog.runs.folder import Run
from tl_catdog.setting import flag
from tl_catdog.spreadsheets import restored

KEEP, REMOVE = "keep", "remove"
COLUMNS = ("action", "name", "label", "suggested", "quality", "p(label)", "sha256")
NEEDED = ("action", "name", "label", "sha256")
ASIDE = ".removed"
"""Pictures that are removed go to a folder of the data's name and this, beside it."""


class GoneError(UsageError):
    """A picture that a list names isn't where it was when the run was trained."""


@dataclass(frozen=True)
class Edit:
    """A row of the list: what is to be done with a picture.

    Attributes:
        action: ``keep``, ``remove``, or the class that it belongs to.
        name: The picture's path in its data folder.
        label: The class that it is in.
        digest: Its SHA-256.
    """

    action: str
    name: str
    label: str
    digest: str


def read_list(path: Path) -> tuple[Edit, ...]:
    """Read a list as ``review`` writes it, or as a spreadsheet saves it.

    Raises:
        UsageError: The file is missing or isn't such a list.
    """
    try:
        # A spreadsheet may begin the file with a mark, and part cells by semicolons.
        text = read_file(path).decode("utf-8-sig", "surrogateescape")
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = list(table)
    except (OSError, csv.Error) as error:
        raise UsageError(
            f"expected an edited review list, found none at {path} ({error}).",
            f"Type: ls {path.parent}",
        ) from error
    missing = [name for name in NEEDED if name not in (table.fieldnames or ())]
    if missing:
        raise UsageError(
            f"expected a review list with the columns {listing(NEEDED)}, found no "
            f"{listing(missing)} in {path}.",
            "Write a new one: tl-catdog review RUN",
        )
    # A row that ends early has None in it. What people type may have spaces around it.
    cells = ([row[name] or "" for name in NEEDED] for row in rows)
    return tuple(Edit(restored(action.strip()), *map(restored, more)) for action, *more in cells)


def train_anew(run: Run) -> str:
    """Return what to type for a new run on the pictures as they are now.

    It doesn't replace this run, which has the logs that ``undo`` needs.
    """
    words = ["tl-catdog", "train", "--arch", str(run.config["arch"])]
    if run.config.get("finetune"):
        words.append("--finetune")
    if not run.manifest["data"]["drawn"]:
        words += ["--data", str(data_root(run))]
    for name in ("labels", "label_column", "label_pattern", "group_by"):
        if run.config.get(name):
            words += [flag(name), str(run.config[name])]
    return shlex.join(words)


def plan(run: Run, edits: Sequence[Edit]) -> tuple[Move, ...]:
    """Return which pictures a list moves, and where to.

    A picture in a class's folder goes to the other class's, within the same split and subfolders;
    ``dog.12.jpg`` becomes ``cat.`` and a new number. A place that is taken is never chosen.

    Raises:
        UsageError: The run's pictures are drawings; a class is called ``keep`` or ``remove``, so
            that a list can't mean it; an action is unknown; a row's picture isn't
            one of the run's, has changed, is gone or is named twice; there is no place for it; the
            classes aren't those of folders.
    """
    data = run.manifest["data"]
    if data["drawn"]:
        raise UsageError(
            f"expected a run on pictures of your own, found that {run.name} was trained on "
            "drawings, which other runs share.",
            "Type: tl-catdog train --data DIR",
        )
    if clash := [label for label in run.classes if label in (KEEP, REMOVE)]:
        raise UsageError(
            f"expected classes that aren't called like an action, found {listing(clash)}.",
            f"Rename the folder, then train anew: {train_anew(run)}",
        )
    root = named(data_root(run))
    trained = from_csv(read_split(run), root, run.classes, drawn=False)
    known = {example.name: example for example in trained.examples}
    _check(edits, known, run.classes)
    wanted = [edit for edit in edits if edit.action not in (KEEP, edit.label)]
    if str(data.get("layout")).startswith(LABELS_FROM):
        for edit in wanted:
            if edit.action != REMOVE:
                raise UsageError(
                    f"expected classes by folders, which moving a picture changes, found "
                    f"{data['layout']}, for {edit.name}.",
                    f"Change its class there, then train anew: {train_anew(run)}",
                )
    if wanted and not is_folder(root):
        raise UsageError(
            f"expected the pictures of {run.name} in {data['root']}, found no such folder.",
            "Name where they are now: --data DIR",
        )
    examples = [known[edit.name] for edit in wanted]
    found = file_digests(example.path for example in examples)
    for edit, example, digest in zip(wanted, examples, found, strict=True):
        if not edit.digest == example.digest == digest:
            wanted_it = f"expected {edit.name} as the run was trained with it, found"
            leave_it = f"Set its action to {KEEP} to leave it alone"
            if example.path.exists():
                raise UsageError(f"{wanted_it} other bytes.", leave_it)
            raise GoneError(f"{wanted_it} no such file any more.", leave_it)
    places = _Places(root, run.classes)
    return tuple(
        Move(edit.action, *places.of(example, edit.action), example.digest)
        for edit, example in zip(wanted, examples, strict=True)
    )


def _check(edits: Sequence[Edit], known: dict[str, Example], classes: tuple[str, ...]) -> None:
    """Make sure that each row makes sense by itself."""
    actions = (KEEP, REMOVE, *classes)
    names = Counter(edit.name for edit in edits)
    for edit in edits:
        example = known.get(edit.name)
        if example is None:
            wanted, problem = "pictures that the run was trained with", repr(edit.name)
        elif edit.action not in actions:
            wanted = f"one of the actions {listing(actions, 20)}"
            problem = f"{edit.action!r} for {edit.name}"
        elif edit.label != example.label:
            wanted = f"the label {example.label} of {edit.name}"
            problem = f"{edit.label!r}; the column to edit is action"
        elif names[edit.name] > 1:
            wanted, problem = "one row for each picture", f"{names[edit.name]} for {edit.name}"
        else:
            continue
        raise UsageError(f"expected {wanted}, found {problem}.", "Edit the list, then repeat")


class _Places:
    """Chooses where pictures go."""

    def __init__(self, root: Path, classes: tuple[str, ...]) -> None:
        self.root, self.classes = root, classes
        self._places = FreePaths()

    def of(self, example: Example, action: str) -> tuple[str, str]:
        """Return a picture's place and its new one, both relative to the data folder's parent."""
        if action == REMOVE:
            aside = self.root.with_name(self.root.name + ASIDE)
            target = self._places.first_free(free_names(aside / example.name))
        else:
            target = self._places.first_free(self._in_class(example, action))
        if problem := why_not_movable(example.path, target, self.root):
            raise UsageError(
                f"expected to move {example.path} to {target}, found {problem}.",
                f"Move it yourself, and set its action to {KEEP}",
            )
        base = self.root.parent
        return str(example.path.relative_to(base)), str(target.relative_to(base))

    def _in_class(self, example: Example, label: str) -> Iterator[Path]:
        """Yield places in another class, best first."""
        *folders, name = Path(example.name).parts
        found: dict[str, str] = {}
        place = 0
        for depth, folder in enumerate(folders):
            if class_key(folder) == class_key(example.label):
                beside = self._class_folders(self.root.joinpath(*folders[:depth]))
                # A wrapping folder may be called like a class; more of them are beside a class.
                if len(beside) >= len(found):
                    found, place = beside, depth
        if class_key(label) in found:
            above = self.root.joinpath(*folders[:place], found[class_key(label)])
            return free_names(above.joinpath(*folders[place + 1 :], name))
        if FLAT_NAME.match(name) and example.label not in folders:
            return _numbers(example.path.parent, label, example.path.suffix)
        raise UsageError(
            f"expected a folder for {label} beside that of {example.name}, found none.",
            f"Type: ls {self.root}",
        )

    def _class_folders(self, above: Path) -> dict[str, str]:
        """Return the names of classes' folders in a folder, by the keys of their classes."""
        keys = {class_key(label) for label in self.classes}
        names = sorted(entry.name for entry in above.iterdir() if entry.is_dir())
        names.sort(key=lambda name: name in self.classes)  # that of the class's own spelling counts
        return {class_key(name): name for name in names if class_key(name) in keys}


def _numbers(folder: Path, label: str, suffix: str) -> Iterator[Path]:
    """Yield ``cat.N.jpg`` for each number above those of the class that are in use."""
    matches = (FLAT_NAME.match(entry.name) for entry in folder.iterdir())
    used = [int(match[0].split(".")[1]) for match in matches if match and match["label"] == label]
    for number in count(max(used, default=-1) + 1):
        yield folder / f"{label}.{number}{suffix}"
