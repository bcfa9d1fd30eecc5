"""``tl-catdog data split``: one split for all trainings, near-copies together."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import (
    GroupBy,
    ImageFolder,
    Json,
    LabelColumn,
    LabelPattern,
    Labels,
    file_option,
    folder_option,
    fraction_of_class,
    seed_of,
)
from tl_catdog.cli.output import notices, on_ctrl_c, print_json, results, say, writing
from tl_catdog.errors import UsageError
from tl_catdog.wording import plural

if TYPE_CHECKING:
    from tl_catdog.audit.split import Split
    from tl_catdog.data.labelling import Labelling
    from tl_catdog.features.group_effect import GroupEffect

EXAMPLES = (
    "Examples: tl-catdog data split pictures --validation 0.2 --test 0.1; "
    "tl-catdog train --data pictures --split pictures.split.csv; "
    "tl-catdog data split pictures --folders pictures-split; "
    "tl-catdog data split scans --group-by '{group}_{number}'"
)


def split(
    folder: ImageFolder,
    validation: Annotated[float, fraction_of_class("for validation", 0.01)] = 0.2,
    test: Annotated[float, fraction_of_class("for the test", 0.0)] = 0.1,
    seed: Annotated[int, seed_of("Which of the possible splits.")] = 0,
    out: Annotated[str | None, file_option("Where the split goes; default: DIR.split.csv.")] = None,
    folders: Annotated[
        str | None, folder_option("Make a folder of the splits instead, of hard links.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Merge splits that there are, and split anew.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    labels: Labels = None,
    label_column: LabelColumn = None,
    label_pattern: LabelPattern = None,
    group_by: GroupBy = None,
    json: Json = False,
) -> None:
    """Split a set: by seed, stratified, near-copies together.

    --group-by keeps a patient, an animal or a video in one split, too, and
    measures by how much figures would have flattered otherwise. The file names
    each picture by its content, so pictures may be renamed or moved.
    """
    from tl_catdog.audit.split import split_set
    from tl_catdog.cli.live import counting
    from tl_catdog.data.labelling import Labelling

    root = Path(folder)
    if validation + test >= 1:
        raise UsageError(
            f"expected --validation and --test to leave some pictures for training, found "
            f"{validation} and {test}.",
            "Type: --validation 0.2 --test 0.1",
        )
    if out is not None and folders is not None:
        raise UsageError("expected --out or --folders, found both.", "Leave one out")
    target = Path(folders or out or root.absolute().with_name(f"{root.absolute().name}.split.csv"))
    if folders is None:
        _check_free(target, force=force)
    how = Labelling(labels, label_column, label_pattern, group_by)
    with on_ctrl_c("Interrupted: nothing was written."):
        with counting(notices(), "looking for copies") as progress:
            found = split_set(
                root,
                how,
                validation=validation,
                test=test,
                seed=seed,
                again=again,
                progress=progress,
            )
        copied = _write_folders(found, target) if folders else _write(found, target, force=force)
    effect = _effect(found, seed, target) if group_by is not None else None
    if json:
        print_json(
            {
                "target": target,
                "counts": found.images.counts(),
                "groups": found.groups,
                "grouped": found.grouped,
                "copied": copied,
                "grouping": found.images.grouping,
                "effect": effect,
            }
        )
        return
    _show(found, effect)
    lines = [f"No links could be made: {plural(copied, 'file')} copied."] if copied else []
    options = [] if folders else _options(how)
    say(*lines, f"Split: {target}", f"Next: {_next(root, target, options, folders is not None)}")


def _check_free(target: Path, *, force: bool) -> None:
    """Make sure that a file may be written there; what is written to as it is, such as a pipe, may.

    Raises:
        UsageError: There is something.
    """
    from tl_catdog.files import is_stream

    if target.is_dir():
        raise UsageError(f"expected a file, found the folder {target}.", "Type: --out FILE")
    if target.exists() and not force and not is_stream(target):
        raise UsageError(
            f"expected a new file, found that {target} is there.", "Type: --force or --out FILE"
        )


def _write_folders(found: Split, target: Path) -> int:
    from tl_catdog.audit.split import write_folders

    with writing(target, "--folders"):
        return write_folders(found.images, target)


def _write(found: Split, target: Path, *, force: bool) -> int:
    from tl_catdog.data.split_file import to_csv
    from tl_catdog.files import write_text

    _check_free(target, force=force)  # another one may have written it meanwhile
    with writing(target):
        write_text(target, to_csv(found.images, for_people=True))
    return 0


def _effect(found: Split, seed: int, target: Path) -> GroupEffect | None:
    from tl_catdog.cli.live import counting
    from tl_catdog.config import TrainConfig
    from tl_catdog.features.group_effect import measured_effect

    written = f"Interrupted: what groups do wasn't measured; the split is in {target}."
    with on_ctrl_c(written), counting(notices(), "measuring what groups do") as progress:
        return measured_effect(TrainConfig(seed=seed).resolved(), found.images, progress)


def _show(found: Split, effect: GroupEffect | None) -> None:
    from tl_catdog.cli.class_tables import data_summary
    from tl_catdog.cli.set_notes import effect_line

    results().print(data_summary(found.images))
    if found.groups:
        groups = plural(found.groups, "group")
        images = plural(found.grouped, "picture")
        of_copies = " of copies" if found.images.grouping is None else ", copies among them"
        say(f"Kept together: {groups}{of_copies}, {images}.")
    if effect is not None:
        say(effect_line(effect))


def _options(how: Labelling) -> list[str]:
    """Return the options that say where the classes come from."""
    given = {
        "--labels": how.table,
        "--label-column": how.column,
        "--label-pattern": how.pattern,
    }
    return [word for name, value in given.items() if value is not None for word in (name, value)]


def _next(root: Path, target: Path, options: list[str], folders: bool) -> str:
    if folders:
        return shlex.join(["tl-catdog", "train", "--data", str(target)])
    words = ["tl-catdog", "train", "--data", str(root), "--split", str(target), *options]
    return shlex.join(words)
