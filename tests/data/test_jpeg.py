"""JPEGs that Pillow takes for whole: their end is missing, or their scans never end."""

from typing import Any

import pytest

from tests.conftest import COLOURS
from tests.support.hostile_bytes import encoded, scene
from tl_catdog.data.images import decode
from tl_catdog.data.jpeg import MAX_SCANS
from tl_catdog.errors import ImageError

WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "progressive": {"progressive": True},
    "best": {"subsampling": 0, "quality": 100},
    "restarts": {"restart_marker_rows": 1},
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [2, 32, 224])  # the smallest is decoded at reduced scale
def test_a_jpeg_cut_in_the_middle_is_refused_whatever_ends_it(
    mode: str, way: str, size: int
) -> None:
    whole = encoded(scene(COLOURS[0]).convert(mode), "JPEG", **WAYS[way])
    half = whole[: len(whole) * 3 // 4]
    with pytest.raises(ImageError, match="truncated"):
        decode(half, size)
    with pytest.raises(ImageError, match="cut short"):
        decode(half + b"\xff\xd9", size)


@pytest.mark.parametrize("way", WAYS)
def test_a_grey_corner_is_no_missing_end(way: str) -> None:
    picture = scene(COLOURS[0])
    picture.paste((128, 128, 128), (32, 32, 64, 64))
    assert decode(encoded(picture, "JPEG", **WAYS[way]), 32).shape == (32, 32, 3)


def test_what_follows_a_whole_jpeg_does_not_matter() -> None:
    whole = encoded(scene(COLOURS[0]), "JPEG")
    tail = b"a film that a telephone adds " + b"\xff\xda" * (MAX_SCANS + 1)
    assert (decode(whole + tail, 32) == decode(whole, 32)).all()


@pytest.mark.parametrize(
    ("scans", "refused"), [(0, False), (60, False), (100, False), (101, True), (110, True)]
)
def test_scans_without_end_are_refused(scans: int, refused: bool) -> None:
    whole = encoded(scene(COLOURS[0]), "JPEG", progressive=True)
    more = max(0, scans - whole.count(b"\xff\xda"))
    last = whole[whole.rindex(b"\xff\xda") : -2]
    data = whole[:-2] + more * last + whole[-2:]
    if refused:
        with pytest.raises(ImageError, match="scans"):
            decode(data, 32)
    else:
        assert decode(data, 32).shape == (32, 32, 3)
