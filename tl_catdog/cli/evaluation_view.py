"""What ``evaluate`` shows people; it reads well at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from tl_catdog.cli.class_tables import ROWS, FirstThatFits, confusion_view
from tl_catdog.cli.render import cell, heading, table
from tl_catdog.evaluation.metrics import Metrics
from tl_catdog.evaluation.reliability import ClassFigures, Reliability
from tl_catdog.evaluation.robustness import Condition
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import Policy
from tl_catdog.statistics import Estimate
from tl_catdog.wording import count, estimate, percent, percent_range, points_estimate

LEGEND = (
    "Brackets hold 95 % intervals. Precision: of the pictures called so, the part that is; recall: "
    "of those that are, the part called so; F1: both in one. An ECE of 0 says: no further off than "
    "chance alone would be."
)
WORST = 10
"""So many classes are shown where there are too many for all; --json and the report have them."""


def evaluation_view(title: str, item: Metrics, trust: Reliability) -> RenderableType:
    """Return an evaluation: its figures, each class, the confusion matrix, the reliability."""
    return Lines(
        heading(title),
        _figures(item, trust),
        _classes(trust),
        confusion_view(item),
        heading(f"Reliability: {len(trust.bins)} groups of about as many, least sure first"),
        _bins(trust),
        Text(LEGEND, style="dim"),
    )


def _figures(item: Metrics, trust: Reliability) -> RenderableType:
    rows = table()
    rows.add_column("figure")
    rows.add_column("value", justify="right")
    rows.add_column("95 % interval")
    rows.add_column("meaning", style="dim", overflow="fold")
    span = f"{percent_range(item.accuracy_ci.low, item.accuracy_ci.high)} %"
    rows.add_row("accuracy", percent(item.accuracy), span, "the part that is right")
    if item.unequal:
        means = "mean recall of the classes, each counting the same"
        rows.add_row("balanced", *_percent(item.balanced_accuracy), means)
    if item.top5_accuracy is not None:
        rows.add_row("top 5", *_percent(item.top5_accuracy), "among the five most probable")
    off = "how far off sureness is, chance taken out"
    for name, figure, meaning in (
        ("ROC-AUC", trust.auc, "1 is perfect, 0.5 is guessing"),
        ("log loss", trust.log_loss, "0 is perfect; punishes sure mistakes"),
        ("ECE", trust.ece, off),
        ("Brier", trust.brier, "0 is perfect, 0.25 a coin"),
    ):
        if figure is not None:
            rows.add_row(name, *_plain(figure), meaning)
    return rows


def _percent(figure: Estimate) -> tuple[str, str]:
    """Return a proportion and its interval."""
    return percent(figure.value), f"{percent_range(figure.interval.low, figure.interval.high)} %"


def _plain(figure: Estimate) -> tuple[str, str]:
    """Return a figure that is no percentage, and its interval."""
    low, high = figure.interval.low, figure.interval.high
    return f"{figure.value:.4f}", f"{low:.4f}–{high:.4f}"


def _unsigned(figure: Estimate | None) -> str:
    """Return a proportion with its interval, for a column that is headed "%"."""
    if figure is None:
        return "–"
    return estimate(figure.value, figure.interval.low, figure.interval.high, sign="")


def _classes(trust: Reliability) -> RenderableType:
    found = trust.per_class
    if len(found) <= ROWS:
        return _class_rows(found)
    known = [item for item in found if item.recall is not None]
    known.sort(key=lambda item: (item.recall.value, -item.recall.n) if item.recall else (0.0, 0))
    title = (
        f"The {WORST} of {len(found)} classes that it misses most; all: --json, tl-catdog report"
    )
    return Lines(heading(title), _class_rows(known[:WORST]))


def _class_rows(found: Sequence[ClassFigures]) -> RenderableType:
    """Return the classes with all their figures, or, where names leave no room, without F1."""
    return FirstThatFits((_class_table(found, f1=True), _class_table(found, f1=False)))


def _class_table(found: Sequence[ClassFigures], *, f1: bool) -> RenderableType:
    rows = table()
    rows.add_column("class", overflow="fold")
    for name in ("n", "recall, %", "called", "precision, %", *(["F1, %"] if f1 else [])):
        rows.add_column(name, justify="right", no_wrap=True)
    for item in found:
        row = [cell(item.label)]
        for part in (item.recall, item.precision):
            row += [cell("0" if part is None else count(part.n)), cell(_unsigned(part))]
        rows.add_row(*row, *([_unsigned(item.f1)] if f1 else []))
    return rows


def _bins(trust: Reliability) -> RenderableType:
    rows = table()
    for name in ("n", "sureness, %", "mean", "right, %"):
        rows.add_column(name, justify="right")
    for item in trust.bins:
        sureness = percent_range(item.low, item.high), percent(item.confidence, sign="")
        rows.add_row(count(item.n), *sureness, _unsigned(item.accuracy))
    return rows


def selection_line(policy: Policy, split: str, predictions: Predictions) -> RenderableType:
    """Return what came of answering only where the validation pictures allow it."""
    done = policy.select(predictions).sentence(split)
    return cell(f"With predict --reject: {done}. {policy.promise()}.")


def robustness_view(conditions: Sequence[Condition]) -> RenderableType:
    """Return accuracy under each corruption, and what that costs against the plain pictures."""
    plain, *others = conditions
    rows = table()
    rows.add_column("pictures")
    rows.add_column("accuracy, %", justify="right")
    rows.add_column("lost, points", justify="right")
    rows.add_row("as they are", _unsigned(plain.accuracy), "")
    for item in sorted(others, key=lambda item: -item.accuracy.value):
        interval = item.lost.interval
        lost = points_estimate(item.lost.value, interval.low, interval.high, unit="")
        rows.add_row(item.name, _unsigned(item.accuracy), lost)
    title = f"Robustness: the same {count(plain.accuracy.n)} pictures, made worse"
    return Lines(heading(title), rows)
