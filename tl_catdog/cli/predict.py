"""``tl-catdog predict``: label and probability for each picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tl_catdog.cli.output import note, notices, print_json, results, shown
from tl_catdog.cli.runs import chosen_run
from tl_catdog.data.folders import VALIDATION
from tl_catdog.errors import UsageError
from tl_catdog.runs import Run

UNSURE = "unsure"

if TYPE_CHECKING:
    from tl_catdog.evaluation.predictor import Answer
    from tl_catdog.evaluation.rejection import Policy

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
    pictures = _pictures(paths)  # not a list: memory must not grow with the folder
    first = next(pictures, None)
    if first is None:
        raise UsageError(
            f"expected pictures, found none in {' '.join(paths)}.",
            f"Type: ls {paths[0]}",
        )
    from tl_catdog.evaluation.predictor import Predictor

    predictor = Predictor.load(chosen)
    policy = _policy(chosen, precision) if reject or precision is not None else None
    tally = Counter[str]()
    for answer in predictor.answers(chain([first], pictures)):
        doubt = None
        if policy and answer.probabilities:
            doubt = policy.doubt(max(answer.probabilities.values()), answer.novelty)
        tally["bad" if answer.error else "unsure" if doubt else "given"] += 1
        if json:
            print_json(_row(answer, doubt, judged=policy is not None))
        else:
            _show(answer, doubt)
    if policy:
        note(f"Answered {tally['given']} of {tally['given'] + tally['unsure']} pictures.")
    if tally["bad"]:
        raise typer.Exit(1)


def _policy(run: Run, precision: float | None) -> Policy:
    """Choose when to answer, and say so."""
    from tl_catdog.evaluation.predictions import read_predictions
    from tl_catdog.evaluation.rejection import choose_policy

    if precision is not None and not 0 < precision < 1:
        raise UsageError(
            f"expected --precision between 0 and 1, found {precision:g}.",
            "Type: --precision 0.995",
        )
    policy = choose_policy(read_predictions(run.predictions_path(VALIDATION)), precision)
    note(f"{policy.sentence()}.", style="dim")
    return policy


def _pictures(paths: list[str]) -> Iterator[Path]:
    """Yield the files named, and the pictures in the folders named, in order."""
    from tl_catdog.data.folders import is_folder, pictures_below

    for path in map(Path, paths):
        if is_folder(path):
            yield from pictures_below(path)
        else:
            yield path


def _row(answer: Answer, doubt: str | None, *, judged: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": str(answer.path),
        "label": answer.label,
        "probabilities": answer.probabilities,
        "error": answer.error,
    }
    if judged:
        given = UNSURE if doubt else answer.label
        row.update(answer=given, doubt=doubt, novelty=answer.novelty)
    return row


def _show(answer: Answer, doubt: str | None) -> None:
    if answer.probabilities is None or answer.label is None:
        text = f"{shown(answer.path)}: {shown(answer.error)}"
        notices().print(text, style="red", markup=False, soft_wrap=True)
        return
    chance = f"{100 * answer.probabilities[answer.label]:6.2f} %"
    text = f"{shown(answer.label):<12} {chance}  {shown(answer.path)}"
    if doubt:
        why = f"{shown(answer.label)}? {chance.strip()}, {doubt}"
        text = f"{UNSURE:<12} {'':8}  {shown(answer.path)} ({why})"
    results().print(text, markup=False, soft_wrap=True)
