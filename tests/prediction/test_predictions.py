"""Saved predictions: a table that a spreadsheet opens, read again to the last bit."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bare_runs import publish_run, sha
from tl_catdog.errors import CatdogError
from tl_catdog.prediction.predictions import Predictions, read_predictions
from tl_catdog.runs.folder import OUT_OF_FOLD, Run


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    classes = draw(st.integers(2, 4))
    count = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = rng.dirichlet(np.ones(classes), count)
    return Predictions(
        tuple("abcd"[:classes]),
        tuple(map(sha, range(count))),
        tuple(f"{i}.jpg" for i in range(count)),
        rng.integers(0, classes, count),
        rows,
        rng.random(count) if draw(st.booleans()) else None,
    )


def keeping(folder: Path, text: str, classes: tuple[str, ...] = ("a", "b")) -> Run:
    """Publish a run that keeps predictions on its test pictures."""
    files = {"predictions/test.csv": text.encode()}
    return publish_run(folder, "run", files=files, data={"classes": list(classes)})


@given(predictions())
def test_saved_predictions_come_back_to_the_last_bit(item: Predictions) -> None:
    with tempfile.TemporaryDirectory() as folder:
        back = read_predictions(keeping(Path(folder), item.to_csv(), item.classes), "test")
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
    (sha(0), sha(1), sha(2)),
    ("cat/0.jpg", "dog/odd\rname.jpg", "cat/2.jpg"),
    np.array([0, 1, 0]),
    np.array([[0.25, 0.75], [0.125, 0.875], [0.5, 0.5]]),
    np.array([0.1, 0.2, 0.3]),
)


def test_the_table_says_in_words_what_is_true_and_what_was_predicted() -> None:
    rows = list(csv.reader(io.StringIO(SAID.to_csv(), newline="")))
    assert rows == [
        ["sha256", "name", "label", "predicted", "p(cat)", "p(dog)", "novelty"],
        [sha(0), "cat/0.jpg", "cat", "dog", "0.25", "0.75", "0.1"],
        [sha(1), "dog/odd\rname.jpg", "dog", "dog", "0.125", "0.875", "0.2"],
        [sha(2), "cat/2.jpg", "cat", "cat", "0.5", "0.5", "0.3"],
    ]


def test_of_equal_probabilities_the_first_class_is_predicted() -> None:
    assert SAID.predicted.tolist() == [1, 1, 0]
    assert SAID.correct.tolist() == [False, True, True]
    assert len(SAID) == 3


HEADER = "sha256,name,label,predicted,p(a),p(b),novelty\n"
ROW = f"{sha(1)},x.jpg,a,a,0.75,0.25,0.5\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "the columns nothing"),
        ("sha256,name\n", "the columns 'sha256', 'name'"),
        (HEADER, "no rows"),
        (HEADER.replace("p(a),p(b)", "p(b),p(a)") + ROW, "the columns"),
        (HEADER + ROW.replace(",a,a,", ",z,a,"), "the class 'z' in line 2"),
        (HEADER + ROW + ROW, "'x.jpg' again in line 3"),
        (HEADER + ROW.replace(",0.5", ""), "6 cells instead of 7 in line 2"),
        (HEADER + ROW.replace("0.75", "nan"), "no probabilities"),
        (HEADER + ROW.replace("0.75", "0.9"), "no probabilities"),
        (HEADER + ROW.replace("0.75,0.25", "1.5,-0.5"), "no probabilities"),
        (HEADER + ROW.replace("0.75", "1e999"), "no probabilities"),
        (HEADER + ROW.replace("0.75", "often"), "no numbers"),
        (HEADER + ROW.replace("0.5", "-3"), "no novelty"),
        (HEADER + ROW.replace(",a,a,", ",a,b,"), "isn't the most probable class"),
        (HEADER + ROW.replace("x.jpg", "../x.jpg"), "within the folder"),
        (HEADER + ROW.replace("x.jpg", "/etc/passwd"), "within the folder"),
        (HEADER + ROW.replace(sha(1), "sha"), "the SHA-256 'sha' in line 2"),
        (HEADER + ROW.replace("x.jpg", "x" * 200_000), "field larger"),
        (HEADER + ROW.replace("x.jpg", "\0"), "names that a file may have"),
    ],
)
def test_damaged_predictions_are_named_whatever_their_hash(
    tmp_path: Path, text: str, found: str
) -> None:
    run = keeping(tmp_path, text)
    with pytest.raises(CatdogError, match=r"expected saved predictions in .*test\.csv") as caught:
        read_predictions(run, "test")
    assert found in caught.value.message
    assert len(caught.value.message) < 400
    assert caught.value.hint == f"Type: tl-catdog evaluate {run.path} --split test --again"


def test_out_of_fold_predictions_cannot_be_made_again(tmp_path: Path) -> None:
    run = publish_run(tmp_path, files={"predictions/validation.csv": b""}, validation=OUT_OF_FOLD)
    with pytest.raises(CatdogError) as caught:
        read_predictions(run, "validation")
    assert "--again" not in caught.value.hint
