"""What strikes the eye about a picture: dark, bright, blank, blurred or tiny, and from where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter

from tests.audit.test_inspection import kinds
from tl_catdog.audit.inspection import _percentile, inspect


def test_what_strikes_the_eye_is_remarked(photograph: Path, tmp_path: Path) -> None:
    picture = Image.open(photograph)

    def of(changed: Image.Image) -> list[str]:
        path = tmp_path / "changed.png"
        changed.save(path)
        return kinds(path)

    assert of(picture.point(lambda value: value // 12)) == ["dark"]
    assert of(picture.point(lambda value: 240 + value // 20)) == ["bright"]
    assert of(picture.point(lambda value: 120 + value // 40)) == ["blank"]
    assert of(picture.filter(ImageFilter.GaussianBlur(12))) == ["blurred"]
    assert of(picture.resize((31, 200))) == ["tiny"]
    assert of(picture.resize((200, 150))) == []


def remarks_of(values: npt.ArrayLike, folder: Path) -> list[str]:
    """Return what is remarked about a grey picture of these values."""
    path = folder / "made.png"
    Image.fromarray(np.asarray(values, np.uint8)).save(path)
    return kinds(path)


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
    values: npt.NDArray[np.uint8], expected: str | None, tmp_path: Path
) -> None:
    assert remarks_of(values, tmp_path) == ([expected] if expected else [])


def ramp(side: int, edge: int, width: int | None = None) -> npt.NDArray[np.int64]:
    """Return an even rise, whose Laplacian is zero, with edges of four times ``edge`` in it."""
    down, across = np.arange(side)[:, None], np.arange(width or side)
    return 60 + across * 128 // len(across) + edge * ((down + across) % 2)


@pytest.mark.parametrize(
    ("side", "edge", "blurred"), [(128, 3, True), (128, 4, False), (127, 3, False)]
)
def test_blurred_is_what_has_weak_edges_and_room_for_stronger_ones(
    side: int, edge: int, blurred: bool, tmp_path: Path
) -> None:
    assert remarks_of(ramp(side, edge), tmp_path) == (["blurred"] if blurred else [])


def test_blur_is_judged_at_the_same_size_whatever_a_picture_has(tmp_path: Path) -> None:
    """Each pixel of a large one is soft, as its edges are spread over many."""
    sharp = Image.fromarray(ramp(128, 30).astype(np.uint8))
    large = np.asarray(sharp.resize((1280, 1536), Image.Resampling.BICUBIC))
    assert remarks_of(large, tmp_path) == []
    soft = np.asarray(sharp.filter(ImageFilter.GaussianBlur(4)).resize((1280, 1280)))
    assert remarks_of(soft, tmp_path) == ["blurred"]
    # It is the shorter side that counts, and both shrink alike.
    assert remarks_of(ramp(128, 4, 512), tmp_path) == []
    double = np.ones((2, 2), int)
    for edge, expected in ((4, []), (3, ["blurred"])):
        assert remarks_of(np.kron(ramp(128, edge, 256), double), tmp_path) == expected
        assert remarks_of(np.kron(ramp(128, edge, 256), double).T, tmp_path) == expected


def test_a_few_sharp_dots_make_no_sharp_picture(tmp_path: Path) -> None:
    """Dust, or a date in a corner: 99 of 100 pixels have weak edges."""
    values = ramp(128, 3)
    values[10:120:30, 10:120:30] += 60
    assert remarks_of(values, tmp_path) == ["blurred"]


@pytest.mark.parametrize(
    ("size", "tiny"), [((31, 200), True), ((200, 31), True), ((32, 200), False), ((1, 1), True)]
)
def test_tiny_is_what_has_a_side_of_fewer_than_32_pixels(
    size: tuple[int, int], tiny: bool, tmp_path: Path
) -> None:
    values = np.random.default_rng(0).integers(0, 255, size[::-1])
    found = remarks_of(values, tmp_path)
    assert ("tiny" in found) == tiny
    if tiny:
        (detail,) = [d for kind, d in inspect(tmp_path / "made.png").remarks if kind == "tiny"]
        assert detail == f"{size[0]}×{size[1]} pixels"


def test_a_percentile_is_the_least_value_that_enough_values_do_not_exceed() -> None:
    counts = np.array([0, 1, 98, 0, 1])
    found = [_percentile(counts, part) for part in (0.01, 0.011, 0.99, 0.991, 1.0)]
    assert found == [1, 2, 2, 4, 4]
