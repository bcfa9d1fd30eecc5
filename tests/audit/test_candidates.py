"""Candidates: what two pictures have in common but for what their whole set has in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.support.look_alikes import look_alikes
from tl_catdog.audit import candidates as module
from tl_catdog.audit import lists
from tl_catdog.audit.candidates import (
    WINDOWS,
    Descriptors,
    Traits,
    averaging,
    candidates,
    descriptors,
)
from tl_catdog.audit.likeliest import Candidates
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
    store = stored([*base, *(copy.astype(np.uint8) for copy in copies)])
    found = candidates(Descriptors(store, np.arange(33)))
    assert {30, 31, 32} <= set(found.second[found.first == 4].tolist())
    assert (found.likeness >= module.LIKELY).all()
    assert not np.any(found.first == found.second)
    monkeypatch.setattr(module, "CANDIDATES", 2)
    fewer = candidates(Descriptors(store, np.arange(33)))
    assert fewer.second[fewer.first == 4].tolist() == found.second[found.first == 4].tolist()[:2]


def test_mirror_images_and_parts_are_told() -> None:
    base = [grey_thumbnail(picture.convert("L")) for picture in look_alikes("slide", 20)]
    part = np.asarray(
        look_alikes("slide", 20)[3].convert("L").crop((22, 0, 224, 202)).resize((SIDE, SIDE))
    )
    store = stored([*base, np.ascontiguousarray(base[2][:, ::-1]), part])
    found = candidates(Descriptors(store, np.arange(22)))
    (turned,) = np.flatnonzero((found.first == 20) & (found.second == 2))
    assert found.mirrored[turned]
    (cropped,) = np.flatnonzero((found.first == 21) & (found.second == 3))
    assert not found.mirrored[cropped]
    window = WINDOWS[module.WINDOW_PAIRS[found.window_pair[cropped]][1]]
    assert window == pytest.approx((0.1, 0.0, 1.0, 0.9))


def by_all(store: ArrayStore, count: int) -> dict[tuple[int, int], float]:
    """Return the likeliest of each picture and their cosines, by comparing with all: slow."""
    best = np.full((count, count), -1.0)
    whole = descriptors(store.read(np.arange(count)).astype(np.float32), 0)
    for number in range(len(WINDOWS)):
        window = descriptors(store.read(np.arange(count)).astype(np.float32), number)
        traits = Traits.of(window)
        theirs = traits.without(window)
        for own, other in module.WINDOW_PAIRS:
            if other == number:
                queries = theirs if own == other else traits.without(whole)
                for turned in (1, -1):
                    signs = np.repeat([1, turned], 32).astype(np.float32)
                    best = np.maximum(best, (queries * signs) @ theirs.T)
    np.fill_diagonal(best, -1)
    found = {}
    for row in range(count):
        for other in np.argsort(-best[row])[: module.CANDIDATES].tolist():
            if best[row, other] >= module.LIKELY:
                found[row, other] = float(best[row, other])
    return found


def as_pairs(found: Candidates) -> dict[tuple[int, int], float]:
    ends = zip(found.first.tolist(), found.second.tolist(), strict=True)
    return dict(zip(ends, found.likeness.tolist(), strict=True))


def test_candidates_are_those_that_comparing_with_all_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = ("tile", "face", "slide")
    pictures = [p.convert("L") for kind in kinds for p in look_alikes(kind, 60)]
    pictures += [p.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for p in pictures[::9]]
    pictures += [p.crop((9, 0, p.width, p.height - 9)) for p in pictures[::11]]
    order = np.random.default_rng(0).permutation(len(pictures))
    store = stored([grey_thumbnail(pictures[place]) for place in order])
    rows = np.arange(len(pictures))
    expected = by_all(store, len(pictures))
    found = as_pairs(candidates(Descriptors(store, rows)))
    assert found == pytest.approx(expected, abs=1e-5)
    assert len(found) > len(pictures)
    # What more pictures would have: most of the lists aren't looked at.
    monkeypatch.setattr(lists, "SIZE", 8)
    monkeypatch.setattr(lists, "PROBED", 12)
    monkeypatch.setattr(module, "ASKED", 50)
    monkeypatch.setattr(module, "CHUNK", 64)
    seen: list[tuple[int, int]] = []
    several = as_pairs(candidates(Descriptors(store, rows), lambda *now: seen.append(now)))
    likely = {ends for ends, likeness in expected.items() if likeness >= 0.8}
    assert len(likely) > 60
    assert len(likely - several.keys()) <= 0.02 * len(likely)
    assert seen == sorted(seen)
    assert seen[-1] == (16 * 5, 16 * 5)


def test_empty_pictures_have_no_candidates() -> None:
    white = [np.full((SIDE, SIDE), 255, np.uint8)] * 9
    assert len(candidates(Descriptors(stored(white), np.arange(9))).first) == 0
