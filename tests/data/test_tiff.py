"""TIFF: what Pillow reads wrongly or not at all, raw files, and tags that lie."""

import io
import struct
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from tests.support.newer_formats import scene
from tl_catdog.data import tiff
from tl_catdog.data.images import decode, try_decode
from tl_catdog.errors import ImageError

SIZE = 32
LONG, SHORT, TEXT, FLOAT = 4, 3, 2, 11


def encoded(picture: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "TIFF", **options)
    return out.getvalue()


def made(values: np.ndarray, order: Literal["<", ">"] = "<", **changed: Any) -> bytes:
    """Return a TIFF of one strip; further tags by their numbers, as ``t254=1``."""
    height, width = values.shape[:2]
    samples = values.shape[2] if values.ndim == 3 else 1
    kind = {"u": 1, "i": 2, "f": 3, "b": 1}[values.dtype.kind]
    bits = values.dtype.itemsize * 8
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    tags: dict[int, Any] = {256: width, 257: height, 258: (bits,) * samples, 259: 1}
    tags |= {262: 2 if samples > 2 else 1, 273: 8, 277: samples, 278: height, 279: len(data)}
    tags |= {339: (kind,) * samples}
    tags |= {int(name[1:]): value for name, value in changed.items()}
    entries, blob = b"", b""
    at = 8 + len(data) + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        if isinstance(value, str):
            text = value.encode() + bytes(5)
            entries += struct.pack(order + "HHII", tag, TEXT, len(text), at + len(blob))
            blob += text
            continue
        numbers = value if isinstance(value, tuple) else (value,)
        content = struct.pack(f"{order}{len(numbers)}{'H' if len(numbers) > 1 else 'I'}", *numbers)
        kind = SHORT if len(numbers) > 1 else LONG
        entries += struct.pack(order + "HHI", tag, kind, len(numbers))
        if len(content) > 4:
            entries += struct.pack(order + "I", at + len(blob))
            blob += content
        else:
            entries += content.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(data))
    return head + data + struct.pack(order + "H", len(tags)) + entries + bytes(4) + blob


GREY = np.asarray(scene().convert("L"))


def shown(values: np.ndarray, order: Literal["<", ">"] = "<", **changed: Any) -> float:
    """Return by how much what is shown differs from ``GREY``."""
    expected = decode(GREY, SIZE).astype(int)
    return float(np.abs(decode(made(values, order, **changed), SIZE) - expected).mean())


@pytest.mark.parametrize(
    "options",
    [
        *({"compression": name} for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits")),
        *({"compression": "jpeg", "quality": 95}, {}, {"big_tiff": True}),
    ],
)
def test_usual_files_are_read(options: dict[str, Any]) -> None:
    found = decode(encoded(scene(), **options), SIZE)
    assert np.abs(found.astype(int) - decode(np.asarray(scene()), SIZE)).mean() < 2


def test_of_several_pages_the_first_is_shown() -> None:
    black = Image.new("RGB", scene().size)
    data = encoded(scene(), save_all=True, append_images=[black])
    assert np.array_equal(decode(data, SIZE), decode(np.asarray(scene()), SIZE))


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_file_is_turned_once(orientation: int, compression: str | None) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    scene().save(out, "PNG", exif=exif)
    found = decode(encoded(scene(), exif=exif, compression=compression), SIZE)
    assert np.array_equal(found, decode(out.getvalue(), SIZE))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "LAB", "I;16"])
def test_modes_are_shown_as_elsewhere(mode: str) -> None:
    picture = scene()
    if mode == "LAB":
        from PIL import ImageCms

        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        picture = ImageCms.buildTransform(*profiles, "RGB", "LAB").apply(picture)
    elif mode == "I;16":
        picture = Image.fromarray(GREY.astype(np.uint16) * 257)
    else:
        picture = picture.convert(mode)
    found = decode(encoded(picture), SIZE).astype(int)
    grey = mode in ("L", "LA", "I;16")
    expected = decode(GREY if grey else np.asarray(scene()), SIZE)
    assert np.abs(found - expected).mean() < (60 if mode in ("1", "P") else 3)


