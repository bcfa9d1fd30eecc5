"""``tl-catdog predict``: label and probability for each picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tl_catdog.cli.output import note, notices, print_json, results, shown
from tl_catdog.errors import UsageError
from tl_catdog.runs import find_run, latest_run

if TYPE_CHECKING:
    from tl_catdog.evaluation.predictor import Answer

EXAMPLES = (
    "Examples: tl-catdog predict photo.jpg; tl-catdog predict --run mobilenet holiday/ --json"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(predict)


def predict(
    paths: Annotated[
        list[str], typer.Argument(help="Pictures, or folders of them.", show_default=False)
    ],
    run: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Name or folder of a run; default: the newest."),
    ] = None,
    runs_dir: Annotated[str, typer.Option(help="Folder that holds the runs.")] = "models",
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON a picture.")] = False,
) -> None:
    """Say what is in each picture. A bad file is named, the others still get their answers."""
    folder = Path(runs_dir)
    chosen = find_run(run, folder) if run else latest_run(folder)
    pictures = _pictures(paths)  # not a list: memory must not grow with the folder
    first = next(pictures, None)
    if first is None:
        raise UsageError(
            f"expected pictures, found none in {' '.join(paths)}.",
            f"Type: ls {paths[0]}",
        )
    if run is None:
        note(f"Using the newest run, {chosen.name}; --run names another.", style="dim")
    from tl_catdog.evaluation.predictor import Predictor

    bad = 0
    for answer in Predictor.load(chosen).answers(chain([first], pictures)):
        bad += answer.error is not None
        if json:
            print_json(_row(answer))
        else:
            _show(answer)
    if bad:
        raise typer.Exit(1)


def _pictures(paths: list[str]) -> Iterator[Path]:
    """Yield the files named, and the pictures in the folders named, in order."""
    from tl_catdog.data.folders import pictures_below

    for path in map(Path, paths):
        if path.is_dir():
            yield from pictures_below(path)
        else:
            yield path


def _row(answer: Answer) -> dict[str, Any]:
    return {
        "path": str(answer.path),
        "label": answer.label,
        "probabilities": answer.probabilities,
        "error": answer.error,
    }


def _show(answer: Answer) -> None:
    if answer.probabilities is None or answer.label is None:
        text = f"{shown(answer.path)}: {shown(answer.error)}"
        notices().print(text, style="red", markup=False, soft_wrap=True)
        return
    chance = f"{100 * answer.probabilities[answer.label]:6.2f} %"
    text = f"{shown(answer.label):<12} {chance}  {shown(answer.path)}"
    results().print(text, markup=False, soft_wrap=True)
