"""``tl-catdog compare``: runs side by side, and whether one is really better than another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from tl_catdog.cli.output import note, print_json, results
from tl_catdog.cli.runs import chosen_runs

EXAMPLES = (
    "Examples: tl-catdog compare; tl-catdog compare baseline mobilenet --split validation; "
    "tl-catdog compare --json"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(compare)


def compare(
    runs: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Runs to compare; default: all finished ones.", show_default=False),
    ] = None,
    split: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Which split; default: test if all have it, else validation."),
    ] = None,
    runs_dir: Annotated[str, typer.Option(help="Folder that holds the runs.")] = "models",
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Put runs side by side, grouped by their data, and test each pair on the same pictures."""
    chosen = chosen_runs(runs, Path(runs_dir))
    from tl_catdog import api
    from tl_catdog.cli.render import comparison_view

    groups = api.compare(*chosen, split=split)
    if json:
        print_json({"groups": [group.to_json() for group in groups]})
        return
    for group in groups:
        results().print(comparison_view(group))
    if len(groups) > 1:
        note("Runs on different pictures are shown apart: their figures can't be compared.")
