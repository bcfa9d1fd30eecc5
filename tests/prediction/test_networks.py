"""A run's network from a stranger: looked at before it is loaded, tried before it answers."""

import io
from pathlib import Path

import numpy as np
import pytest

from tests.support.bare_runs import sealed
from tests.support.made_up import network_run, small_network
from tl_catdog.errors import CatdogError
from tl_catdog.prediction.networks import network_graph
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import Run


def with_bank(run: Run, rows: np.ndarray, **more: object) -> Run:
    """Give a run a feature bank, with the right hash."""
    out = io.BytesIO()
    bank = {"rows": rows, "strangers": rows[:1], "neighbours": np.int64(1), "closest": 0.0, **more}
    np.savez(out, allow_pickle=True, **bank)  # type: ignore[arg-type]
    (run.path / "references.npz").write_bytes(out.getvalue())
    return sealed(run.path)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return network_run(
        tmp_path, small_network()[0], size=32, model={"feature_bank_sha256": "0" * 64}
    )


def test_a_network_with_its_bank_answers(run: Run) -> None:
    predictor = Predictor.load(with_bank(run, np.eye(2, 4, dtype=np.float16)))
    (answer,) = predictor.answers([np.zeros((9, 9, 3), np.uint8)])
    assert answer.error is None
    assert answer.novelty is not None


@pytest.mark.parametrize(
    ("rows", "more", "found"),
    [
        (np.eye(2, 5), {}, "outputs of"),
        (np.full((2, 4), np.nan), {}, "aren't finite"),
        (np.zeros(4), {}, "shape"),
        (np.eye(2, 4), {"neighbours": np.int64(-3)}, "no neighbours"),
        (np.eye(2, 4), {"closest": np.float64(7)}, "no closest"),
        (np.array([[{}]], dtype=object), {}, "an array of object"),
    ],
)
def test_a_bank_that_does_not_fit_is_one_error(
    run: Run, rows: np.ndarray, more: dict[str, object], found: str
) -> None:
    with pytest.raises(CatdogError, match=found) as caught:
        Predictor.load(with_bank(run, rows, **more))
    assert "tl-catdog train" in caught.value.hint


def test_a_network_of_other_classes_is_one_error(tmp_path: Path) -> None:
    run = network_run(tmp_path, small_network(units=3)[0], size=32, classes=("a", "b"))
    for use in (Predictor.load, network_graph):
        with pytest.raises(CatdogError, match=r"model\.onnx, found outputs of"):
            use(run)


def test_a_network_that_answers_with_no_numbers_is_one_error(tmp_path: Path) -> None:
    content, _ = small_network()
    bad = content.replace(
        np.float32(small_network()[1]["head_output/1"][0]).tobytes(), np.float32(np.nan).tobytes()
    )
    run = network_run(tmp_path, bad, size=32)
    with pytest.raises(CatdogError, match="expected a network that answers for 2 classes"):
        Predictor.load(run)
