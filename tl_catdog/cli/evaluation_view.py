"""What ``evaluate`` shows people; it reads well at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from tl_catdog.cli.output import printable
from tl_catdog.cli.render import heading, percent, table
from tl_catdog.evaluation.metrics import Metrics
from tl_catdog.evaluation.reliability import BINS, Reliability
from tl_catdog.evaluation.robustness import Condition
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import Policy
from tl_catdog.statistics import RESAMPLES, Estimate

LEGEND = (
    f"Brackets hold 95 % intervals: Wilson's for proportions, else of {RESAMPLES} bootstrap "
    "resamples. Precision: of the pictures called so, the part that is; recall: of those that are, "
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
        heading(f"Reliability: {BINS} groups of equally many pictures, least sure first"),
        _bins(trust),
        Text(LEGEND, style="dim"),
    )


def _figures(item: Metrics, trust: Reliability) -> RenderableType:
    rows = table()
    rows.add_column("figure")
    rows.add_column("value", justify="right")
    rows.add_column("95 % interval")
    rows.add_column("meaning", style="dim")
    low, high = percent(item.accuracy_ci.low), percent(item.accuracy_ci.high)
    accuracy = f"{percent(item.accuracy, 2)} %"
    rows.add_row("accuracy", accuracy, f"{low}–{high} %", "the part that is right")
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


def _part(figure: Estimate | None) -> str:
    return "–" if figure is None else f"{str(figure).replace(' %', '')} of {figure.n}"


def _classes(trust: Reliability) -> RenderableType:
    rows = table()
    for name in ("class", "precision, %", "recall, %", "F1, %"):
        rows.add_column(name, justify="left" if name == "class" else "right")
    for item in trust.per_class:
        f1 = "–" if item.f1 is None else str(item.f1).replace(" %", "")
        rows.add_row(printable(item.label), _part(item.precision), _part(item.recall), f1)
    return rows


def _confusion(item: Metrics) -> RenderableType:
    rows = table()
    rows.add_column("")
    for label in item.classes:
        rows.add_column(printable(label), justify="right")
    for truth, (label, row) in enumerate(zip(item.classes, item.confusion, strict=True)):
        cells = [
            Text(str(cell), style="green" if truth == said else "red" if cell else "dim")
            for said, cell in enumerate(row)
        ]
        rows.add_row(printable(label), *cells)
    return rows


def _bins(trust: Reliability) -> RenderableType:
    rows = table()
    for name in ("n", "sureness, %", "mean", "right, %"):
        rows.add_column(name, justify="right")
    for item in trust.bins:
        ends = f"{percent(item.low, 2)}–{percent(item.high, 2)}"
        right = str(item.accuracy).replace(" %", "")
        rows.add_row(str(item.n), ends, percent(item.confidence, 2), right)
    return rows


def selection_line(policy: Policy, split: str, predictions: Predictions) -> RenderableType:
    """Return what came of answering only where the validation pictures allow it."""
    asked = f"With predict --precision {policy.precision:.4g}: "
    return Text(asked + policy.select(predictions).sentence(printable(split)) + ".")


def robustness_view(conditions: Sequence[Condition]) -> RenderableType:
    """Return accuracy under each corruption, and what that costs against the plain pictures."""
    plain, *others = conditions
    rows = table()
    rows.add_column("pictures")
    rows.add_column("accuracy, %", justify="right")
    rows.add_column("lost, points", justify="right")
    rows.add_row("as they are", str(plain.accuracy).replace(" %", ""), "")
    for item in sorted(others, key=lambda item: -item.accuracy.value):
        lost = str(item.lost).replace(" %", "").replace("-", "−")
        rows.add_row(item.name, str(item.accuracy).replace(" %", ""), lost)
    title = f"Robustness: the same {plain.accuracy.n} pictures, made worse"
    return Lines(heading(title), rows)
