"""Worse pictures: what each kind does, the same every time."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from tl_catdog.data.corruptions import CORRUPTIONS, corrupt


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
    assert difference.std() == pytest.approx(40, rel=0.05)
    assert corrupt(picture, "darkness").mean() == pytest.approx(picture.mean() / 4, rel=0.01)
    covered = (corrupt(picture, "25 % covered") == 128).all(axis=2)
    assert covered.mean() == pytest.approx(0.25, abs=0.01)
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


def test_blur_has_a_deviation_of_three_halves_of_a_hundredth_of_the_side() -> None:
    line = np.zeros((224, 224, 3), np.uint8)
    line[:, 112] = 255
    spread = corrupt(line, "blur")[100, :, 0].astype(float)
    deviation = np.sqrt((spread * (np.arange(224) - 112) ** 2).sum() / spread.sum())
    assert deviation == pytest.approx(0.015 * 224, rel=0.1)


def test_low_resolution_keeps_one_pixel_of_seven_each_way() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (16, 16, 3)).astype(np.uint8)
    fine = np.kron(coarse, np.ones((7, 7, 1), np.uint8))
    found = corrupt(fine, "low resolution")
    # What is as coarse as that keeps its values in the middle of each square.
    assert np.abs(found[3::7, 3::7].astype(int) - coarse).max() <= 1
    chess = 255 * (np.indices((112, 112)).sum(0) % 2)
    flat = corrupt(np.repeat(chess[..., None], 3, 2).astype(np.uint8), "low resolution")
    assert flat.std() < 4


def test_jpeg_is_pillows_at_quality_ten(picture: np.ndarray) -> None:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=10)
    expected = np.asarray(Image.open(io.BytesIO(out.getvalue())))
    assert (corrupt(picture, "JPEG quality 10") == expected).all()


def test_what_is_left_of_the_light_is_rounded() -> None:
    values = np.array([0, 1, 2, 3, 4, 5, 255], np.uint8)
    dark = corrupt(np.repeat(values[None, :, None], 3, 2), "darkness")
    assert dark[0, :, 0].tolist() == [0, 0, 0, 1, 1, 1, 64]


def test_noise_stays_within_the_range_of_pixels() -> None:
    for value in (0, 255):
        flat = np.full((64, 64, 3), value, np.uint8)
        found = corrupt(flat, "noise").astype(int)
        # Half of it would lie beyond, and stops there; nothing wraps around to the other end.
        assert (found == value).mean() == pytest.approx(0.5, abs=0.03)
        assert np.abs(found - value).max() < 5 * 40


def test_noise_is_drawn_by_the_pictures_checksum(picture: np.ndarray) -> None:
    """Figures of runs are compared with those of earlier versions."""
    rng = np.random.default_rng(zlib.crc32(picture.tobytes()))
    noisy = np.rint(picture + rng.normal(0, 40, picture.shape))
    assert (corrupt(picture, "noise") == np.clip(noisy, 0, 255)).all()


@pytest.mark.parametrize("side", [1, 2, 4])
def test_the_smallest_pictures_work_too(side: int) -> None:
    tiny = np.random.default_rng(side).integers(0, 120, (side, side, 3)).astype(np.uint8)
    found = {kind: corrupt(tiny, kind) for kind in CORRUPTIONS}
    assert {item.shape for item in found.values()} == {tiny.shape}
    covered = (found["25 % covered"] == 128).all(axis=2).sum()
    assert covered == {1: 1, 2: 1, 4: 4}[side]
    assert np.ptp(found["low resolution"], axis=(0, 1)).max() == 0  # of one pixel


def test_turns_go_both_ways_and_squares_cover_any_place() -> None:
    rng = np.random.default_rng(0)
    turns, corners = set(), set()
    for _ in range(200):
        tiny = rng.integers(0, 120, (4, 4, 3)).astype(np.uint8)
        turned = corrupt(tiny, "90° turn")
        turns.add(next(k for k in range(4) if (turned == np.rot90(tiny, k)).all()))
        top, left = np.argwhere((corrupt(tiny, "25 % covered") == 128).all(axis=2))[0].tolist()
        corners.add((top, left))
    assert turns == {1, 3}
    assert corners == {(top, left) for top in range(3) for left in range(3)}


def test_small_pictures_work_too() -> None:
    tiny = np.full((32, 32, 3), 77, np.uint8)
    assert {kind: corrupt(tiny, kind).shape for kind in CORRUPTIONS}.keys() == set(CORRUPTIONS)
