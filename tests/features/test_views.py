"""Views: which variants of a picture the settings ask for."""

from typing import Any

import pytest

from tl_catdog.config import TrainConfig
from tl_catdog.features.views import Views, views_of
from tl_catdog.models.forward import MIRROR, PLAIN


@pytest.mark.parametrize(
    ("settings", "images", "expected"),
    [
        ({"augment": "none", "views": 3, "mirror": "yes"}, 10, 1),
        ({}, 1000, 2),
        ({}, 1001, 1),
        ({"mirror": "no", "finetune": True}, 10, 1),
        ({"finetune": True}, 10**6, 2),
        ({"mirror": "yes"}, 10**6, 2),
        ({"views": 3}, 10**6, 4),
    ],
)
def test_the_settings_choose_the_views(
    settings: dict[str, Any], images: int, expected: int
) -> None:
    assert views_of(TrainConfig(**settings).resolved(), images).count == expected


def test_recipe_and_seed_are_those_of_the_settings() -> None:
    config = TrainConfig(views=3, augment="strong", mirror="yes", seed=7).resolved()
    assert views_of(config, 10) == Views(mirror=True, augmented=3, recipe="strong", seed=7)


def test_the_plain_picture_comes_first() -> None:
    """Validation and predictions take view 0."""
    assert Views().fixed == (PLAIN,)
    assert Views(mirror=True, augmented=2).fixed == (PLAIN, MIRROR)
    assert Views(mirror=True, augmented=2).count == 4
