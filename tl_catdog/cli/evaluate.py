"""``tl-catdog evaluate``: how good one run is, on its own pictures or on others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from tl_catdog.cli.output import note, notices, print_json, results
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.errors import UsageError, listing
from tl_catdog.runs import Run, find_run, read_split

if TYPE_CHECKING:
    from tl_catdog.data.sets import Example, PictureSet
    from tl_catdog.evaluation.predictor import SplitResult

EXAMPLES = (
    "Examples: tl-catdog evaluate mobilenet; tl-catdog evaluate mobilenet --split validation; "
    "tl-catdog evaluate mobilenet --data others --json"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(evaluate)


def evaluate(
    run: Annotated[str, typer.Argument(help="Name or folder of a run.", show_default=False)],
    data: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Other labelled pictures; a folder without splits is taken whole."),
    ] = None,
    split: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Which split; default: test if there is one, else validation."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Predict anew instead of using saved predictions.")
    ] = False,
    runs_dir: Annotated[str, typer.Option(help="Folder that holds the runs.")] = "models",
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Show how good a run is: accuracy with its interval, ROC-AUC, log loss, confusion."""
    chosen = find_run(run, Path(runs_dir))
    from tl_catdog.cli.render import evaluation_view
    from tl_catdog.evaluation import metrics
    from tl_catdog.evaluation.predictions import read_predictions

    if data is None:
        name = str(chosen.manifest["data"]["name"])
        wanted = split or _default_split(tuple(chosen.manifest["data"]["counts"]))
        if again or wanted not in chosen.predicted_splits():
            _predict_own(chosen, wanted)
        predictions = read_predictions(chosen.predictions_path(wanted))
    else:
        name, wanted, found = _predict_other(chosen, Path(data), split)
        predictions = found.predictions
    item = metrics.evaluate(predictions)
    if json:
        head = {"run": chosen.name, "arch": chosen.config["arch"], "data": name, "split": wanted}
        print_json({**head, **item.to_json()})
    else:
        results().print(evaluation_view(chosen.name, name, wanted, item))


def _default_split(splits: Sequence[str]) -> str:
    return next(name for name in (TEST, VALIDATION, UNSPLIT, TRAIN) if name in splits)


def _predict_own(run: Run, split: str) -> None:
    """Predict a split of the data that the run was trained on, and save that in the run."""
    from tl_catdog.data.sets import check_unchanged, from_csv
    from tl_catdog.files import write_text

    data = run.manifest["data"]
    pictures = from_csv(read_split(run), Path(data["root"]), run.classes, drawn=data["drawn"])
    examples = pictures.split(split)
    check_unchanged(examples)
    found = _predict(run, examples, pictures.root)
    write_text(run.predictions_path(split), found.predictions.to_csv())


def _predict_other(run: Run, root: Path, split: str | None) -> tuple[str, str, SplitResult]:
    from tl_catdog.data.sets import load_set

    pictures = load_set(root)
    if not set(pictures.classes) <= set(run.classes):
        raise UsageError(
            f"expected pictures of {listing(run.classes)}, found {listing(pictures.classes)} "
            f"in {root}.",
            "Name folders by the classes that the run was trained on.",
        )
    wanted = split or _default_split(pictures.splits)
    examples = pictures.split(wanted)
    _warn_of_overlap(run, pictures, wanted)
    return pictures.name, wanted, _predict(run, examples, pictures.root)


def _warn_of_overlap(run: Run, pictures: PictureSet, split: str) -> None:
    """Say so if the run was trained on some of these very pictures."""
    from tl_catdog.data.sets import from_csv

    own = from_csv(read_split(run), pictures.root, run.classes, drawn=False)
    seen = {example.digest for example in own.examples if example.split == TRAIN}
    known = sum(example.digest in seen for example in pictures.split(split))
    if known:
        note(f"Warning: {run.name} was trained on {known} of these pictures; the figures flatter.")


def _predict(run: Run, examples: Sequence[Example], root: Path) -> SplitResult:
    from tl_catdog.cli.live import counting
    from tl_catdog.cli.render import skipped_table
    from tl_catdog.evaluation.predictor import Predictor, predict_examples

    predictor = Predictor.load(run)
    with counting(notices(), "predicting") as progress:
        found = predict_examples(predictor, examples, progress)
    if found.skipped:
        notices().print(skipped_table(found.skipped, root))
    return found
