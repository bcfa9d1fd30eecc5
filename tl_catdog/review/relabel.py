"""Doing what an edited review list says: relabelling pictures, putting them aside, undoing it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tl_catdog.journal.journal import Journal
from tl_catdog.journal.moves import Moved
from tl_catdog.journal.places import named
from tl_catdog.review.review_list import ASIDE, Edit, GoneError, plan
from tl_catdog.runs.contents import data_root, named_data
from tl_catdog.runs.folder import Run

FOLDER = "review"


def apply(run: Run, edits: Sequence[Edit]) -> Moved:
    """Move the pictures that an edited list relabels or removes.

    Everything is checked before the first picture is touched.

    Raises:
        UsageError: The list asks for something that can't be done; see ``review_list.plan``.
        CatdogError: An earlier ``apply`` was stopped half-way. Or a picture can't be moved; those
            before it have been.
    """
    journal = _journal(run)
    journal.check_finished()
    try:
        moves = plan(run, edits)
    except GoneError as error:
        if journal.has_moved:
            error.hint = f"To put back what the last --apply moved, type: {journal.undo_command}"
        raise
    return journal.apply(moves, {"run": run.name})


def undo(run: Run) -> Moved:
    """Put back what the newest ``apply`` moved that wasn't undone, in reverse.

    Raises:
        UsageError: There is nothing to undo.
        CatdogError: The log isn't one of this run's pictures; a picture is gone or changed, its
            place is taken, or it can't be moved.
    """
    return _journal(run).undo()


def review_command(run: Run) -> str:
    """Return what to type for a run's review, with the folder of its pictures if one was named."""
    words = ["tl-catdog", "review", str(run.path)]
    data = named_data(run)
    return shlex.join(words if data is None else [*words, "--data", data])


def _journal(run: Run) -> Journal:
    command = f"{review_command(run)} --undo"
    return Journal(run.path / FOLDER, named(data_root(run)), ASIDE, command)
