"""``tl-catdog explain``: one figure that walks through the network for one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.given import refuse_addresses, streamed
from tl_catdog.cli.options import RUNS_DIR, Json, RunOption, RunsDir
from tl_catdog.cli.output import PNG, notices, png_file, print_json, say, writing
from tl_catdog.cli.runs import chosen_run
from tl_catdog.errors import CatdogError, ImageError, UsageError
from tl_catdog.storage.places import is_store
from tl_catdog.wording import percent

EXAMPLES = (
    "Examples: tl-catdog explain photo.jpg; "
    "tl-catdog explain photo.jpg --run baseline --class dogs --out why.png"
)

PIPED = "picture"
"""What the figure of a picture from a pipe is called after."""


def explain(
    picture: Annotated[
        str, typer.Argument(help="A picture; - for standard input.", show_default=False)
    ],
    run: RunOption = None,
    target: Annotated[
        str | None,
        typer.Option("--class", help="The class to explain; default: the most probable."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="File of the figure; default: PICTURE.explained.png, here."),
    ] = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Draw how a network comes to its answer on a picture.

    What each layer leaves of it, where the network looks (Grad-CAM), what covering parts does.
    """
    from tl_catdog.cli.sources import one_on_disk

    stored = is_store(picture)
    if not stored:
        refuse_addresses([picture], "tl-catdog explain -")
    path = one_on_disk(picture) if stored else Path(picture)
    data = None if stored else streamed(picture, "explain")
    if isinstance(data, ImageError):
        raise CatdogError(
            f"expected a picture, found {picture}: {data.message}.",
            "Type: tl-catdog explain - < photo.jpg",
        )
    chosen = chosen_run(run, Path(runs_dir))
    figure_path = _figure_path(path if data is None else Path(PIPED), out)
    from tl_catdog.api import Classifier
    from tl_catdog.cli.live import counting
    from tl_catdog.explain.figure import explain_figure
    from tl_catdog.pages.charts import write_png

    with counting(notices(), "covering parts") as progress:
        found = Classifier(chosen).explain(path if data is None else data, target, progress)
    figure = explain_figure(found, path.name)
    try:
        with writing(figure_path):
            write_png(figure, figure_path)
    finally:
        if not json:  # whether or not there is room for the figure
            answer = f"{found.label}  {percent(found.probabilities[found.label])}  {picture}"
            say(answer, found.looks, found.covering)
    if json:
        named = {"path": picture} if stored else {}
        print_json({**found.to_json(), **named, "figure": figure_path})
        return
    say(figure_path)


def _figure_path(picture: Path, out: str | None) -> Path:
    """Return where the figure goes, which must not be the picture itself."""
    path = png_file(Path(f"{picture.stem}.explained{PNG}" if out is None else out))
    if path.exists() and picture.exists() and path.samefile(picture):
        raise UsageError(
            f"expected a new file for the figure, found {path}.",
            f"Type: --out {path.stem}.explained{PNG}",
        )
    return path
