"""``tl-catdog report``: runs and what is known of them, as one offline page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from tl_catdog.cli.output import notices, print_json, results, writing
from tl_catdog.cli.runs import chosen_runs

EXAMPLES = (
    "Examples: tl-catdog report; tl-catdog report mobilenet --out mobilenet.html; "
    "tl-catdog report baseline mobilenet --split validation"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(report)


def report(
    runs: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Runs to report on; default: all finished ones.", show_default=False),
    ] = None,
    out: Annotated[str, typer.Option(help="The page.", metavar="FILE")] = "report.html",
    split: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Which split; default: test if all have it, else validation."),
    ] = None,
    runs_dir: Annotated[str, typer.Option(help="Folder that holds the runs.")] = "models",
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Write one HTML page: figures, curves, comparison, mistakes, costs; for phone and print."""
    chosen = chosen_runs(runs, Path(runs_dir))
    from tl_catdog.cli.live import counting
    from tl_catdog.files import write_text
    from tl_catdog.report.report import report as write

    with counting(notices(), "writing the report") as progress:
        found = write(chosen, split, progress)
    path = Path(out)
    with writing(path):
        write_text(path, found.html)
    if json:
        size = path.stat().st_size
        groups = [group.to_json() for group in found.groups]
        print_json({"path": str(path), "bytes": size, "groups": groups})
        return
    results().print(
        f"The report on {', '.join(run.name for run in chosen)} is in {path}.",
        markup=False,
        soft_wrap=True,
    )