def test_numbers_are_taken_for_what_their_range_says() -> None:
    part = GREY / 255
    assert shown(part.astype(np.float32)) < 1
    assert shown(part.astype(np.float32), ">") < 1
    assert shown(GREY.astype(np.float32)) < 1
    assert shown((part * 65535).astype(np.float32)) < 1
    assert shown((part * 65535).astype(np.int32)) < 1
    assert shown((part * 32767).astype(np.int16)) < 1
    assert shown(GREY.astype(np.int32)) < 1


def test_white_may_be_zero() -> None:
    assert shown(255 - GREY, t262=0) < 1
    assert shown((255 - GREY).astype(np.uint16) * 257, t262=0) < 1
    assert shown((1 - GREY / 255).astype(np.float32), t262=0) < 1


def test_twelve_bits_are_not_taken_for_sixteen() -> None:
    values = (GREY.astype(np.int64) * 4095 // 255).reshape(-1, 2)
    packed = np.empty((len(values), 3), np.uint8)
    packed[:, 0] = values[:, 0] >> 4
    packed[:, 1] = (values[:, 0] & 15) << 4 | values[:, 1] >> 8
    packed[:, 2] = values[:, 1] & 255
    data = made(packed.reshape(64, 144), t256=96, t258=12)
    assert np.abs(decode(data, SIZE).astype(int) - decode(GREY, SIZE)).mean() < 2


@pytest.mark.parametrize("numbers", [[np.nan, 0.5], [-1, 3], [1e9, 0]])
def test_numbers_that_are_no_picture_are_named(numbers: list[float]) -> None:
    with pytest.raises(ImageError, match=r"values 0 to 65,535 were expected, found"):
        decode(made(np.tile(np.array(numbers, np.float32), (8, 4))), SIZE)


@pytest.mark.parametrize(
    ("values", "changed", "words"),
    [
        (GREY.astype(np.float64), {}, "a TIFF file of 1 channel of 64 floating bits"),
        (np.asarray(scene()) / np.float32(255), {}, "3 channels of 32 floating bits"),
        (np.asarray(scene()).astype(np.uint16), {"t284": 2}, "3 channels of 16 bits in planes"),
        (GREY, {"t259": 50001}, "a TIFF file of WebP"),
        (GREY, {"t259": 34925}, "a TIFF file of LZMA"),
        (GREY, {"t259": 999}, "a TIFF file of compression 999"),
    ],
)
def test_what_is_not_read_is_described(
    values: np.ndarray, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ImageError, match=f"{words}.*, which isn't read"):
        decode(made(values, **changed), SIZE)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"t50706": 1}, r"a camera's raw file \(DNG\)"),
        ({"t254": 1, "t330": 8, "t271": "NIKON CORPORATION"}, r"a camera's raw file \(NEF\)"),
        ({"t254": 1, "t330": 8, "t271": "SONY"}, r"a camera's raw file \(ARW\)"),
        ({"t254": 1, "t330": 8}, "a camera's raw file"),
        ({"t262": 32803}, "a camera's raw file"),
    ],
)
def test_the_thumbnail_of_a_raw_file_is_not_taken_for_the_picture(
    changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ImageError, match=f"^{words}, which isn't read"):
        decode(made(np.asarray(scene()), **changed), SIZE)


def test_a_picture_with_smaller_copies_below_it_is_read() -> None:
    assert shown(GREY, t330=8) < 1
    assert shown(GREY, t271="NIKON CORPORATION") < 1


def test_what_would_take_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="tiles of 1048576×1048576 pixels"):
        decode(
            made(GREY, t322=2**20, t323=2**20, t324=8, t325=9).replace(b"\x11\1", b"\xff\xff"), 8
        )
    monkeypatch.setattr(tiff, "MAX_PARTS", 1)
    with pytest.raises(ImageError, match="2 strips or tiles are more than 1 allowed"):
        decode(made(GREY, t273=(8, 9), t279=(9, 9)), SIZE)


def test_tags_beyond_the_end_are_told_and_no_memory_is_taken_for_them() -> None:
    for data in (b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0+" + bytes(12), made(GREY)[:-90]):
        assert isinstance(try_decode(data, SIZE), ImageError)
    long = tuple(range(20_000))
    data = made(GREY, t50000=long, t50001=long)
    kept = tiff.tags_of(data).found
    assert max(len(content) for _, _, content in kept.values()) <= tiff.SHORT
    with pytest.raises(ImageError, match="1,001 tags"):
        tiff.tags_of(b"II*\0" + struct.pack("<IH", 8, 1001))
