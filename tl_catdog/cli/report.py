"""``tl-catdog report``: runs and what is known of them, as one offline page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.options import RUNS_DIR, CommonSplit, Json, RunsDir, runs_to
from tl_catdog.cli.output import notices, print_json, say, writing
from tl_catdog.cli.runs import chosen_runs

EXAMPLES = (
    "Examples: tl-catdog report; tl-catdog report mobilenet --out mobilenet.html; "
    "tl-catdog report baseline mobilenet --split validation"
)


def report(
    runs: Annotated[list[str] | None, runs_to("report on")] = None,
    out: Annotated[str, typer.Option(help="The page.", metavar="FILE")] = "report.html",
    split: CommonSplit = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
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
        print_json({"path": path, "bytes": path.stat().st_size, "groups": found.groups})
        return
    say(f"The report on {', '.join(run.name for run in chosen)} is in {path}.")
