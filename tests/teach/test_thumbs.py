"""Small pictures: made once, bounded in memory, and never from what is too large."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.teach.sites import picture
from tl_catdog.errors import ImageError
from tl_catdog.serve.preview import LONGER
from tl_catdog.teach import thumbs as module
from tl_catdog.teach.thumbs import SIZES, Thumbs, kind_of, shrunk


@pytest.fixture
def thumbs() -> Iterator[Thumbs]:
    found = Thumbs(4_000_000)
    yield found
    found.close()


def painted(path: Path, width: int, height: int, **options: object) -> Path:
    Image.new("RGB", (width, height), (200, 30, 30)).save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("size", SIZES)
def test_it_is_upright_and_no_larger_than_asked(thumbs: Thumbs, tmp_path: Path, size: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    path = painted(tmp_path / "a.jpg", 1200, 600, exif=exif)
    with Image.open(io.BytesIO(thumbs.small(path, "a", size))) as image:
        assert (image.format, image.height) == ("JPEG", size)
        assert image.width == pytest.approx(size / 2, abs=1)


def test_what_takes_long_is_decoded_apart(thumbs: Thumbs, tmp_path: Path) -> None:
    path = painted(tmp_path / "a.png", 1900, 1900)  # more than 2,000,000 pixels
    with Image.open(io.BytesIO(thumbs.small(path, "a", LONGER))) as image:
        assert image.size == (LONGER, LONGER)


def test_a_picture_is_decoded_once(
    thumbs: Thumbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = painted(tmp_path / "a.png", 300, 300)
    first = thumbs.small(path, "a", SIZES[0])
    path.unlink()
    assert thumbs.small(path, "a", SIZES[0]) == first
    with pytest.raises(ImageError, match="can't be read"):
        thumbs.small(path, "b", SIZES[0])


def test_memory_is_bounded_and_the_oldest_goes(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / str(number)).write_bytes(picture(number, 64))
    size = len(Thumbs(PIXELS).small(tmp_path / "0", "", 112))
    thumbs = Thumbs(PIXELS, kept=4 * size)
    for number in range(12):
        thumbs.small(tmp_path / str(number), str(number), 112)
    assert 2 * size < len(thumbs) <= 4 * size
    (tmp_path / "11").unlink()
    thumbs.small(tmp_path / "11", "11", 112)
    thumbs.close()


PIXELS = 10**6


def test_hostile_pictures_are_refused_by_their_header(thumbs: Thumbs, tmp_path: Path) -> None:
    path = painted(tmp_path / "a.png", 3000, 2000)
    with pytest.raises(ImageError, match="more than 4,000,000 allowed"):
        thumbs.small(path, "a", SIZES[0])
    for data in (b"", b"text", picture(1)[:60]):
        path.write_bytes(data)
        with pytest.raises(ImageError):
            thumbs.small(path, "b", SIZES[0])


def test_the_network_s_pixels_come_with_a_picture_to_show(thumbs: Thumbs) -> None:
    pixels, made = thumbs.pixels(picture(1), 32)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    assert kind_of(made) == "image/jpeg"


def test_only_what_browsers_show_has_a_kind() -> None:
    kinds = {format: kind_of(picture(1, format=format)) for format in ("PNG", "GIF", "TIFF", "BMP")}
    assert kinds == {"PNG": "image/png", "GIF": "image/gif", "TIFF": None, "BMP": None}
    assert kind_of(b"<svg onload=alert(1)>") is None


def test_what_is_small_already_stays(thumbs: Thumbs) -> None:
    assert module.SHOWN
    with Image.open(io.BytesIO(shrunk(thumbs.of(picture(1)), 112))) as image:
        assert image.size == (24, 24)
