"""A trial answers as the head does, says when it isn't sure, and shows where it looked."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from tl_catdog.config import TrainConfig
from tl_catdog.errors import CatdogError
from tl_catdog.prediction.answers import UNSURE
from tl_catdog.teach import trial as module
from tl_catdog.teach.heads import Head
from tl_catdog.teach.trial import Trial, heat_of, with_maps

CONFIG = TrainConfig(image_size=64).resolved()
RNG = np.random.default_rng(3)


def head(*classes: str, scale: float = 1.0) -> Head:
    """Return a head of drawn weights for the backbone's features."""
    units = 1 if len(classes) == 2 else len(classes)
    kernel = np.random.default_rng(1).normal(size=(1280, units)).astype(np.float32) * scale
    return Head(classes, kernel, np.zeros(units, np.float32), 1.0, 1.0, 9)


@pytest.fixture(scope="module")
def pixels() -> Any:
    return RNG.integers(0, 255, (64, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(CONFIG)


def test_it_answers_as_the_head_does(trial: Trial, pixels: Any) -> None:
    some = head("a", "b", "c", scale=30)
    said = trial.answer(pixels, some)
    features = with_maps(CONFIG)[0](pixels[None])[0]
    expected = dict(zip(some.classes, some.answers(features)[0].tolist(), strict=True))
    assert said.probabilities == pytest.approx(expected, abs=1e-5)
    assert list(said.probabilities.values()) == sorted(said.probabilities.values(), reverse=True)
    assert said.version == 9
    assert said.heat is not None
    assert said.heat.startswith("data:image/png")
    assert said.to_json()["label"] == max(expected, key=expected.__getitem__)


def test_it_is_unsure_where_no_class_is_more_probable_than_not(trial: Trial, pixels: Any) -> None:
    said = trial.answer(pixels, head("a", "b", "c", scale=0.0), explain=False)
    assert (said.answer, said.heat) == (UNSURE, None)
    assert said.doubt


def test_heat_is_where_the_maps_speak_for_the_class() -> None:
    maps = np.zeros((2, 3, 3), np.float32)
    maps[0, 0, 0] = maps[1, 2, 2] = 1.0
    two = Head(("a", "b"), np.array([[1.0], [-1.0]], np.float32), np.zeros(1, np.float32), 1, 1, 0)
    second, first = (heat_of(maps, two, target, 0.0) for target in (1, 0))
    assert (second[0, 0], second[-1, -1], second.max()) == (1.0, 0.0, 1.0)
    assert (first[0, 0], first[-1, -1], first.max()) == (0.0, 1.0, 1.0)
    assert heat_of(np.zeros((2, 3, 3), np.float32), two, 1, 0.0).max() == 0.0


def test_without_onnx_it_answers_without_heat(pixels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise CatdogError("not here")

    class Loaded:
        def load(self) -> Any:
            return lambda images: (np.ones((len(images), 1280), np.float32),)

    monkeypatch.setattr(module, "with_maps", fail)
    monkeypatch.setattr(module, "frozen_backbone", lambda *_: cast("Any", Loaded()))
    said = Trial(CONFIG).answer(pixels, head("a", "b"))
    assert (said.heat, said.looks) == (None, None)
    assert set(said.probabilities) == {"a", "b"}
