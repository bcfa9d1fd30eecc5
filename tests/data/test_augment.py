"""Augmentation: seeded, different for each picture and each time, and never out of range."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import tl_catdog
from tl_catdog.data.augment import RECIPES, Augmenter, decode_size

VARYING = sorted(set(RECIPES) - {"none"})


def pictures(count: int = 6) -> np.ndarray:
    one = np.random.default_rng(0).integers(0, 255, (1, 32, 32, 3)).astype(np.float32)
    return np.repeat(one, count, axis=0)


@pytest.mark.parametrize("recipe", VARYING)
def test_each_picture_and_each_call_differs(recipe: str) -> None:
    augment = Augmenter(recipe, 32, 0)
    first, second = augment(pictures()).numpy(), augment(pictures()).numpy()
    assert first.shape == pictures().shape
    assert len({picture.tobytes() for picture in [*first, *second]}) >= 10


@pytest.mark.parametrize("recipe", VARYING)
def test_values_stay_pixels(recipe: str) -> None:
    varied = Augmenter(recipe, 32, 1)(pictures(32)).numpy()
    assert varied.min() >= 0
    assert varied.max() <= 255
    # A wrong value range would squash everything to 0..1 or saturate it.
    assert 60 < varied.mean() < 200
    assert varied.std() > 20


@pytest.mark.parametrize("recipe", VARYING)
def test_a_mirror_image_comes_up(recipe: str) -> None:
    ramp = np.tile(np.linspace(0, 250, 32, dtype=np.float32)[None, None, :, None], (32, 32, 1, 3))
    varied = Augmenter(recipe, 32, 2)(ramp).numpy()
    mirrored = (varied[:, :, 0].mean(axis=(1, 2)) > varied[:, :, -1].mean(axis=(1, 2))).sum()
    assert 6 <= mirrored <= 26


def test_strong_crops_from_a_larger_picture() -> None:
    assert decode_size("strong", 48) == 72
    assert decode_size("light", 224) == 224
    large = np.random.default_rng(0).integers(0, 255, (4, 80, 80, 3)).astype(np.float32)
    assert Augmenter("strong", 48, 0)(large).shape == (4, 48, 48, 3)


def test_none_changes_nothing() -> None:
    assert np.array_equal(Augmenter("none", 32, 0)(pictures()), pictures())


def test_only_one_file_imports_keras_cv() -> None:
    package = Path(tl_catdog.__file__).parent
    importers = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) keras_cv", path.read_text(), re.MULTILINE)
    ]
    assert importers == ["data/augment.py"]


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_random_numbers_are_drawn_for_one_picture_after_another(recipe: str) -> None:
    """Else the same seed gives other pictures now and then, on a busy machine."""
    traced = tf.function(Augmenter(recipe, 32, 0)).get_concrete_function(
        tf.TensorSpec((None, 32, 32, 3), tf.float32)
    )
    at_once = [
        operation.get_attr("parallel_iterations")
        for operation in traced.graph.get_operations()
        if operation.type == "While"  # the stateless ones draw nothing
    ]
    assert set(at_once) <= {1}
    assert bool(at_once) == (recipe in ("strong", "randaugment"))


@pytest.mark.parametrize("recipe", VARYING)
def test_what_is_drawn_at_a_moment_depends_on_that_alone(recipe: str) -> None:
    def at(augment: Augmenter, epoch: int, step: int) -> np.ndarray:
        found: np.ndarray = augment(pictures(), tf.constant([epoch, step], tf.int64)).numpy()
        return found

    one, other = Augmenter(recipe, 32, 4), Augmenter(recipe, 32, 4)
    other(pictures())  # whatever it did before
    assert np.array_equal(at(one, 3, 1), at(other, 3, 1))
    first = at(one, 3, 1)
    for moment in ((3, 2), (2, 1), (1, 3)):
        assert not np.array_equal(at(one, *moment), first)
    assert not np.array_equal(at(Augmenter(recipe, 32, 5), 3, 1), first)
