"""``tl-catdog predict``: label and probability for each picture."""

from __future__ import annotations

import contextlib
import shlex
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.given import GivenImages
from tl_catdog.cli.options import RUNS_DIR, RunOption, RunsDir, file_option
from tl_catdog.cli.output import note, on_ctrl_c, print_json, say, writing
from tl_catdog.cli.prediction_table import most_probable, table
from tl_catdog.cli.runs import chosen_run
from tl_catdog.errors import UsageError
from tl_catdog.wording import count, left_out, plural, printable, probability

if TYPE_CHECKING:
    from tl_catdog.api import Prediction

EXAMPLES = (
    "Examples: tl-catdog predict photo.jpg; tl-catdog predict --run mobilenet holiday/ --json; "
    "tl-catdog predict --precision 0.99 photo.jpg; tl-catdog predict holiday/ --csv answers.csv; "
    "tl-catdog predict - < photo.jpg"
)


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, or folders of them; - for one on standard input.", show_default=False
        ),
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
    top: Annotated[
        int | None,
        typer.Option(help="Show so many of the most probable classes.", min=1, metavar="K"),
    ] = None,
    csv: Annotated[
        str | None, file_option("Write the answers to this CSV file instead of showing them.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON a picture.")] = False,
) -> None:
    """Say what is in each picture. A bad file is named, the others still get their answers."""
    given = GivenImages(paths)
    chosen = chosen_run(run, Path(runs_dir))
    from tl_catdog.api import Classifier

    sources = given.sources()  # not a list: memory must not grow with the folder
    first = next(sources, None)
    if first is None:
        instead = f" ({left_out(given.left_out)})" if given.left_out else ""
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
    with contextlib.ExitStack() as stack:
        add = None
        if csv is not None:
            stack.enter_context(on_ctrl_c(lambda: f"Interrupted; {_written(tally, csv)}"))
            stack.enter_context(writing(Path(csv), "--csv"))
            add = stack.enter_context(table(Path(csv), classifier.classes, top))
        for said in map(given.named, classifier.stream(chain([first], sources), policy)):
            tally["bad" if said.error else "unsure" if said.doubt else "given"] += 1
            if add is not None:
                add(said)
            if json:
                print_json({**said.to_json(), **_ranked(said, top)})
            elif said.error:
                note(f"{said.place}: {said.error}", style="red")
            elif add is None:
                _show(said, top)
    if csv is not None:
        note(_written(tally, csv), style="dim")
    if given.left_out:
        note(left_out(given.left_out), style="dim")
    if policy:
        readable = plural(tally["given"] + tally["unsure"], "picture")
        note(f"Answered {count(tally['given'])} of {readable}.")
    if tally["bad"]:
        raise typer.Exit(1)


def _written(tally: Counter[str], csv: str) -> str:
    return f"{plural(tally.total(), 'row')} in {csv}."


def _ranked(said: Prediction, top: int | None) -> dict[str, object]:
    """Return what ``--top`` adds to a line of JSON."""
    if top is None:
        return {}
    ranked = [{"label": name, "probability": p} for name, p in most_probable(said, top)]
    return {"top": ranked if said.probabilities else None}


def _show(said: Prediction, top: int | None) -> None:
    if said.probabilities is None or said.label is None:
        return
    label = printable(said.label)
    chance = probability(said.probabilities[said.label])
    if said.doubt:
        say(f"{said.answer:<12} {'':9}  {said.place} ({label}? {chance}, {said.doubt})")
    else:
        say(f"{label:<12} {chance:>9}  {said.place}")
    for name, p in most_probable(said, top or 1)[1:]:
        say(f"  {printable(name):<10} {probability(p):>9}")
