"""What strikes the eye about a picture: dark, bright, blank or blurred, for one of its set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter

from tl_catdog.audit.appearance import FEWEST, Appearance, _percentile, unusual


def grey(values: npt.ArrayLike) -> Image.Image:
    return Image.fromarray(np.asarray(values, np.uint8))


def kinds(*pictures: Image.Image) -> list[str | None]:
    """Return what is found about each picture, among all of them."""
    found: list[str | None] = [None] * len(pictures)
    for position, kind, _ in unusual([Appearance.of(picture) for picture in pictures]):
        assert found[position] is None
        found[position] = kind
    return found


def photograph(seed: int, side: int = 160, detail: int = 20) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (detail, detail))
    return grey(coarse).resize((side, side), Image.Resampling.BICUBIC)


PHOTOGRAPHS = [photograph(seed) for seed in range(30)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda picture: picture.point(lambda value: value // 12), "dark"),
        (lambda picture: picture.point(lambda value: 240 + value // 20), "bright"),
        (lambda picture: picture.point(lambda value: 120 + value // 40), "blank"),
        (lambda picture: picture.filter(ImageFilter.GaussianBlur(8)), "blurred"),
    ],
)
@pytest.mark.parametrize("others", [0, len(PHOTOGRAPHS)])
def test_what_strikes_the_eye_does_so_alone_and_among_others(
    change: Callable[[Image.Image], Image.Image], kind: str, others: int
) -> None:
    found = kinds(*PHOTOGRAPHS[:others], change(photograph(99)))
    assert found == [None] * others + [kind]


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture.point(lambda value: value // 12),
        lambda picture: picture.point(lambda value: 240 + value // 20),
        lambda picture: picture.point(lambda value: 120 + value // 40),
        lambda picture: picture.filter(ImageFilter.GaussianBlur(8)),
    ],
)
def test_what_all_of_a_set_are_like_is_no_finding(
    change: Callable[[Image.Image], Image.Image],
) -> None:
    """Stars at night, signs on white, fog, pictures made larger: so is the set."""
    assert set(kinds(*map(change, PHOTOGRAPHS))) == {None}


def test_faint_is_not_blurred() -> None:
    faint = [picture.point(lambda value: 100 + value // 9) for picture in PHOTOGRAPHS[:3]]
    assert kinds(*PHOTOGRAPHS, *faint) == [None] * 33


def test_a_soft_set_has_blurred_pictures_all_the_same() -> None:
    soft = [picture.filter(ImageFilter.GaussianBlur(2)) for picture in PHOTOGRAPHS]
    softer = photograph(99).filter(ImageFilter.GaussianBlur(8))
    assert kinds(*soft, softer) == [None] * 30 + ["blurred"]


def test_nothing_sharp_is_blurred_however_sharp_the_others_are() -> None:
    noise = [np.random.default_rng(seed).integers(0, 255, (128, 128)) for seed in range(30)]
    assert kinds(*map(grey, noise), photograph(0, 128)) == [None] * 31


def test_what_can_not_be_decoded_is_left_out() -> None:
    one = Appearance.of(PHOTOGRAPHS[0])
    assert unusual([None, one, None]) == []
    dark = replace(one, low=0, high=3)
    ((position, kind, detail),) = unusual([None, one, None, dark])
    assert (position, kind) == (3, "dark")
    assert detail == "99 of 100 pixels are no brighter than 3 of 255"
    assert unusual([]) == []


@pytest.mark.parametrize(("count", "found"), [(FEWEST - 1, True), (FEWEST, False)])
def test_few_pictures_have_no_usual_look(count: int, found: bool) -> None:
    """Fewer than twenty dark ones may all be mistakes."""
    dark = replace(Appearance.of(PHOTOGRAPHS[0]), high=10)
    assert bool(unusual([dark] * count)) == found


def sprinkled(value: int, part: float, other: int) -> npt.NDArray[np.uint8]:
    """Return 10,000 pixels of a value, a part of which have another one."""
    values = np.full(10_000, value, np.uint8)
    values[:: round(1 / part)] = other
    return values.reshape(100, 100)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.full((100, 100), 39), "dark"),
        (np.full((100, 100), 40), "blank"),
        (np.full((100, 100), 225), "blank"),
        (np.full((100, 100), 226), "bright"),
        (sprinkled(20, 1 / 110, 255), "dark"),  # a star in the night
        (sprinkled(20, 1 / 90, 255), None),
        (sprinkled(250, 1 / 110, 0), "bright"),  # a crow in the snow
        (sprinkled(250, 1 / 90, 0), None),
        (sprinkled(120, 1 / 2, 127), "blank"),  # a deviation of 3.5
        (sprinkled(120, 1 / 2, 128), None),  # of 4
    ],
)
def test_dark_bright_and_blank_have_their_limits(
    values: npt.NDArray[np.uint8], expected: str | None
) -> None:
    assert kinds(grey(values)) == [expected]


def ramp(side: int, edge: int, width: int | None = None) -> npt.NDArray[np.int64]:
    """Return an even rise, whose Laplacian is zero, with edges of four times ``edge`` in it."""
    down, across = np.arange(side)[:, None], np.arange(width or side)
    return 60 + across * 128 // len(across) + edge * ((down + across) % 2)


@pytest.mark.parametrize(
    ("side", "edge", "blurred"), [(128, 3, True), (128, 4, False), (127, 3, False)]
)
def test_blurred_is_what_has_weak_edges_and_room_for_stronger_ones(
    side: int, edge: int, blurred: bool
) -> None:
    assert kinds(grey(ramp(side, edge))) == (["blurred"] if blurred else [None])


def test_blur_is_judged_at_the_same_size_whatever_a_picture_has() -> None:
    """Each pixel of a large one is soft, as its edges are spread over many."""
    sharp = grey(ramp(128, 30))
    assert kinds(sharp.resize((1280, 1536), Image.Resampling.BICUBIC)) == [None]
    soft = sharp.filter(ImageFilter.GaussianBlur(4)).resize((1280, 1280))
    assert kinds(soft) == ["blurred"]
    # It is the shorter side that counts, and both shrink alike.
    assert kinds(grey(ramp(128, 4, 512))) == [None]
    double = np.ones((2, 2), int)
    for edge, expected in ((4, None), (3, "blurred")):
        assert kinds(grey(np.kron(ramp(128, edge, 256), double))) == [expected]
        assert kinds(grey(np.kron(ramp(128, edge, 256), double).T)) == [expected]


def test_a_few_sharp_dots_make_no_sharp_picture() -> None:
    """Dust, or a date in a corner: 99 of 100 pixels have weak edges."""
    values = ramp(128, 3)
    values[10:120:30, 10:120:30] += 60
    assert kinds(grey(values)) == ["blurred"]


def test_a_percentile_is_the_least_value_that_enough_values_do_not_exceed() -> None:
    counts = np.array([0, 1, 98, 0, 1])
    found = [_percentile(counts, part) for part in (0.01, 0.011, 0.99, 0.991, 1.0)]
    assert found == [1, 2, 2, 4, 4]
