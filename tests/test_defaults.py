"""Defaults follow the size of a set: about as many steps for any, and units for each class."""

import pytest

from tl_catdog.config import TrainConfig
from tl_catdog.defaults import Length, length_of


def test_small_sets_get_as_many_steps_as_large_ones() -> None:
    length = Length(steps=1000, growth=0.0, fewest=1, most=10_000)
    for images, batch_size in ((320, 32), (1000, 32), (20_000, 32), (1000, 8)):
        steps = length.epochs(images, batch_size) * -(-images // batch_size)
        assert steps * batch_size == pytest.approx(1000 * 32, rel=0.4)


def test_steps_grow_with_a_power_of_the_pictures_beyond_the_usual_number() -> None:
    length = Length(steps=640, growth=0.5, fewest=1, most=10_000)
    assert length.epochs(2048, 32) == 10
    assert length.epochs(4 * 2048, 32) == 5  # twice the steps in four times as many an epoch
    assert length.epochs(1024, 32) == 20


def test_epochs_have_bounds() -> None:
    length = Length(steps=1000, growth=0.0, fewest=5, most=50)
    assert length.epochs(1, 32) == 50
    assert length.epochs(1_000_000, 32) == 5


def test_the_videos_set_has_the_recipes_it_was_found_with() -> None:
    assert length_of("baseline").epochs(2048, 32) == 85
    assert TrainConfig(arch="baseline").resolved().epochs == 85


@pytest.mark.parametrize(("classes", "units"), [(2, 128), (32, 128), (33, 132), (200, 800)])
def test_many_classes_get_a_wider_hidden_layer(classes: int, units: int) -> None:
    assert TrainConfig().resolved(1000, classes).dense_units == units
    assert TrainConfig(dense_units=7).resolved(1000, classes).dense_units == 7
