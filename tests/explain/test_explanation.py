"""What is said of a picture is what the network and its heatmap say."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.conftest import COLOURS, paint
from tests.support.made_up import network_run, small_network
from tl_catdog.data.images import decode
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.explain import activations
from tl_catdog.explain import explanation as module
from tl_catdog.explain.explanation import SHARP, Explanation, explain
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.explain.location import Location, peak_of
from tl_catdog.explain.occlusion import GRID, SIDE, Occlusion, covered
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import Run

CLASSES = ("ant", "bee", "fly")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    graph, _ = small_network(units=3, pool=4, seed=4)
    calibration = {"temperature": 1.7}
    return network_run(tmp_path / "runs", graph, size=32, classes=CLASSES, calibration=calibration)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return paint(tmp_path / "a.png", COLOURS[1], 7)


@pytest.fixture(autouse=True)
def _without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layers, which Keras walks through, are tested beside this."""
    monkeypatch.setattr(module, "load_keras", lambda run: run)
    found = SimpleNamespace(steps=())
    monkeypatch.setattr(activations, "record_activations", lambda model, image: (found, image))


@pytest.mark.parametrize("target", [None, *CLASSES])
def test_the_answer_the_heatmap_and_the_covering_are_about_the_same_class(
    run: Run, picture: Path, target: str | None
) -> None:
    found = explain(run, picture, target)
    (answer,) = Predictor.load(run).answers([picture])
    assert answer.probabilities is not None
    assert found.probabilities == answer.probabilities
    assert found.label == answer.label
    assert found.target == (target or answer.label)
    place = CLASSES.index(found.target)
    forward = GradCam(run)
    outputs = forward(decode(picture, 32)[None])
    heatmap = forward.heatmap(outputs, 0, place)
    np.testing.assert_array_equal(found.heatmap, heatmap)
    assert found.peak == peak_of(heatmap)
    assert found.occlusion.before == pytest.approx(answer.probabilities[found.target])
    assert found.occlusion.after.shape == (GRID, GRID)
    if found.peak is None:
        assert found.occlusion.at_peak is None
    else:
        hidden = covered(decode(picture, 32), found.peak, SIDE)
        (after,) = Predictor.load(run).answers([hidden])
        assert after.probabilities is not None
        assert found.occlusion.at_peak == pytest.approx(after.probabilities[found.target])
    # Other classes have other heatmaps, so that a mix-up would show.
    others = [forward.heatmap(outputs, 0, other) for other in range(3) if other != place]
    assert all(np.abs(heatmap - other).max() > 0.1 for other in others)


def test_the_picture_is_kept_as_the_network_takes_it_and_larger(run: Run, picture: Path) -> None:
    found = explain(run, picture)
    np.testing.assert_array_equal(found.pixels, decode(picture, 32))
    np.testing.assert_array_equal(found.sharp, decode(picture, SHARP))
    assert (found.run, found.path) == ("mine", picture)


def test_a_picture_that_is_no_file_has_no_path_and_the_same_explanation(
    run: Run, picture: Path, explanation: Explanation
) -> None:
    found, expected = explain(run, picture.read_bytes()), explain(run, picture)
    assert found.path is None
    assert replace(explanation, path=None).to_json()["path"] is None
    assert found.probabilities == expected.probabilities
    np.testing.assert_array_equal(found.heatmap, expected.heatmap)
    with pytest.raises(CatdogError, match="expected a picture, found one: not a JPEG"):
        explain(run, b"no picture")


def test_progress_counts_the_covered_squares(run: Run, picture: Path) -> None:
    heard: list[tuple[int, int]] = []
    found = explain(run, picture, progress=lambda done, total: heard.append((done, total)))
    squares = GRID**2 + (found.peak is not None)
    assert heard[-1] == (squares, squares)


def test_without_onnx_runtime_it_ends_with_one_line(
    run: Run, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CatdogError, match=r"expected ONNX Runtime to run .* found no onnxruntime"):
        explain(run, picture)


def test_a_class_that_it_does_not_know_is_wrong_use(run: Run, picture: Path) -> None:
    with pytest.raises(UsageError, match="ant, bee, fly, found 'wasp'") as caught:
        explain(run, picture, "wasp")
    assert caught.value.hint == "Type: --class ant"


def test_what_is_no_picture_is_told_with_its_path(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CatdogError, match=r"expected a picture, found .*none\.jpg: ") as caught:
        explain(run, tmp_path / "none.jpg")
    assert caught.value.hint == f"Type: ls {tmp_path / 'none.jpg'}"


def test_the_sentences_give_the_figures(explanation: Explanation) -> None:
    after = np.array([[0.2, 0.9], [0.5, 0.8]])
    found = replace(explanation, occlusion=Occlusion(0.25, 0.998, after, 0.61))
    assert found.covering == (
        "Covering the spot where it looks most (25 % of the side) takes dog from 99.8 % to 61.0 %; "
        "the same square elsewhere leaves 60.0 % on average and 20.0 % at the least, of 4 places."
    )
    assert found.looks == (
        "For dog it looks most at the upper left: 10 % of the width from the left, 20 % of the "
        "height from the top."
    )


def test_a_class_that_nothing_speaks_for_is_said_to_be(explanation: Explanation) -> None:
    occlusion = replace(explanation.occlusion, at_peak=None)
    found = replace(explanation, target="cat", peak=None, occlusion=occlusion)
    assert found.looks == "Nothing in the picture speaks for cat."
    assert found.covering.startswith("Covering a square (25 % of the side) leaves cat ")
    assert found.to_json()["peak"] is None


def test_programs_get_the_figures_without_the_pictures(explanation: Explanation) -> None:
    found = replace(explanation, target="cat", peak=Location(0.9, 0.5)).to_json()
    assert list(found) == [
        "path", "run", "label", "probabilities", "target", "peak", "occlusion", "layers",
    ]  # fmt: skip
    assert found["path"] == "dog.jpg"
    assert (found["label"], found["target"]) == ("dog", "cat")
    assert found["peak"] == {"x": 0.9, "y": 0.5, "where": "the right"}
    assert found["layers"][2] == {
        "layer": "block1_max-pooling", "does": "max-pooling", "shape": [8, 8, 32],
    }  # fmt: skip
    assert found["occlusion"] == explanation.occlusion.to_json()
