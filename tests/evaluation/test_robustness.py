"""Accuracy on worse pictures: counted right, paired with the plain ones."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import paint_set
from tl_catdog.data.corruptions import CORRUPTIONS
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError
from tl_catdog.evaluation.robustness import Condition, robustness
from tl_catdog.models.forward import PLAIN
from tl_catdog.prediction.predictor import Predictor


class Brightness:
    """A stand-in for a network: says "bee" of what isn't dark."""

    engine, batch = "test", 4

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        bright = images.mean(axis=(1, 2, 3)) > 60
        return (np.where(bright, 0.9, 0.1).astype(np.float32)[:, None],)


def test_only_what_the_network_depends_on_costs_accuracy(tmp_path: Path) -> None:
    pictures = load_set(paint_set(tmp_path, {"train": 6, "test": 10}))
    seen: list[tuple[int, int]] = []
    predictor = Predictor(Brightness(), pictures.classes, 32)
    found = robustness(predictor, pictures.split("test"), lambda *done: seen.append(done))
    by_name = {item.name: item for item in found}
    assert tuple(by_name) == (PLAIN, *CORRUPTIONS)
    assert seen[-1] == (20, 20)
    # All pictures are bright, so all are called bees, of which there are ten in twenty.
    assert by_name[PLAIN].accuracy.value == 0.5
    assert by_name["blur"].lost.value == 0.0
    assert by_name["blur"].lost.interval.low < 0 < by_name["blur"].lost.interval.high
    # In the dark all are called ants: the other ten are right.
    assert by_name["darkness"].accuracy.value == 0.5
    assert by_name["darkness"].lost.interval.high > 0.3
    assert all(item.accuracy.n == 20 for item in found)


def test_conditions_survive_being_saved(tmp_path: Path) -> None:
    pictures = load_set(paint_set(tmp_path, {"train": 2, "test": 2}))
    found = robustness(Predictor(Brightness(), pictures.classes, 32), pictures.split("test"))
    assert tuple(Condition.from_json(item.to_json()) for item in found) == found


def test_unreadable_pictures_are_left_out(tmp_path: Path) -> None:
    pictures = load_set(paint_set(tmp_path, {"train": 2, "test": 3}))
    examples = pictures.split("test")
    examples[0].path.write_bytes(b"broken")
    predictor = Predictor(Brightness(), pictures.classes, 32)
    assert {item.accuracy.n for item in robustness(predictor, examples)} == {5}
    with pytest.raises(CatdogError, match="readable pictures"):
        robustness(predictor, examples[:1])
