"""Which runs a command works on when the user names none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tl_catdog.cli.output import note
from tl_catdog.errors import UsageError, listing
from tl_catdog.runs.folder import Run, RunList, find_run, list_runs, shipped_run
from tl_catdog.runs.unfinished import list_unfinished


def chosen_run(name: str | None, folder: Path) -> Run:
    """Return the run named, or the newest of a folder, or the one that ships, saying which.

    Raises:
        UsageError: There is none of that name.
    """
    if name is not None:
        return find_run(name, folder)
    listed = list_runs(folder)
    _say_unreadable(listed)
    run = listed.runs[-1] if listed.runs else shipped_run()
    if run.ships:
        note(
            f"No run in {folder}, so {run.name}, which ships with tl-catdog, answers: it knows "
            f"{listing(run.classes)} only. To train your own, type: tl-catdog train --data DIR"
        )
    else:
        note(f"Using the newest run, {run.name}; name another to use that.", style="dim")
    return run


def chosen_runs(names: Sequence[str] | None, folder: Path) -> tuple[Run, ...]:
    """Return the runs named, each once however it is named, or all finished ones of a folder.

    Raises:
        UsageError: There is none, or none of a name.
        CatdogError: None of them can be read.
    """
    if names:
        found = (find_run(name, folder) for name in names)
        return tuple({run.path.resolve(): run for run in found}.values())
    listed = list_runs(folder)
    _say_unfinished(listed, folder)
    if not listed.runs and listed.unreadable:
        raise listed.unreadable[0]
    _say_unreadable(listed)
    if not listed.runs:
        raise UsageError(
            f"expected finished runs in {folder}, found none.",
            "Type: tl-catdog train --arch baseline",
        )
    return listed.runs


def _say_unfinished(listed: RunList, folder: Path) -> None:
    """Say which trainings aren't finished, and what to type for those that can go on."""
    if listed.unfinished:
        note(f"Not finished, so left out: {', '.join(listed.unfinished)}")
    stopped = [item for item in list_unfinished(folder) if not item.running]
    for command in dict.fromkeys(item.resume for item in stopped):
        note(f"To go on, type: {command}", style="dim")


def _say_unreadable(listed: RunList) -> None:
    for error in listed.unreadable:
        note(f"Left out: {error}")
