"""Candidates: what two pictures have in common but for what their whole set has in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.look_alikes import look_alikes
from tl_catdog.audit import candidates as module
from tl_catdog.audit.candidates import WINDOWS, CandidateSearch, Traits, averaging, descriptors
from tl_catdog.audit.thumbnails import SIDE, grey_thumbnail
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.images import Pixels


def stored(thumbnails: list[Pixels]) -> ArrayStore:
    store = ArrayStore(len(thumbnails), (SIDE, SIDE), np.uint8)
    for position, pixels in enumerate(thumbnails):
        store.write(position, pixels)
    return store


def noise(seed: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).integers(0, 255, (1, SIDE, SIDE)).astype(np.float32)


def test_low_frequencies_are_scipys_dct_of_the_averaged_picture() -> None:
    from scipy.fft import dctn

    pixels = noise(2)
    small = pixels[0].reshape(SIDE // 4, 4, SIDE // 4, 4).mean((1, 3))
    low = dctn(small, norm="ortho")[:8, :8]
    low[0, 0] = 0
    expected = np.concatenate([low[:, 0::2].ravel(), low[:, 1::2].ravel()])
    got = descriptors(pixels, 0)[0]
    np.testing.assert_allclose(got, expected / np.linalg.norm(expected), atol=1e-4)


def test_averaging_weighs_pixels_by_how_much_of_them_lies_within() -> None:
    assert averaging(0, 1, SIDE) == pytest.approx(np.eye(SIDE))
    values = np.arange(SIDE, dtype=np.float32)
    assert averaging(0.25, 0.75, 2) @ values == pytest.approx(
        [SIDE * 0.375 - 0.5, SIDE * 0.625 - 0.5]
    )
    assert averaging(0.1, 0.9, 7).sum(1) == pytest.approx(1)


def test_what_has_no_detail_has_no_direction() -> None:
    """Without this the noise of two white walls would be compared at full strength."""
    rng = np.random.default_rng(0)
    faint = 128 + rng.integers(0, 2, (SIDE, SIDE))
    pixels = np.stack([faint, np.full((SIDE, SIDE), 200), noise(0)[0]]).astype(np.float32)
    for window in range(len(WINDOWS)):
        lengths = np.linalg.norm(descriptors(pixels, window), axis=1)
        assert lengths == pytest.approx([0, 0, 1], abs=1e-5)


def test_brightness_and_contrast_make_no_other_picture() -> None:
    one, other = descriptors(np.concatenate([noise(1), 40 + 0.6 * noise(1)]), 0)
    assert one @ other > 0.999


def test_what_all_pictures_have_in_common_is_taken_out() -> None:
    thumbnails = np.stack([grey_thumbnail(p.convert("L")) for p in look_alikes("face", 40)])
    found = descriptors(thumbnails.astype(np.float32), 0)
    others = ~np.eye(40, dtype=bool)
    left = Traits.of(found).without(found)
    before, after = (np.median((one @ one.T)[others]) for one in (found, left))
    assert before > 0.6
    assert abs(after) < before / 2
    assert np.linalg.norm(left, axis=1) == pytest.approx(1, abs=1e-4)


def test_two_pictures_have_no_traits_of_a_set() -> None:
    """Their mean lies between them: without it they would be opposites."""
    found = descriptors(np.concatenate([noise(1), noise(1) + 0.1 * noise(2)]), 0)
    one, other = Traits.of(found).without(found)
    assert one @ other > 0.9


def test_each_picture_gets_its_likeliest_ones_only(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    base = [grey_thumbnail(picture.convert("L")) for picture in look_alikes("tile", 30)]
    copies = [
        np.clip(base[4].astype(int) + rng.integers(-6, 7, base[4].shape), 0, 255) for _ in "abc"
    ]
    search = CandidateSearch(
        stored([*base, *(copy.astype(np.uint8) for copy in copies)]), np.arange(33)
    )
    found = search.of(np.array([4, 7]))
    assert set(found.first.tolist()) <= {4, 7}
    assert {30, 31, 32} <= set(found.second[found.first == 4].tolist())
    assert (found.likeness >= module.LIKELY).all()
    assert not np.any(found.first == found.second)
    monkeypatch.setattr(module, "CANDIDATES", 2)
    assert len(search.of(np.array([4])).first) == 2


def test_mirror_images_and_parts_are_told() -> None:
    base = [grey_thumbnail(picture.convert("L")) for picture in look_alikes("slide", 20)]
    part = np.asarray(
        look_alikes("slide", 20)[3].convert("L").crop((22, 0, 224, 202)).resize((SIDE, SIDE))
    )
    store = stored([*base, np.ascontiguousarray(base[2][:, ::-1]), part])
    found = CandidateSearch(store, np.arange(22)).of(np.array([20, 21]))
    (turned,) = np.flatnonzero((found.first == 20) & (found.second == 2))
    assert found.mirrored[turned]
    (cropped,) = np.flatnonzero((found.first == 21) & (found.second == 3))
    assert not found.mirrored[cropped]
    window = WINDOWS[module.WINDOW_PAIRS[found.window_pair[cropped]][1]]
    assert window == pytest.approx((0.1, 0.0, 1.0, 0.9))
