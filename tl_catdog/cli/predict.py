"""``tl-catdog predict``: label and probability for each picture."""

from __future__ import annotations

import shlex
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import RUNS_DIR, RunOption, RunsDir
from tl_catdog.cli.output import note, print_json, say
from tl_catdog.cli.runs import chosen_run
from tl_catdog.errors import UsageError
from tl_catdog.wording import count, left_out, percent, plural, printable

if TYPE_CHECKING:
    from tl_catdog.api import Prediction

EXAMPLES = (
    "Examples: tl-catdog predict photo.jpg; tl-catdog predict --run mobilenet holiday/ --json; "
    "tl-catdog predict --precision 0.99 photo.jpg"
)


def predict(
    paths: Annotated[
        list[str], typer.Argument(help="Pictures, or folders of them.", show_default=False)
    ],
    run: RunOption = None,
    runs_dir: RunsDir = RUNS_DIR,
    reject: Annotated[
        bool, typer.Option("--reject", help="Answer 'unsure' for doubtful or unfamiliar pictures.")
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(
            help="Part of the answers that must be right; implies --reject, which asks for 0.995.",
            metavar="X",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON a picture.")] = False,
) -> None:
    """Say what is in each picture. A bad file is named, the others still get their answers."""
    chosen = chosen_run(run, Path(runs_dir))
    from tl_catdog.api import Classifier, image_sources

    others = Counter[str]()
    pictures = image_sources(paths, others)  # not a list: memory must not grow with the folder
    first = next(pictures, None)
    if first is None:
        instead = f" ({left_out(others)})" if others else ""
        raise UsageError(
            f"expected pictures, found none in {' '.join(paths)}{instead}.",
            f"Type: ls {shlex.quote(paths[0])}",
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
            print_json(said)
        else:
            _show(said)
    if others:
        note(left_out(others), style="dim")
    if policy:
        readable = plural(tally["given"] + tally["unsure"], "picture")
        note(f"Answered {count(tally['given'])} of {readable}.")
    if tally["bad"]:
        raise typer.Exit(1)


def _show(said: Prediction) -> None:
    if said.probabilities is None or said.label is None:
        note(f"{said.path}: {said.error}", style="red")
        return
    label = printable(said.label)
    chance = percent(said.probabilities[said.label])
    if said.doubt:
        say(f"{said.answer:<12} {'':8}  {said.path} ({label}? {chance}, {said.doubt})")
    else:
        say(f"{label:<12} {chance:>8}  {said.path}")
