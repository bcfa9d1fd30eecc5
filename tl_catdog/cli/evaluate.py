"""``tl-catdog evaluate``: how good one run is, on its own pictures or on others."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tl_catdog.cli.options import (
    RUNS_DIR,
    Features,
    Json,
    LabelColumn,
    LabelPattern,
    Labels,
    RunName,
    RunsDir,
    file_option,
)
from tl_catdog.cli.output import note, notices, print_json, results, writing
from tl_catdog.errors import UsageError, listing
from tl_catdog.wording import count, left_out, plural

if TYPE_CHECKING:
    from tl_catdog.api import Classifier, EvaluationResult
    from tl_catdog.evaluation.robustness import Condition

EXAMPLES = (
    "Examples: tl-catdog evaluate mobilenet; tl-catdog evaluate mobilenet --robustness; "
    "tl-catdog evaluate mobilenet --data others --map Cat=cats --map Dog=dogs; "
    "tl-catdog evaluate mobilenet --features s3://bucket/features"
)


def evaluate(
    run: RunName,
    data: Annotated[
        str | None,
        typer.Option(help="Other labelled pictures; a folder without splits is taken whole."),
    ] = None,
    features: Features = None,
    split: Annotated[
        str | None,
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
    labels: Labels = None,
    label_column: LabelColumn = None,
    label_pattern: LabelPattern = None,
    label_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Class of a name in --data; nothing after = leaves it out. May be repeated.",
            metavar="NAME=CLASS",
            show_default=False,
        ),
    ] = None,
    confusion: Annotated[
        str | None, file_option("Write the whole confusion matrix to this CSV file.")
    ] = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Show how good a run is, with intervals: accuracy, calibration, each class, confusion."""
    from tl_catdog.api import load
    from tl_catdog.cli.live import counting
    from tl_catdog.cli.sources import on_disk
    from tl_catdog.data.label_map import read_map
    from tl_catdog.data.labelling import Labelling
    from tl_catdog.evaluation.comparison import compare_pair

    if features is not None and robustness:
        raise UsageError(
            "expected pictures for --robustness, which makes them worse, found --features.",
            f"Type: tl-catdog evaluate {shlex.quote(run)} --robustness --data DIR",
        )
    if features is not None and data is not None:
        raise UsageError(
            "expected pictures or their features, found --data and --features.", "Leave one out"
        )
    classifier = load(run, runs_dir=runs_dir)
    if data is not None:
        data = str(on_disk(data))
    read: dict[str, Any] = {
        "how": Labelling(labels, label_column, label_pattern),
        "label_map": read_map(label_map or ()),
        "features": features,
    }
    with counting(notices(), "predicting") as progress:
        found = classifier.evaluate(data, **read, split=split, again=again, progress=progress)
    _warn(found)
    pair = None
    if tta:
        with counting(notices(), "predicting") as progress:
            plain, found = (
                found,
                classifier.evaluate(
                    data, **read, split=found.split, mirror=True, progress=progress
                ),
            )
        pair = compare_pair("with --tta", found.predictions, "without", plain.predictions)
    conditions: tuple[Condition, ...] = ()
    if robustness:
        read.pop("features")
        conditions = _robustness(classifier, data, read, found.split)
    if confusion is not None:
        _write_confusion(found, Path(confusion))
    if json:
        extra: dict[str, Any] = {}
        if pair:
            extra["tta"] = pair
        if conditions:
            extra["robustness"] = conditions
        print_json({**found.to_json(), **extra})
        return
    from tl_catdog.cli.evaluation_view import evaluation_view, robustness_view, selection_line
    from tl_catdog.cli.render import cell

    images = plural(found.metrics.n, "picture")
    judged = "out-of-fold predictions" if found.out_of_fold else found.split
    title = f"{found.run.name} on {judged} of {found.data}, {images}"
    title += ", mirror image averaged" if tta else ""
    out = results()
    out.print(evaluation_view(title, found.metrics, found.calibration))
    if found.policy:
        out.print(selection_line(found.policy, found.split, found.predictions))
    if pair:
        out.print(cell(f"{pair.sentence()}."))
    if conditions:
        out.print(robustness_view(conditions))


def _write_confusion(found: EvaluationResult, path: Path) -> None:
    from tl_catdog.files import write_text

    with writing(path, "--confusion"):
        write_text(path, found.metrics.confusion_csv())
    note(f"The confusion matrix is in {path}.", style="dim")


def _warn(found: EvaluationResult) -> None:
    """Say what the figures leave out, and whether they flatter."""
    from tl_catdog.cli.render import skipped_table
    from tl_catdog.data.folders import UNSPLIT

    if found.skipped:
        notices().print(skipped_table(found.skipped, found.root, "all are in --json"))
    for line in found.notes:
        note(line, style="dim")
    if found.left_out:
        note(left_out(found.left_out), style="dim")
    absent = found.absent()
    if absent and found.metrics.auc is None:
        images = "pictures" if found.split == UNSPLIT else f"{found.split} pictures"
        note(f"There is no AUC: {found.data} has no {images} of {listing(absent)}.")
    if found.trained_on:
        note(
            f"Warning: {found.run.name} was trained on {count(found.trained_on)} of these "
            "pictures; the figures flatter."
        )


def _robustness(
    classifier: Classifier, data: str | None, read: Mapping[str, Any], split: str
) -> tuple[Condition, ...]:
    """Evaluate on worse pictures; the chart goes into the run, or here if they aren't its own."""
    from tl_catdog.cli.live import counting
    from tl_catdog.pages.charts import write_png
    from tl_catdog.report.plots import robustness_chart

    with counting(notices(), "predicting worse pictures") as progress:
        conditions = classifier.robustness(data, **read, split=split, progress=progress)
    chart = (classifier.run.path if data is None else Path()) / "robustness.png"
    try:
        write_png(robustness_chart(conditions), chart)
        note(f"The chart is in {chart}.", style="dim")
    except OSError as error:  # the figures are what was asked for
        note(f"Not kept: {chart.absolute().parent} can't be written to ({error.strerror}).")
    return conditions
