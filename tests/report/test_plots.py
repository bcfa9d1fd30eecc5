"""Charts of an evaluation draw the values that they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tl_catdog.evaluation.metrics import Metrics, compute_metrics
from tl_catdog.evaluation.reliability import Bin, Reliability
from tl_catdog.evaluation.robustness import Condition
from tl_catdog.models.forward import PLAIN
from tl_catdog.pages.charts import BLUE, GREY, ORANGE
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.report.plots import (
    WIDTH,
    confusion_chart,
    learning_chart,
    reliability_chart,
    robustness_chart,
)
from tl_catdog.statistics import Estimate, Interval


def estimate(value: float, low: float, high: float, n: int = 18) -> Estimate:
    return Estimate(value, Interval(low, high), n)


def only_axes(figure: Figure) -> Axes:
    (axes,) = figure.axes
    assert figure.get_size_inches()[0] == pytest.approx(WIDTH)
    return axes


def points(line: Any) -> list[list[float]]:
    return [[float(x), float(y)] for x, y in line.get_xydata()]


def whiskers(found: ErrorbarContainer, axis: int) -> npt.NDArray[np.float64]:
    """Return each whisker's ends along an axis, (N, 2)."""
    (bars,) = found.lines[2]
    assert isinstance(bars, LineCollection)
    return np.array([np.asarray(segment)[:, axis] for segment in bars.get_segments()])


def ticks(axis: Any, values: list[float]) -> list[str]:
    return [axis.get_major_formatter()(value) for value in values]


def reliability(*bins: tuple[float, Estimate]) -> Reliability:
    some = estimate(0.1, 0, 0.2)
    found = tuple(Bin(item.n, sure, sure, sure, item) for sure, item in bins)
    return Reliability(some, 0.1, some, some, None, found, ())


def test_reliability_is_a_point_with_its_interval_for_each_bin() -> None:
    bins = (
        (0.55, estimate(0.5, 0.31, 0.7)),
        (0.8, estimate(0.9, 0.6, 0.97)),
        (0.99, estimate(1.0, 0.85, 1.0)),
    )
    axes = only_axes(reliability_chart(reliability(*bins)))
    (drawn,) = (item for item in axes.containers if isinstance(item, ErrorbarContainer))
    assert points(drawn.lines[0]) == [[0.55, 0.5], [0.8, 0.9], [0.99, 1.0]]
    wanted = [[item.interval.low, item.interval.high] for _, item in bins]
    assert whiskers(drawn, 1) == pytest.approx(np.array(wanted))
    assert to_hex(drawn.lines[0].get_color()) == BLUE


