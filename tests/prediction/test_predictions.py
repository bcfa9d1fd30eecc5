"""Saved predictions: a table that a spreadsheet opens, read again to the last bit."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl_catdog.errors import CatdogError
from tl_catdog.prediction.predictions import Predictions, read_predictions


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    classes = draw(st.integers(2, 4))
    count = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = rng.dirichlet(np.ones(classes), count)
    return Predictions(
        tuple("abcd"[:classes]),
        tuple(f"digest{i}" for i in range(count)),
        tuple(f"{i}.jpg" for i in range(count)),
        rng.integers(0, classes, count),
        rows,
        rng.random(count) if draw(st.booleans()) else None,
    )


@given(predictions())
def test_saved_predictions_come_back_to_the_last_bit(item: Predictions) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.csv"
        path.write_text(item.to_csv())
        back = read_predictions(path)
    assert back.classes == item.classes
    assert back.names == item.names
    assert back.digests == item.digests
    assert np.array_equal(back.labels, item.labels)
    assert np.array_equal(back.probabilities, item.probabilities)
    if item.novelty is None:
        assert back.novelty is None
    else:
        assert back.novelty is not None
        assert np.array_equal(back.novelty, item.novelty)


SAID = Predictions(
    ("cat", "dog"),
    ("d0", "d1", "d2"),
    ("cat/0.jpg", "dog/odd\rname.jpg", "cat/2.jpg"),
    np.array([0, 1, 0]),
    np.array([[0.25, 0.75], [0.125, 0.875], [0.5, 0.5]]),
    np.array([0.1, 0.2, 0.3]),
)


def test_the_table_says_in_words_what_is_true_and_what_was_predicted() -> None:
    rows = list(csv.reader(io.StringIO(SAID.to_csv(), newline="")))
    assert rows == [
        ["sha256", "name", "label", "predicted", "p(cat)", "p(dog)", "novelty"],
        ["d0", "cat/0.jpg", "cat", "dog", "0.25", "0.75", "0.1"],
        ["d1", "dog/odd\rname.jpg", "dog", "dog", "0.125", "0.875", "0.2"],
        ["d2", "cat/2.jpg", "cat", "cat", "0.5", "0.5", "0.3"],
    ]


def test_of_equal_probabilities_the_first_class_is_predicted() -> None:
    assert SAID.predicted.tolist() == [1, 1, 0]
    assert SAID.correct.tolist() == [False, True, True]
    assert len(SAID) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256,name\n",
        "sha256,name,label,predicted,p(a),p(b)\nx,y,z,a,1,0\n",
        "sha256,name,label,predicted,p(a),p(b)\n",
        "sha256,name,label,predicted,p(a),p(b)\nx,y,a,a,1\n",
        "sha256,name,label,predicted,p(a)\nx,y,a,a,1\n",
    ],
)
def test_damaged_predictions_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run" / "predictions" / "test.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(CatdogError, match=r"test\.csv") as caught:
        read_predictions(path)
    assert caught.value.hint == "Type: tl-catdog evaluate run --again"
