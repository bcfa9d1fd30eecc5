"""One file at a time: what is broken is named for what it is, what is whole isn't."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.conftest import paint
from tl_catdog.audit.inspection import inspect
from tl_catdog.audit.thumbnails import grey_thumbnail, to_grey
from tl_catdog.data.digest import UNREADABLE, file_digest


def kinds(path: Path) -> list[str]:
    return [kind for kind, _ in inspect(path).remarks]


def test_a_whole_picture_has_a_thumbnail_a_digest_and_no_remark(photograph: Path) -> None:
    found = inspect(photograph)
    assert found.remarks == ()
    assert found.digest == file_digest(photograph)
    assert found.thumbnail is not None
    assert found.thumbnail.shape == (128, 128)
    assert 128 <= found.side <= 300


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
        (b"<!doctype html><p>404", "a web page, which isn't read"),
        (bytes(range(128, 256)), "no format that is known here"),
        (b"text that goes on " * 40 + b"\xff", "text"),
        (b"\xff" + b"text" * 200, "no format that is known here"),
        (b"<note>remember</note>", "text in angle brackets (HTML, SVG or XML), which isn't read"),
        # Pillow could read this one, but nobody asked it to.
        (b"\x0a\x05\x01\x08" + bytes(124), "a PCX file, which isn't read"),
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
    Image.new("RGB", (40, 40)).save(path, "ICO")
    assert inspect(path).remarks == (("not-a-picture", "an icon (ICO), which isn't read"),)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header
    chunk += struct.pack(">I", zlib.crc32(b"IHDR" + header))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT")
    ((kind, detail),) = inspect(path).remarks
    assert kind == "huge"
    assert detail == "more pixels than the 134,217,728 allowed"


def test_what_cannot_be_opened_is_unreadable_and_does_not_hang(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    for path in (pipe, loop, tmp_path / "missing.jpg", tmp_path):
        ((kind, detail),) = inspect(path).remarks
        assert kind == "unreadable"
        assert detail
    assert inspect(tmp_path / "missing.jpg").remarks[0][1] == "No such file or directory"


def test_names_that_lie_and_moving_pictures_are_remarked(tmp_path: Path) -> None:
    lies = paint(tmp_path / "a.png", (90, 200, 10), 1, size=64).rename(tmp_path / "a.jpg")
    assert inspect(lies).remarks == (("wrong-extension", "a PNG named .jpg"),)
    frames = [Image.open(paint(tmp_path / f"{n}.png", (n, 9, 90), n)) for n in range(3)]
    moving = tmp_path / "moving.gif"
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    assert inspect(moving).remarks == (("animated", "3 frames"),)


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


def test_a_name_without_an_ending_does_not_lie(photograph: Path, tmp_path: Path) -> None:
    shutil.copy(photograph, tmp_path / "5f1c")
    assert kinds(tmp_path / "5f1c") == []


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


def test_bytes_between_the_data_and_the_end_do_no_harm(photograph: Path) -> None:
    data = photograph.read_bytes()
    photograph.write_bytes(data[:-2] + bytes(3) + data[-2:])
    found = inspect(photograph)
    assert found.remarks == ()
    assert found.thumbnail is not None


def test_what_is_damaged_but_not_cut_short_is_corrupt(photograph: Path) -> None:
    path = photograph.with_suffix(".png")
    Image.open(photograph).save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    assert kinds(path) == ["corrupt"]


def test_a_tall_jpeg_is_decoded_as_wide_as_a_thumbnail_takes(photograph: Path) -> None:
    Image.open(photograph).resize((200, 2000)).save(photograph, quality=95)
    found = inspect(photograph).thumbnail
    assert found is not None
    expected = grey_thumbnail(Image.open(photograph).convert("L"))
    # At 150 pixels it is 3; at the 25 that the height alone would take, 17.
    assert np.abs(found.astype(int) - expected).mean() < 5


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