@pytest.mark.parametrize(
    ("sure", "accuracy", "low"),
    [(0.55, estimate(0.5, 0.31, 0.7), 0.31), (0.25, estimate(0.5, 0.31, 0.7), 0.25)],
)
def test_the_diagonal_is_where_answers_are_as_often_right_as_sure(
    sure: float, accuracy: Estimate, low: float
) -> None:
    bins = ((0.99, estimate(1.0, 0.85, 1.0)), (sure, accuracy))
    axes = only_axes(reliability_chart(reliability(*bins)))
    (diagonal,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert points(diagonal) == [[low, low], [1, 1]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("how sure", "how often right")
    assert ticks(axes.xaxis, [0.5, 1]) == ticks(axes.yaxis, [0.5, 1])
    assert ticks(axes.xaxis, [1])[0].startswith("100")
    assert ticks(axes.xaxis, [1])[0].endswith(" %")


def test_a_value_that_rounding_put_outside_its_interval_has_no_whisker_there() -> None:
    found = reliability((0.9, estimate(1.0, 0.8, 1.0 - 1e-12)), (0.6, estimate(0.0, 1e-12, 0.3)))
    axes = only_axes(reliability_chart(found))
    (drawn,) = (item for item in axes.containers if isinstance(item, ErrorbarContainer))
    assert whiskers(drawn, 1) == pytest.approx(np.array([[0.8, 1.0], [0.0, 0.3]]))


CONDITIONS = [
    Condition(PLAIN, estimate(0.9, 0.7, 0.95), estimate(0, 0, 0)),
    Condition("noise", estimate(0.4, 0.2, 0.61), estimate(0.5, 0.2, 0.8)),
    Condition("blur", estimate(0.6, 0.4, 0.8), estimate(0.3, 0.1, 0.5)),
]


def test_robustness_is_a_bar_with_its_interval_for_each_condition_worst_first() -> None:
    axes = only_axes(robustness_chart(CONDITIONS))
    (bars,) = (item for item in axes.containers if isinstance(item, BarContainer))
    boxes = [patch for patch in bars.patches if isinstance(patch, Rectangle)]
    assert [box.get_width() for box in boxes] == [0.4, 0.6, 0.9]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["noise", "blur", PLAIN]
    assert [to_hex(box.get_facecolor()) for box in boxes] == [BLUE, BLUE, ORANGE]
    assert bars.errorbar is not None
    wanted = np.array([[0.2, 0.61], [0.4, 0.8], [0.7, 0.95]])
    assert whiskers(bars.errorbar, 0) == pytest.approx(wanted)
    assert axes.get_xlim() == (0, 1)
    assert ticks(axes.xaxis, [1])[0].endswith(" %")


def test_robustness_says_how_many_pictures_and_grows_with_the_conditions() -> None:
    few, many = robustness_chart(CONDITIONS[:1]), robustness_chart(CONDITIONS)
    assert "18 pictures" in only_axes(many).get_title(loc="left")
    assert many.get_size_inches()[1] - few.get_size_inches()[1] == pytest.approx(2 * 0.33)


ROWS: list[dict[str, Any]] = [
    {"stage": "frozen", "loss": 0.9, "val_loss": 1.1, "accuracy": 0.5, "val_accuracy": 0.4},
    {"stage": "frozen", "loss": 0.6, "val_loss": 0.8, "accuracy": 0.7, "val_accuracy": 0.65},
    {"stage": "tuned", "loss": 0.3, "val_loss": 0.85, "accuracy": 0.9, "val_accuracy": 0.6},
]


@pytest.mark.parametrize("key", ["loss", "accuracy"])
def test_learning_is_a_line_of_training_and_one_of_validation(key: str) -> None:
    axes = only_axes(learning_chart(ROWS, key))
    lines = {str(line.get_label()): line for line in axes.lines}
    for label, name, colour in (("training", key, GREY), ("validation", f"val_{key}", BLUE)):
        assert points(lines[label]) == [[n, row[name]] for n, row in enumerate(ROWS, start=1)]
        assert lines[label].get_color() == colour
    assert axes.get_title(loc="left") == key.capitalize()
    assert axes.get_xlabel() == "epoch"
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "validation"]


def test_a_dotted_line_stands_between_the_stages_only() -> None:
    stages = ["frozen", "frozen", "tuned", "tuned", "last"]
    rows = [{**ROWS[0], "stage": stage} for stage in stages]
    for shown, wanted in ((rows, [2.5, 4.5]), (rows[:2], []), (rows[:1], [])):
        lines = only_axes(learning_chart(shown, "loss")).lines
        places = [points(line)[0][0] for line in lines if line.get_linestyle() == ":"]
        assert places == wanted


def confusion(names: list[str], matrix: npt.NDArray[np.int64]) -> Metrics:
    pairs = [(i, j) for i, row in enumerate(matrix) for j, n in enumerate(row) for _ in range(n)]
    labels, said = np.array(pairs).T
    some = tuple(map(str, range(len(labels))))
    return compute_metrics(Predictions(tuple(names), some, some, labels, np.eye(len(names))[said]))


def test_confusion_is_a_cell_for_each_pair_right_ones_blue_and_mistakes_orange() -> None:
    matrix = np.diag([4, 2, 3])
    matrix[0, 2] = 1
    figure = confusion_chart(confusion(["ant", "bee", "cat"], matrix))
    (axes,) = figure.axes
    (image,) = axes.images
    shown = np.asarray(image.get_array())
    assert shown.shape == (3, 3, 3)
    assert shown[1, 1] == pytest.approx(to_rgb(BLUE))
    assert shown[0, 1] == pytest.approx((1, 1, 1))
    strong = np.array(to_rgb(ORANGE))
    assert shown[0, 2] == pytest.approx(1 - 0.4 * (1 - strong))  # a fifth of its class
    found = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts}
    assert found == {(0, 0): "4", (0, 2): "1", (1, 1): "2", (2, 2): "3"}


@pytest.mark.parametrize("classes", [11, 37, 89, 200])
def test_names_at_the_confusion_are_legible_and_as_they_are(classes: int) -> None:
    """Letters are no larger than their row, and six points at least up to 89 classes."""
    names = [f"name {i}" for i in range(classes)]
    names[:4] = ["$a_b$", "_hidden", "w" * 60, "apple [red]"]
    figure = confusion_chart(confusion(names, np.eye(classes, dtype=np.int64)))
    (axes,) = figure.axes
    labels = axes.get_yticklabels()
    assert [label.get_text() for label in labels][:2] == ["$a_b$", "_hidden"]
    assert labels[2].get_text() == "w" * 16 + "…" + "w" * 15
    assert not any(label.get_parse_math() for label in [*labels, *axes.get_xticklabels()])
    figure.draw_without_rendering()
    row = axes.get_window_extent().height / classes
    size = float(labels[4].get_fontsize())
    assert size * figure.dpi / 72 <= row * 1.1
    if classes <= 89:
        assert size >= 6
    edge = min(label.get_window_extent().x0 for label in labels)
    assert edge >= 0
