"""``tl-catdog data split``: one split for all trainings, near-copies together."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import (
    ImageFolder,
    Json,
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

EXAMPLES = (
    "Examples: tl-catdog data split pictures --validation 0.2 --test 0.1; "
    "tl-catdog train --data pictures --split pictures.split.csv; "
    "tl-catdog data split pictures --folders pictures-split"
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
    json: Json = False,
) -> None:
    """Split a set: by seed, stratified, near-copies together.

    The file names each picture by its content, so pictures may be renamed or moved.
    """
    from tl_catdog.audit.split import split_set, write_folders
    from tl_catdog.cli.live import counting

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
    if folders is None and target.exists() and not force:
        raise UsageError(
            f"expected a new file, found that {target} is there.", "Type: --force or --out FILE"
        )
    with on_ctrl_c("Interrupted: nothing was written."):
        with counting(notices(), "looking for copies") as progress:
            found = split_set(
                root, validation=validation, test=test, seed=seed, again=again, progress=progress
            )
        copied = write_folders(found.images, target) if folders else _write(found, target)
    if json:
        print_json(
            {
                "target": target,
                "counts": found.images.counts(),
                "groups": found.groups,
                "grouped": found.grouped,
                "copied": copied,
            }
        )
        return
    _show(found, root, target, folders=folders is not None, copied=copied)


def _write(found: Split, target: Path) -> int:
    from tl_catdog.data.split_file import to_csv
    from tl_catdog.files import write_text

    with writing(target):
        write_text(target, to_csv(found.images))
    return 0


def _show(found: Split, root: Path, target: Path, *, folders: bool, copied: int) -> None:
    from tl_catdog.cli.render import data_summary

    results().print(data_summary(found.images))
    lines = []
    if found.groups:
        groups = plural(found.groups, "group")
        images = plural(found.grouped, "picture")
        lines.append(f"Kept together: {groups} of copies, {images}.")
    if copied:
        lines.append(f"No links could be made: {plural(copied, 'file')} copied.")
    words = f"--data {shlex.quote(str(target))}"
    if not folders:
        words = f"--data {shlex.quote(str(root))} --split {shlex.quote(str(target))}"
    say(*lines, f"Split: {target}", f"Next: tl-catdog train {words}")
