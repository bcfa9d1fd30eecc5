"""``tl-catdog predict``: label and probability for each picture."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from tl_catdog.cli.output import note, notices, print_json, printable, results
from tl_catdog.cli.runs import chosen_run
from tl_catdog.errors import UsageError

if TYPE_CHECKING:
    from tl_catdog.api import Prediction

EXAMPLES = (
    "Examples: tl-catdog predict photo.jpg; tl-catdog predict --run mobilenet holiday/ --json; "
    "tl-catdog predict --precision 0.99 photo.jpg"
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
    reject: Annotated[
        bool, typer.Option("--reject", help="Answer 'unsure' for doubtful or unfamiliar pictures.")
    ] = False,
    precision: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            help="Part of the answers that must be right; implies --reject, which takes 0.995.",
            metavar="X",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON a picture.")] = False,
) -> None:
    """Say what is in each picture. A bad file is named, the others still get their answers."""
    chosen = chosen_run(run, Path(runs_dir))
    from tl_catdog.api import Classifier, image_sources

    pictures = image_sources(paths)  # not a list: memory must not grow with the folder
    first = next(pictures, None)
    if first is None:
        raise UsageError(
            f"expected pictures, found none in {' '.join(paths)}.",
            f"Type: ls {paths[0]}",
        )
    classifier = Classifier(chosen)
    policy = None
    if reject or precision is not None:
        policy = classifier.policy(precision)
        note(f"{policy.sentence()}.", style="dim")
    tally = Counter[str]()
    for said in classifier.stream(chain([first], pictures), policy):
        tally["bad" if said.error else "unsure" if said.doubt else "given"] += 1
        if json:
            print_json(said.to_json())
        else:
            _show(said)
    if policy:
        note(f"Answered {tally['given']} of {tally['given'] + tally['unsure']} pictures.")
    if tally["bad"]:
        raise typer.Exit(1)


def _show(said: Prediction) -> None:
    if said.probabilities is None or said.label is None:
        text = f"{printable(said.path)}: {printable(said.error)}"
        notices().print(text, style="red", markup=False, soft_wrap=True)
        return
    chance = f"{100 * said.probabilities[said.label]:6.2f} %"
    text = f"{printable(said.label):<12} {chance}  {printable(said.path)}"
    if said.doubt:
        why = f"{printable(said.label)}? {chance.strip()}, {said.doubt}"
        text = f"{said.answer:<12} {'':8}  {printable(said.path)} ({why})"
    results().print(text, markup=False, soft_wrap=True)
