"""What ``evaluate`` shows people; it reads well at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from tl_catdog.cli.render import cell, heading, table
from tl_catdog.evaluation.metrics import Metrics
from tl_catdog.evaluation.reliability import Reliability
from tl_catdog.evaluation.robustness import Condition
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import Policy
from tl_catdog.statistics import Estimate
from tl_catdog.wording import count, estimate, percent, percent_range, points_estimate

LEGEND = (
    "Brackets hold 95 % intervals. Precision: of the pictures called so, the part that is; recall: of those that are, "
    "the part called so; F1: both in one."
)


def evaluation_view(title: str, item: Metrics, trust: Reliability) -> RenderableType:
    """Return an evaluation: its figures, each class, the confusion matrix, the reliability."""
    return Lines(
        heading(title),
        _figures(item, trust),
        _classes(trust),
        heading("Confusion: rows are what is true, columns what it said"),
        _confusion(item),
        heading(f"Reliability: {len(trust.bins)} groups of equally many pictures, least sure first"),
        _bins(trust),
        Text(LEGEND, style="dim"),
    )


def _figures(item: Metrics, trust: Reliability) -> RenderableType:
    rows = table()
    rows.add_column("figure")
    rows.add_column("value", justify="right")
    rows.add_column("95 % interval")
    rows.add_column("meaning", style="dim")
    span = f"{percent_range(item.accuracy_ci.low, item.accuracy_ci.high)} %"
    rows.add_row("accuracy", percent(item.accuracy), span, "the part that is right")
    for name, figure, meaning in (
        ("ROC-AUC", trust.auc, "1 is perfect, 0.5 is guessing"),
        ("log loss", trust.log_loss, "0 is perfect; punishes sure mistakes"),
        ("ECE", trust.ece, "how far sureness is off; 0 is perfect"),
        ("Brier", trust.brier, "0 is perfect, 0.25 a coin"),
    ):
        if figure is not None:
            rows.add_row(name, *_plain(figure), meaning)
    return rows


def _plain(figure: Estimate) -> tuple[str, str]:
    """Return a figure that is no percentage, and its interval."""
    low, high = figure.interval.low, figure.interval.high
    return f"{figure.value:.4f}", f"{low:.4f}–{high:.4f}"


def _unsigned(figure: Estimate | None) -> str:
    """Return a proportion with its interval, for a column that is headed "%"."""
    if figure is None:
        return "–"
    return estimate(figure.value, figure.interval.low, figure.interval.high, sign="")


def _part(figure: Estimate | None) -> str:
    return "–" if figure is None else f"{_unsigned(figure)} of {count(figure.n)}"


def _classes(trust: Reliability) -> RenderableType:
    rows = table()
    for name in ("class", "precision, %", "recall, %", "F1, %"):
        rows.add_column(name, justify="left" if name == "class" else "right")
    for item in trust.per_class:
        parts = _part(item.precision), _part(item.recall)
        rows.add_row(cell(item.label), *parts, _unsigned(item.f1))
    return rows


def _confusion(item: Metrics) -> RenderableType:
    rows = table()
    rows.add_column("")
    for label in item.classes:
        rows.add_column(cell(label), justify="right")
    for truth, (label, row) in enumerate(zip(item.classes, item.confusion, strict=True)):
        cells = [
            Text(count(number), style="green" if truth == said else "red" if number else "dim")
            for said, number in enumerate(row)
        ]
        rows.add_row(cell(label), *cells)
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
    asked = f"With predict --precision {policy.precision:.4g}: "
    return cell(f"{asked}{policy.select(predictions).sentence(split)}.")


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
