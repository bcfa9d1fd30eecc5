"""Tables of two to two hundred classes as a person sees them: nothing is blank, nothing is cut."""

from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from tests.cli.test_render import text_of
from tl_catdog.cli.class_tables import (
    ROWS,
    FirstThatFits,
    confusion_view,
    confusions_view,
    counts_view,
    data_summary,
)
from tl_catdog.cli.render import cell
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.evaluation.metrics import Metrics, compute_metrics
from tl_catdog.prediction.predictions import Predictions

ODD = (
    "apple [red]", "[bold]x[/bold]", "$a_b$", "_hidden", "<b>", ":dog:", "🐕 dog",
    "w" * 60, "漢字" * 15, "שלום",
)  # fmt: skip
"""Names that mark up, are formulas, wide, long, or read from the right."""


def names(number: int, length: int = 12) -> list[str]:
    return [f"breed {i} ".ljust(length, "x") for i in range(number)]


def counts(classes: list[str], *sizes: int) -> dict[str, dict[str, int]]:
    return {f"part {i}": dict.fromkeys(classes, size) for i, size in enumerate(sizes)}


def squeezed(text: str) -> str:
    """Return a text without what folding and tables put into it."""
    return "".join(text.split())


def metrics(classes: list[str], each: int = 4, seed: int = 0) -> Metrics:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(classes)), each)
    chances = rng.random((len(labels), len(classes)))
    chances[np.arange(len(labels)), labels] += 0.6
    chances /= chances.sum(axis=1, keepdims=True)
    some = tuple(map(str, range(len(labels))))
    return compute_metrics(Predictions(tuple(classes), some, some, labels, chances))


def test_the_first_view_that_fits_is_shown_and_else_the_last() -> None:
    views = FirstThatFits((cell("w" * 70), cell("m" * 40), cell("n" * 20)))
    assert text_of(views, 80) == "w" * 70
    assert text_of(views, 60) == "m" * 40
    assert squeezed(text_of(views, 15)) == "n" * 20


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("number", [2, 5, 9, 10, 15, 20, 21, 37, 89, 200])
def test_counts_are_shown_at_any_number_of_classes(number: int, width: int) -> None:
    classes = names(number)
    found = counts(classes, 20, 5)
    found["part 0"][classes[-1]] = 7
    found["part 0"][classes[0]] = 1234
    text = text_of(counts_view(found, classes), width)
    assert "…" not in text
    assert "1,234" in text
    assert "7" in text
    assert len(text.splitlines()) < 30
    shown = [label for label in classes if squeezed(label) in squeezed(text)]
    if number <= ROWS:
        assert shown == classes
    else:
        assert shown == [classes[0], classes[-1]]
        assert "5: each class" in text
        assert f"{20 * (number - 2) + 7 + 1234:,}" in text


def test_what_is_shown_depends_on_the_width_of_the_names_not_on_a_number() -> None:
    short = text_of(counts_view(counts(list("abcdefghijklmno"), 3), list("abcdefghijklmno")), 80)
    assert short.splitlines()[1].split() == ["split", *"abcdefghijklmno"]
    wide = ["漢字" * 10, "🐕" * 20]
    by_class = text_of(counts_view(counts(wide, 3), wide), 80)
    assert [line.split()[-1] for line in by_class.splitlines()[3:5]] == ["3", "3"]


def test_equal_sizes_and_ties_are_told_by_how_many_classes_have_them() -> None:
    classes = names(40)
    found = counts(classes, 6)
    for label in classes[:3]:
        found["part 0"][label] = 2
    text = text_of(counts_view(found, classes), 80)
    assert "2: 3 classes" in text
    assert "6: 37 classes" in text


@pytest.mark.parametrize("number", [2, 5, 10, 15, 20, 21, 37, 89, 200])
def test_confusion_is_shown_at_any_number_of_classes(number: int) -> None:
    item = metrics(names(number))
    text = text_of(confusion_view(item), 80)
    assert "…" not in text.replace("… and", "")
    first = item.confusions()[0]
    assert squeezed(first.truth) in squeezed(text)
    assert squeezed(first.said) in squeezed(text)
    assert len(text.splitlines()) < 30
    if number > ROWS:
        assert "Most frequent confusions" in text


def test_a_numbered_matrix_has_every_cell() -> None:
    item = metrics(names(12, 20))
    lines = [line.split() for line in text_of(confusion_view(item), 80).splitlines()]
    rows = [line for line in lines if len(line) >= 14 and line[0].isdigit() and line[1] == "breed"]
    assert [int(row[0]) for row in rows] == list(range(1, 13))
    assert [[int(number) for number in row[-12:]] for row in rows] == [
        list(r) for r in item.confusion
    ]


def test_confusions_come_most_frequent_first_with_what_they_are_of() -> None:
    labels = np.array([0] * 5 + [1] * 4 + [2] * 3)
    said = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 2, 2])
    some = tuple(map(str, labels))
    item = compute_metrics(Predictions(("ant", "bee", "cat"), some, some, labels, np.eye(3)[said]))
    lines = [line.split() for line in text_of(confusions_view(item), 80).splitlines()]
    assert lines[4:7] == [
        ["ant", "bee", "3", "5"],
        ["cat", "ant", "1", "3"],
        ["bee", "ant", "1", "4"],
    ]
    short = text_of(confusions_view(item, most=1), 80)
    assert "… and 2 more" in short


def test_no_mistake_is_said() -> None:
    some = ("a", "b")
    item = compute_metrics(Predictions(("x", "y"), some, some, np.array([0, 1]), np.eye(2)))
    assert "No picture was taken for one of another class." in text_of(confusions_view(item), 80)


@pytest.mark.parametrize("width", [60, 80, 120, 400])
def test_odd_names_are_shown_whole_and_as_they_are(width: int) -> None:
    classes = list(ODD)
    views = counts_view(counts(classes, 3, 4), classes), confusion_view(metrics(classes))
    for view in views:
        text = text_of(view, width)
        assert max(map(cell_len, text.splitlines())) <= width
        assert "…" not in text.replace("… and", "")
    # Folded names stand in one column, so their parts follow each other line by line.
    first = [line.split("  ")[0].strip() for line in text_of(views[0], 60).splitlines()]
    for name in ODD:
        assert squeezed(name) in squeezed("".join(first))


@pytest.mark.parametrize("number", [2, 37])
def test_data_summary_names_what_was_ignored(number: int) -> None:
    classes = tuple(names(number))
    examples = tuple(Example(Path("x"), "x", label, "train", "d") for label in classes)
    pictures = ImageSet(Path("pets"), "class folders", classes, examples, {".heic": 3})
    found = text_of(data_summary(pictures), 80)
    assert "pets (class folders)" in found
    assert ("37 classes" in found) == (number == 37)
    assert "3 × .heic" in found
