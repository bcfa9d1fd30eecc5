"""``tl-catdog data fix``: put aside what a check finds, and put it back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.data.check import audited, kinds_of
from tl_catdog.cli.options import ImageFolder, Json, kinds_option
from tl_catdog.cli.output import note, on_ctrl_c, print_json, say
from tl_catdog.errors import UsageError
from tl_catdog.wording import count, plural

if TYPE_CHECKING:
    from tl_catdog.journal.moves import Moved

EXAMPLES = (
    "Examples: tl-catdog data fix pictures --dry-run; tl-catdog data fix pictures; "
    "tl-catdog data fix pictures --kinds duplicate; tl-catdog data fix pictures --undo"
)


def fix(
    folder: ImageFolder,
    kinds: Annotated[
        str | None,
        kinds_option(
            "What to put aside, such as truncated,duplicate; without it, what is broken, "
            "leaked or in two classes."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Put back what the last fix moved.")] = False,
    json: Json = False,
) -> None:
    """Put aside what check finds; nothing is deleted.

    It goes to DIR.quarantine, with a log. Of a picture in two splits, the copy for
    testing stays; of one in two classes, none does.
    """
    from tl_catdog.audit import fix as fixing
    from tl_catdog.audit.findings import SINGLE
    from tl_catdog.journal.moves import Moved

    root = Path(folder)
    command = f"tl-catdog data fix {shlex.quote(str(root))} --undo"
    if undo and (dry_run or kinds is not None):
        raise UsageError("expected --undo alone, found another option with it.", f"Type: {command}")
    wanted = kinds_of(kinds, fixing.MOVABLE, fixing.USUAL, "--kinds")
    stuck: dict[str, str] = {}
    with on_ctrl_c(f"Interrupted. To put back what was moved, if anything was, type: {command}"):
        if undo:
            found = fixing.undo(root)
        else:
            if not dry_run:
                fixing.check_finished(root)
            compare = not set(wanted) <= set(SINGLE)
            audit, usable = audited(root, outliers=False, compare=compare)
            plan = fixing.plan(audit, {item.name: item.split for item in usable}, wanted)
            stuck = plan.stuck
            if dry_run:
                found = Moved(root.absolute().parent, plan.moves, None)
            else:
                found = fixing.apply(root, plan.moves)
    if json:
        print_json({"undone": undo, "dry_run": dry_run, **found.to_json(), "stuck": stuck})
    else:
        say(*_report(found, command, undone=undo, dry_run=dry_run))
    for name, why in stuck.items():
        note(f"Left where it is, move it yourself: {name} ({why}).")
    if stuck:
        raise typer.Exit(1)


def _report(found: Moved, command: str, *, undone: bool, dry_run: bool) -> list[str]:
    """Return what was moved, as lines, and how to undo it."""
    from tl_catdog.cli.render import move_lines

    if not found.moves:
        return ["Nothing to move."]
    lines, total = move_lines(found), plural(len(found.moves), "picture")
    if undone:
        return [*lines, f"Put back {total}."]
    kinds = ", ".join(f"{count(n)} {kind}" for kind, n in found.counts().items())
    if dry_run:
        return [*lines, f"Would put aside {total}: {kinds}. Nothing was moved."]
    return [*lines, f"Put aside {total}: {kinds}.", f"To undo that, type: {command}"]
