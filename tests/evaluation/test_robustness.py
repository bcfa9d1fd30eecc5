"""Accuracy on worse pictures: counted right, paired with the plain ones."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import paint_set
from tl_catdog.data.corruptions import CORRUPTIONS, corrupt
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError
from tl_catdog.evaluation.robustness import Condition, robustness
from tl_catdog.models.forward import PLAIN
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.statistics import (
    Estimate,
    Interval,
    PairedCounts,
    paired_difference_interval,
    proportion,
)


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
    root = paint_set(tmp_path, {"train": 2, "test": 3})
    min((root / "test").rglob("*.png")).write_bytes(b"broken")
    pictures = load_set(root)
    examples = pictures.split("test")
    predictor = Predictor(Brightness(), pictures.classes, 32)
    assert {item.accuracy.n for item in robustness(predictor, examples)} == {5}
    with pytest.raises(CatdogError, match="readable pictures"):
        robustness(predictor, examples[:1])


class Reddish:
    """A stand-in for a network of three classes: the colour that is the strongest in the middle.

    Where it is dark none of them is, so that it says the first class.
    """

    engine, batch = "test", 3

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        means = images[:, 8:24, 8:24].mean(axis=(1, 2)) / 255
        return ((means - [0.3, 0.2, 0.1]).clip(0.01, 0.99).astype(np.float32),)


def test_each_condition_is_counted_by_its_own_pictures(tmp_path: Path) -> None:
    """As by hand: decode, corrupt, predict, count; what is lost is paired with the plain ones."""
    images = load_set(paint_set(tmp_path, {"train": 6, "test": 9}, ("ant", "bee", "cow")))
    examples = images.split("test")
    order = ("ant", "cow", "bee")  # of the network's outputs, not of the alphabet
    found = robustness(Predictor(Reddish(), order, 32), examples)
    right = {}
    for name in (PLAIN, *CORRUPTIONS):
        pixels = [decode(example.path, 32) for example in examples]
        views = np.stack([one if name == PLAIN else corrupt(one, name) for one in pixels])
        said = Reddish()(views)[0].argmax(axis=1)
        right[name] = np.array([order[i] == e.label for i, e in zip(said, examples, strict=True)])
    assert len({tuple(row) for row in right.values()}) > 2  # not the same answers everywhere
    for item in found:
        counts = PairedCounts.of(right[PLAIN], right[item.name])
        assert item.accuracy == proportion(int(right[item.name].sum()), 27)
        assert item.lost.value == pytest.approx(right[PLAIN].mean() - right[item.name].mean())
        assert item.lost.n == 27
        if item.name != PLAIN:
            assert item.lost.interval == paired_difference_interval(counts)


def test_plain_pictures_lose_nothing_for_certain(tmp_path: Path) -> None:
    """They are the reference itself: an interval around nothing would suggest a measurement."""
    images = load_set(paint_set(tmp_path, {"train": 2, "test": 4}))
    plain, *others = robustness(Predictor(Brightness(), images.classes, 32), images.split("test"))
    assert plain.name == PLAIN
    assert plain.lost == Estimate(0.0, Interval(0.0, 0.0), 8)
    assert plain.accuracy == proportion(4, 8)
    assert all(item.lost.interval.low < item.lost.interval.high for item in others)
