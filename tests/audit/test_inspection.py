"""One file at a time: what is broken is named for what it is, what is whole isn't."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter, ImageOps

from tests.conftest import paint
from tl_catdog.audit.inspection import _percentile, inspect
from tl_catdog.audit.thumbnails import grey_thumbnail, to_grey
from tl_catdog.data.digest import UNREADABLE, file_digest


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """Something with edges, as large as a small photograph."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (30, 40, 3)).astype(np.uint8)
    path = tmp_path / "photograph.jpg"
    Image.fromarray(coarse).resize((400, 300), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def kinds(path: Path) -> list[str]:
    return [kind for kind, _ in inspect(path).remarks]


def test_a_whole_picture_has_a_thumbnail_a_digest_and_no_remark(photograph: Path) -> None:
    found = inspect(photograph)
    assert found.remarks == ()
    assert found.digest == file_digest(photograph)
    assert found.thumbnail is not None
    assert found.thumbnail.shape == (64, 64)


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_short_is_truncated_even_with_an_end_marker(
    photograph: Path, part: float, end: bytes, progressive: bool
) -> None:
    out = io.BytesIO()
    Image.open(photograph).save(out, "JPEG", progressive=progressive)
    data = out.getvalue()
    photograph.write_bytes(data[: int(part * len(data))] + end)
    found = inspect(photograph)
    assert [kind for kind, _ in found.remarks] == ["truncated"]
    assert found.thumbnail is None


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".webp"])
def test_other_formats_cut_short_are_broken(photograph: Path, suffix: str) -> None:
    path = photograph.with_suffix(suffix)
    Image.open(photograph).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    (kind,) = kinds(path)
    assert kind in ("truncated", "corrupt")


def test_bytes_after_the_end_do_no_harm(photograph: Path) -> None:
    photograph.write_bytes(photograph.read_bytes() + b"a camera's own notes")
    assert kinds(photograph) == []


def test_orientation_is_heeded_as_in_training(photograph: Path, tmp_path: Path) -> None:
    # Two decoders and two scales differ by about three grey values; a wrong turn by fifty.
    picture = Image.open(photograph)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        turned = tmp_path / "turned.jpg"
        picture.save(turned, exif=exif, quality=95)
        plain = tmp_path / "plain.png"

        ImageOps.exif_transpose(Image.open(turned)).save(plain)
        one, other = inspect(turned).thumbnail, inspect(plain).thumbnail
        assert one is not None
        assert other is not None
        assert np.abs(one.astype(int) - other).mean() < 4, orientation


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "the file is empty"),
        (b"hello, I am no picture", "text"),
        (b"<!doctype html><p>404", "text in angle brackets: a web page or a drawing in SVG"),
        (bytes(range(128, 256)), "no format that is known here"),
    ],
)
def test_what_is_no_picture_is_named_for_what_it_is(
    content: bytes, detail: str, tmp_path: Path
) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(content)
    assert inspect(path).remarks == (("not-a-picture", detail),)


def test_a_format_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scan.jpg"
    Image.new("RGB", (40, 40)).save(path, "TIFF")
    assert inspect(path).remarks == (("not-a-picture", "a TIFF file, which isn't read here"),)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header
    chunk += struct.pack(">I", zlib.crc32(b"IHDR" + header))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT")
    assert kinds(path) == ["huge"]


def test_what_cannot_be_opened_is_unreadable_and_does_not_hang(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    for path in (pipe, loop, tmp_path / "missing.jpg", tmp_path):
        assert kinds(path) == ["unreadable"]


def test_names_that_lie_and_moving_pictures_are_remarked(tmp_path: Path) -> None:
    lies = paint(tmp_path / "a.png", (90, 200, 10), 1, size=64).rename(tmp_path / "a.jpg")
    assert inspect(lies).remarks == (("wrong-extension", "a PNG named .jpg"),)
    frames = [Image.open(paint(tmp_path / f"{n}.png", (n, 9, 90), n)) for n in range(3)]
    moving = tmp_path / "moving.gif"
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    assert inspect(moving).remarks == (("animated", "3 frames"),)


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


def ramp(side: int, edge: int) -> npt.NDArray[np.int64]:
    """Return an even rise, whose Laplacian is zero, with edges of four times ``edge`` in it."""
    down, across = np.arange(side)[:, None], np.arange(side)
    return 60 + across * 128 // side + edge * ((down + across) % 2)


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


@pytest.mark.parametrize(
    ("kind", "suffixes"),
    [
        ("JPEG", [".jpg", ".jpeg", ".jpe", ".jfif", ".JPG"]),
        ("MPO", [".jpg", ".jpeg", ".jpe", ".jfif", ".JPG"]),
        ("PNG", [".png", ".PNG"]),
        ("WEBP", [".webp"]),
        ("BMP", [".bmp"]),
        ("GIF", [".gif"]),
    ],
)
def test_each_format_has_its_own_suffixes_and_no_others(
    kind: str, suffixes: list[str], photograph: Path, tmp_path: Path
) -> None:
    out = io.BytesIO()
    Image.open(photograph).save(out, kind)
    for suffix in (
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".JPG",
        ".png",
        ".PNG",
        ".webp",
        ".bmp",
        ".gif",
    ):
        path = tmp_path / f"named{suffix}"
        path.write_bytes(out.getvalue())
        assert kinds(path) == ([] if suffix in suffixes else ["wrong-extension"]), suffix


def test_broken_files_have_hashes_and_those_that_cannot_be_read_have_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    for data in (b"", b"text", b"\xff\xd8\xff\xe0" + bytes(40)):
        path.write_bytes(data)
        assert inspect(path).digest == hashlib.sha256(data).hexdigest()
        assert inspect(path).thumbnail is None
    assert inspect(tmp_path / "none.jpg").digest == UNREADABLE


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_thumbnail_is_the_one_that_splitting_compares(
    photograph: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"same{suffix}"
    Image.open(photograph).save(path)
    found = inspect(path).thumbnail
    assert found is not None
    expected = grey_thumbnail(to_grey(Image.open(path)))
    # Two decoders of a JPEG round differently.
    assert np.abs(found.astype(int) - expected).mean() <= (1 if suffix == ".jpg" else 0)


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_jpeg_of_another_mode_is_whole_too(photograph: Path, mode: str) -> None:
    Image.open(photograph).convert(mode).save(photograph)
    found = inspect(photograph)
    assert found.remarks == ()
    assert found.thumbnail is not None
    assert found.thumbnail.std() > 20


def test_a_percentile_is_the_least_value_that_enough_values_do_not_exceed() -> None:
    counts = np.array([0, 1, 98, 0, 1])
    found = [_percentile(counts, part) for part in (0.01, 0.011, 0.99, 0.991, 1.0)]
    assert found == [1, 2, 2, 4, 4]


@pytest.mark.slow
@pytest.mark.photographs
def test_photographs_raise_no_false_alarm_and_their_truncated_copies_all_do(
    photographs: Path, tmp_path: Path
) -> None:
    paths = sorted(photographs.glob("*/*/*.jpg"))
    assert [path for path in paths if inspect(path).remarks] == []
    rng = np.random.default_rng(0)
    cut = tmp_path / "cut.jpg"
    for number, path in enumerate(paths[::20]):
        data = path.read_bytes()
        end = b"\xff\xd9" if number % 2 else b""
        cut.write_bytes(data[: int(rng.uniform(0.3, 0.98) * len(data))] + end)
        assert kinds(cut) == ["truncated"], path
