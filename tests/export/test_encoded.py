"""TensorFlow decodes whole files nearly as the one decoder does, and a bad one harms no other."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.odd_pictures import ORIENTATION, odd_pictures, scene
from tl_catdog.data.images import decode
from tl_catdog.export import encoded as module
from tl_catdog.export.encoded import pictures_of

SIZE = 48


@pytest.fixture(scope="module")
def decoding() -> Callable[[list[bytes]], Any]:
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])  # type: ignore[untyped-decorator]
    def run(files: Any) -> Any:
        return pictures_of(files, SIZE)

    def decoded(files: list[bytes]) -> Any:
        pictures, readable = run(tf.constant(files, tf.string))
        return pictures.numpy(), readable.numpy().tolist()

    return decoded


def file_of(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def grey_png(depth: int) -> bytes:
    """Return a PNG of grey of fewer bits than eight, which Pillow writes of one alone."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    row = b"\0" + bytes(range(0, 256, 32))
    head = struct.pack(">IIBBBBB", 64 // depth, 8, depth, 0, 0, 0, 0)
    data = zlib.compress(row * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_odd_pictures_are_a_grey_level_apart_at_most(
    decoding: Callable[[list[bytes]], Any], tmp_path: Path
) -> None:
    found = odd_pictures(tmp_path)
    files = {name: path.read_bytes() for name, path in found.items()}
    files |= {f"grey of {depth} bits": grey_png(depth) for depth in (1, 2, 4)}
    files["bmp"] = file_of(scene(), "BMP")
    files["grey bmp"] = file_of(scene().convert("L"), "BMP")
    for turn in range(1, 9):
        for order in ("<", ">"):
            exif = Image.Exif()
            exif.endian = order
            exif[ORIENTATION] = turn
            files[f"jpeg {turn} {order}"] = file_of(scene(), "JPEG", exif=exif, quality=95)
        files[f"png {turn}"] = file_of(scene(), "PNG", exif=exif)
        files[f"webp {turn}"] = file_of(scene(), "WEBP", exif=exif, lossless=True)
    pictures, readable = decoding(list(files.values()))
    refused = {name for name, good in zip(files, readable, strict=True) if not good}
    assert refused == {"picture.tiff", "turned.tiff", "photo.avif"}
    for name, picture in zip(files, pictures, strict=True):
        if name not in refused:
            ours = decode(files[name], SIZE)
            assert np.abs(picture - ours).max() <= 1, name


def test_a_bad_file_leaves_the_others_their_pictures(
    decoding: Callable[[list[bytes]], Any], tmp_path: Path
) -> None:
    good = file_of(scene(), "JPEG")
    huge = bytearray(file_of(scene(), "PNG"))
    huge[16:24] = struct.pack(">II", 2**15, 2**15)
    bad = [b"", b"no picture", good[: len(good) // 2], bytes(huge), b"\xff\xd8\xff", b"\x89PNG"]
    pictures, readable = decoding([good, *bad, good])
    assert readable == [True, *[False] * len(bad), True]
    np.testing.assert_array_equal(pictures[0], pictures[-1])
    assert pictures[1:-1].max() == 0
    assert decoding(bad)[1] == [False] * len(bad)
    assert decoding([])[0].shape == (0, SIZE, SIZE, 3)


def test_exif_that_leads_nowhere_turns_nothing(decoding: Callable[[list[bytes]], Any]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = file_of(scene(), "JPEG", exif=exif)
    start = data.index(b"Exif\0\0") + 6
    plain = decoding([file_of(scene(), "JPEG")])[0]
    for offset in (b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\x80\0\0\0", b"\0\0\0\x80"):
        broken = data[: start + 4] + offset + data[start + 8 :]
        pictures, readable = decoding([broken])
        assert readable == [True]
        np.testing.assert_array_equal(pictures, plain)


def test_what_is_read_is_said() -> None:
    assert module.READ == ("JPEG", "PNG", "BMP", "GIF", "WEBP")
