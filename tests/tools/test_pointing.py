"""The pointing game counts right, and a trained network beats chance and its shuffled self."""

from pathlib import Path

import numpy as np
import pytest

from tl_catdog.drawings import draw, draw_set
from tl_catdog.models.baseline import build_baseline
from tl_catdog.models.pretrained import build_pretrained
from tl_catdog.prediction.networks import load_keras
from tools.keras_gradcam import KerasGradCam
from tools.pointing import (
    ANIMAL,
    BOX,
    HEAD,
    TARGETS,
    Score,
    drawings,
    mask_of,
    pointing_game,
    shuffled_weights,
)


def flags(text: str) -> np.ndarray:
    return np.array([char == "x" for char in text])


def test_a_score_counts_hits() -> None:
    shuffled = np.stack([flags("x---------"), flags("xxx-------")])
    score = Score(ANIMAL, flags("xxxxxxxxx-"), shuffled, flags("xxxxxxxxxx"), 0.3)
    assert (score.n, score.rate) == (10, 0.9)
    assert 0.55 < score.interval.low < 0.9 < score.interval.high < 1
    assert score.shuffled_rates == (0.1, 0.3)
    assert score.p_shuffled == pytest.approx(2 / 2**6)  # six pictures for it, none against
    assert score.p_middle == 1


@pytest.mark.parametrize("seed", range(6))
def test_each_target_lies_where_the_drawing_says(seed: int) -> None:
    drawing = draw("dog", seed, 96)
    box, animal, head = (mask_of(drawing, target) for target in TARGETS)
    left, top, right, bottom = drawing.box
    assert box.sum() == (right - left) * (bottom - top)
    assert box[top, left]
    assert not (animal & ~box).any()
    assert animal[top].any()
    assert animal[:, right - 1].any()
    assert (head & animal).sum() / head.sum() > 0.5
    assert head.sum() == pytest.approx(np.pi * drawing.head[2] ** 2, rel=0.05)


def test_the_head_is_where_it_is_drawn_at_every_size() -> None:
    small, large = draw("cat", 3, 64), draw("cat", 3, 128)
    np.testing.assert_allclose(2 * np.array(small.head), large.head)


def test_shuffling_keeps_the_numbers_and_gives_them_back() -> None:
    model = build_pretrained("mobilenet", image_size=32, class_count=2, backbone_weights=None)
    before = [weights.copy() for weights in model.get_weights()]
    with shuffled_weights(model, 0):
        inside = model.get_weights()
        for a, b in zip(before, inside, strict=True):
            np.testing.assert_array_equal(np.sort(a, axis=None), np.sort(b, axis=None))
            # A vector may be all alike as yet, a kernel is not.
            assert a.ndim == 1 or not np.array_equal(a, b)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_shuffling_ends_with_an_error_too() -> None:
    model = build_baseline(image_size=32, class_count=2)
    before = model.get_weights()[0]
    with pytest.raises(ZeroDivisionError), shuffled_weights(model, 0):
        raise ZeroDivisionError
    np.testing.assert_array_equal(before, model.get_weights()[0])


def test_the_game_is_the_same_each_time_and_shuffles_reach_grad_cam() -> None:
    model = build_baseline(image_size=32, class_count=2)
    pictures = drawings(6)
    first, again = (pointing_game(model, pictures, shuffles=2) for _ in range(2))
    assert set(first) == set(TARGETS)
    for target in TARGETS:
        np.testing.assert_array_equal(first[target].hits, again[target].hits)
        assert first[target].shuffled.shape == (2, 6)
        assert 0 < first[target].chance < 1
    assert first[HEAD].chance < first[BOX].chance
    cam = KerasGradCam(model)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3))
    plain = cam(pixels)
    with shuffled_weights(model, 0):
        assert np.abs(cam(pixels) - plain).max() > 0.1


@pytest.mark.slow
def test_a_trained_network_points_at_the_animal_and_a_shuffled_one_does_not(
    tmp_path: Path,
) -> None:
    from tl_catdog.config import TrainConfig
    from tl_catdog.data.sets import load_training_set
    from tl_catdog.runs.writer import RunWriter
    from tl_catdog.training.trainer import train

    data = tmp_path / "drawn"
    draw_set(data, counts={"train": 100, "validation": 25})
    config = TrainConfig(arch="mobilenet", data=str(data), epochs=6)
    with RunWriter(tmp_path / "runs", "mobilenet") as writer:
        run = train(config, load_training_set(data, drawn=True), writer).run
    scores = pointing_game(load_keras(run), drawings(80), shuffles=3)
    for target in (ANIMAL, HEAD):
        score = scores[target]
        assert score.interval.low > score.chance
        assert score.interval.low > score.shuffled_rates[-1]
    # The picture's middle falls on nearly every box, so the head is what counts.
    assert scores[HEAD].p_shuffled < 0.001
    assert scores[HEAD].rate > scores[HEAD].middle.mean()
