"""``tl-catdog evaluate``: how good one run is, on its own pictures or on others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tl_catdog.cli.output import note, notices, print_json, results, shown
from tl_catdog.data.folders import TEST, TRAIN, UNSPLIT, VALIDATION
from tl_catdog.errors import UsageError, listing
from tl_catdog.runs import ROBUSTNESS, Run, find_run, own_pictures

if TYPE_CHECKING:
    from tl_catdog.data.sets import PictureSet
    from tl_catdog.evaluation.predictions import Predictions
    from tl_catdog.evaluation.robustness import Condition

EXAMPLES = (
    "Examples: tl-catdog evaluate mobilenet; tl-catdog evaluate mobilenet --robustness; "
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
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also on the pictures made worse in eight ways.")
    ] = False,
    tta: Annotated[
        bool, typer.Option("--tta", help="Average over each picture and its mirror image.")
    ] = False,
    runs_dir: Annotated[str, typer.Option(help="Folder that holds the runs.")] = "models",
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Show how good a run is, with intervals: accuracy, calibration, each class, confusion."""
    chosen = find_run(run, Path(runs_dir))
    from tl_catdog.evaluation.comparison import compare_pair
    from tl_catdog.evaluation.metrics import evaluate as measure
    from tl_catdog.evaluation.rejection import policy_of
    from tl_catdog.evaluation.reliability import reliability

    own = data is None
    pictures = own_pictures(chosen) if data is None else _other_pictures(chosen, Path(data))
    wanted = split or _default_split(pictures.splits)
    saved = own and not again and wanted in chosen.predicted_splits()
    predictions, skipped = (
        _saved(chosen, wanted) if saved else _predict(chosen, pictures, wanted, own=own)
    )
    pair = None
    if tta:
        plain = predictions
        predictions, _ = _predict(chosen, pictures, wanted, own=own, mirror=True)
        pair = compare_pair("with --tta", predictions, "without", plain)
    conditions = _robustness(chosen, pictures, wanted, own=own) if robustness else ()
    item, trust, policy = measure(predictions), reliability(predictions), policy_of(chosen)
    if json:
        found: dict[str, Any] = {
            "run": chosen.name,
            "arch": chosen.config["arch"],
            "data": pictures.name,
            "split": wanted,
            **item.to_json(),
            **trust.to_json(),
            "temperature": chosen.temperature,
            "skipped": skipped,
        }
        if policy:
            found["selection"] = {
                "policy": policy.to_json(),
                "here": policy.select(predictions).to_json(),
            }
        if pair:
            found["tta"] = pair.to_json()
        if conditions:
            found["robustness"] = [condition.to_json() for condition in conditions]
        print_json(found)
        return
    from tl_catdog.cli.evaluation_view import evaluation_view, robustness_view, selection_line

    title = f"{chosen.name} on {wanted} of {shown(pictures.name)}, {item.n} pictures"
    out = results()
    out.print(evaluation_view(f"{title}, mirror image averaged" if tta else title, item, trust))
    if policy:
        out.print(selection_line(policy, wanted, predictions))
    if pair:
        out.print(f"{pair.sentence()}.", markup=False)
    if conditions:
        out.print(robustness_view(conditions))


def _default_split(splits: Sequence[str]) -> str:
    return next(name for name in (TEST, VALIDATION, UNSPLIT, TRAIN) if name in splits)


def _other_pictures(run: Run, root: Path) -> PictureSet:
    from tl_catdog.data.sets import load_set

    pictures = load_set(root)
    if not set(pictures.classes) <= set(run.classes):
        raise UsageError(
            f"expected pictures of {listing(run.classes)}, found {listing(pictures.classes)} "
            f"in {root}.",
            "Name folders by the classes that the run was trained on.",
        )
    return pictures


def _saved(run: Run, split: str) -> tuple[Predictions, list[dict[str, str]]]:
    from tl_catdog.evaluation.predictions import read_predictions

    skipped = [
        {"path": item["path"], "reason": item["reason"]}
        for item in run.manifest["skipped"]
        if item["split"] == split
    ]
    return read_predictions(run.predictions_path(split)), skipped


def _predict(
    run: Run, pictures: PictureSet, split: str, *, own: bool, mirror: bool = False
) -> tuple[Predictions, list[dict[str, str]]]:
    """Predict a split, and say what can't be; of the run's own, unmirrored, that is saved in it."""
    from tl_catdog.cli.live import counting
    from tl_catdog.cli.render import skipped_table
    from tl_catdog.data.sets import check_unchanged
    from tl_catdog.evaluation.predictor import Predictor, predict_examples
    from tl_catdog.files import write_text

    examples = pictures.split(split)
    if own:
        check_unchanged(examples)
    else:
        _warn_of_overlap(run, pictures, split)
    predictor = Predictor.load(run, mirror=mirror)
    with counting(notices(), "predicting") as progress:
        found = predict_examples(predictor, examples, progress)
    if found.skipped:
        notices().print(skipped_table(found.skipped, pictures.root, "all are in --json"))
    if own and not mirror:
        write_text(run.predictions_path(split), found.predictions.to_csv())
    skipped = [{"path": str(item.path), "reason": item.reason} for item in found.skipped]
    return found.predictions, skipped


def _warn_of_overlap(run: Run, pictures: PictureSet, split: str) -> None:
    """Say so if the run was trained on some of these very pictures."""
    seen = {example.digest for example in own_pictures(run).examples if example.split == TRAIN}
    known = sum(example.digest in seen for example in pictures.split(split))
    if known:
        note(f"Warning: {run.name} was trained on {known} of these pictures; the figures flatter.")


def _robustness(run: Run, pictures: PictureSet, split: str, *, own: bool) -> tuple[Condition, ...]:
    """Evaluate on worse pictures; the chart goes into the run, or here if they aren't its own."""
    from tl_catdog.cli.live import counting
    from tl_catdog.data.sets import check_unchanged
    from tl_catdog.evaluation.predictor import Predictor
    from tl_catdog.evaluation.robustness import robustness
    from tl_catdog.files import write_json
    from tl_catdog.insight.charts import write_png
    from tl_catdog.insight.plots import robustness_chart

    examples = pictures.split(split)
    if own:
        check_unchanged(examples)
    with counting(notices(), "predicting worse pictures") as progress:
        conditions = robustness(Predictor.load(run), examples, progress)
    chart = (run.path if own else Path()) / "robustness.png"
    write_png(robustness_chart(conditions), chart)
    if own:
        found = {"split": split, "conditions": [item.to_json() for item in conditions]}
        write_json(run.path / ROBUSTNESS, found)
    note(f"The chart is in {chart}.", style="dim")
    return conditions
