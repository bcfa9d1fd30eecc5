"""Worse pictures: what each kind does, the same every time."""

import numpy as np
import pytest
from PIL import Image

from tl_catdog.data.corruptions import CORRUPTIONS, NOISE, OCCLUSION, corrupt


@pytest.fixture
def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(60, 200, (8, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((112, 112), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_each_changes_the_picture_the_same_way_every_time(kind: str, picture: np.ndarray) -> None:
    before = picture.copy()
    first, second = corrupt(picture, kind), corrupt(picture, kind)
    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    assert (first == second).all()
    assert (first != picture).any()
    assert (picture == before).all()


def test_strengths_are_what_their_names_say(picture: np.ndarray) -> None:
    difference = corrupt(picture, "noise").astype(float) - picture
    assert difference.std() == pytest.approx(NOISE, rel=0.05)
    assert corrupt(picture, "darkness").mean() == pytest.approx(picture.mean() / 4, rel=0.01)
    covered = (corrupt(picture, "25 % covered") == 128).all(axis=2)
    assert covered.mean() == pytest.approx(OCCLUSION, abs=0.01)
    grey = corrupt(picture, "greyscale")
    assert (grey[..., 0] == grey[..., 1]).all()
    turned = corrupt(picture, "90° turn")
    assert any((turned == np.rot90(picture, k)).all() for k in (1, 3))


def test_blur_and_low_resolution_take_detail_away() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (112, 112, 3)).astype(np.uint8)
    for kind in ("blur", "low resolution"):
        assert corrupt(noise, kind).std() < noise.std() / 3


def test_chance_depends_on_the_picture(picture: np.ndarray) -> None:
    other = picture.copy()
    other[0, 0] += 1
    one, two = (
        np.argwhere((corrupt(p, "25 % covered") == 128).all(axis=2)) for p in (picture, other)
    )
    assert one[0].tolist() != two[0].tolist()


def test_small_pictures_work_too() -> None:
    tiny = np.full((32, 32, 3), 77, np.uint8)
    assert {kind: corrupt(tiny, kind).shape for kind in CORRUPTIONS}.keys() == set(CORRUPTIONS)
