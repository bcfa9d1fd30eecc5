"""``tl-catdog compare``: runs side by side, and whether one is really better than another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tl_catdog.cli.options import RUNS_DIR, CommonSplit, Json, RunsDir, runs_to
from tl_catdog.cli.output import note, print_json, results
from tl_catdog.cli.runs import chosen_runs

EXAMPLES = (
    "Examples: tl-catdog compare; tl-catdog compare baseline mobilenet --split validation; "
    "tl-catdog compare --json"
)


def compare(
    runs: Annotated[list[str] | None, runs_to("compare")] = None,
    split: CommonSplit = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Put runs side by side, grouped by their data, and test each pair on the same pictures."""
    chosen = chosen_runs(runs, Path(runs_dir))
    from tl_catdog import api
    from tl_catdog.cli.render import comparison_view

    groups = api.compare(*chosen, split=split)
    if json:
        print_json({"groups": groups})
        return
    for group in groups:
        results().print(comparison_view(group))
    if len(groups) > 1:
        note("Runs on different pictures are shown apart: their figures can't be compared.")
