"""Doing what an edited review list says: relabelling pictures, putting them aside, undoing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tl_catdog.journal import Journal, Moved
from tl_catdog.review.review_list import ASIDE, Edit, plan
from tl_catdog.runs.folder import Run

FOLDER = "review"


def apply(run: Run, edits: Sequence[Edit]) -> Moved:
    """Move the pictures that an edited list relabels or removes.

    Everything is checked before the first picture is touched.

    Raises:
        UsageError: The list asks for something that can't be done; see ``edits.plan``.
        CatdogError: A picture can't be moved; those before it have been.
    """
    root = Path(run.manifest["data"]["root"])
    return _journal(run).apply(root, plan(run, edits), {"run": run.name})


def undo(run: Run) -> Moved:
    """Put back what the newest ``apply`` moved that wasn't undone, in reverse.

    Raises:
        UsageError: There is nothing to undo.
        CatdogError: A picture is gone, its place is taken, or it can't be moved.
    """
    return _journal(run).undo()


def _journal(run: Run) -> Journal:
    return Journal(run.path / FOLDER, f"tl-catdog review {run.path} --undo", ASIDE)
