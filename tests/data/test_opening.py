"""The one door: every format by its bytes, nothing of Pillow's changed, no work without end."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.heif_files import encoded_heic
from tests.support.hostile_bytes import chunk, encoded, png
from tl_catdog.data import opening
from tl_catdog.data.images import decode, try_decode
from tl_catdog.data.opening import no_picture, opened
from tl_catdog.errors import ImageError

SIZE = 32


def picture() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (8, 10, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize((80, 64))


def test_avif_comes_out_upright_and_over_white() -> None:
    plain = decode(np.asarray(picture()), SIZE).astype(int)
    assert np.abs(decode(encoded(picture(), "AVIF", quality=95), SIZE) - plain).mean() < 4
    exif = Image.Exif()
    for orientation in range(1, 9):
        exif[274] = orientation
        out = encoded(picture(), "PNG", exif=exif)
        found = decode(encoded(picture(), "AVIF", quality=95, exif=exif), SIZE).astype(int)
        assert np.abs(found - decode(out, SIZE)).mean() < 4
    hidden = picture().convert("RGBA")
    hidden.putalpha(0)
    assert decode(encoded(hidden, "AVIF"), SIZE).min() > 250


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF", "MPO"])
def test_of_what_moves_the_first_frame_is_shown(kind: str) -> None:
    red, blue = (Image.new("RGB", (40, 40), colour) for colour in ("red", "blue"))
    data = encoded(red, kind, save_all=True, append_images=[blue])
    assert np.abs(decode(data, SIZE).astype(int) - (255, 0, 0)).mean() < 4


def test_what_is_no_picture_is_named() -> None:
    assert no_picture(b"\xff\x0a" + bytes(9)).message == "a JPEG XL file, which isn't read"
    assert no_picture(b"hello").message.endswith("AVIF or JPEG 2000 picture, but text")
    assert no_picture(b"\xee" * 9).message.endswith("AVIF or JPEG 2000 picture")
    with pytest.raises(ImageError, match="broken: no whole header of PNG"):
        opened(b"\x89PNG\r\n\x1a\n")


def test_sides_are_bounded_as_well() -> None:
    with pytest.raises(ImageError, match=r"1×200000 pixels: no side may have more than 131,072"):
        opened(png(1, 200_000, 8, 0, chunk(b"IDAT", b"")))


COM = b"\xff\xfe\x00\x02"


def test_very_many_small_parts_are_not_gone_through() -> None:
    jpeg = encoded(picture(), "JPEG")
    whole = encoded(picture(), "PNG")
    gif = encoded(picture().quantize(16), "GIF")
    first = gif.index(b",", 13)
    for data in (
        jpeg[:2] + COM * 200_000 + jpeg[2:],
        whole[:33] + chunk(b"teSt", b"") * 200_000 + whole[33:],
        gif[:first] + b"!\xfe" + b"\1a" * 200_000 + b"\0" + gif[first:],
    ):
        with pytest.raises(ImageError, match="too many and too small parts"):
            decode(data, SIZE)


def test_honest_files_of_many_parts_are_read() -> None:
    jpeg = encoded(picture(), "JPEG")
    assert decode(jpeg[:2] + COM * 1000 + jpeg[2:], SIZE).std() > 1
    frames = [picture().rotate(angle) for angle in range(1, 40)]
    assert decode(encoded(picture(), "GIF", save_all=True, append_images=frames), SIZE).std() > 1
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)
    data = encoded(Image.fromarray(noise), "PNG")
    at = data.index(b"IDAT") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    body = data[at + 8 : at + 8 + size]
    parts = b"".join(chunk(b"IDAT", body[i : i + 100]) for i in range(0, size, 100))
    assert np.array_equal(
        decode(data[:at] + parts + data[at + 12 + size :], SIZE), decode(data, SIZE)
    )


@pytest.mark.filterwarnings("ignore:Tag data larger:UserWarning")
def test_exif_data_whose_tags_all_hold_all_of_it_takes_no_memory() -> None:
    tags = b"".join(struct.pack("<HHII", 4000 + n, 7, 60_000, 8) for n in range(5000))
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 5000) + tags
    data = encoded(picture(), "JPEG", exif=exif)
    assert np.array_equal(decode(data, SIZE), decode(encoded(picture(), "JPEG"), SIZE))


def test_a_file_that_is_counted_isnt_copied() -> None:
    data = bytes(1000)
    assert opening.Counted(data).getvalue() is data


CODE = """
import sys
from PIL import Image
def state():
    return [dict(Image.OPEN), dict(Image.SAVE), dict(Image.EXTENSION), dict(Image.MIME),
            list(Image.ID), Image.MAX_IMAGE_PIXELS, sorted(Image.registered_extensions())]
before = [dict(Image.OPEN), list(Image.ID)]
import tl_catdog.api, tl_catdog.audit.check, tl_catdog.data.images
print([dict(Image.OPEN), list(Image.ID)] == before)
Image.init()
before = state()
from tl_catdog.data.images import decode
for name in sys.argv[1:]:
    decode(open(name, "rb").read(), 32)
print(state() == before, "HEIF" in Image.OPEN)
"""


def test_nothing_is_registered_with_the_host_programs_pillow(tmp_path: Path) -> None:
    names = []
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "JPEG2000"):
        (tmp_path / kind).write_bytes(encoded(picture(), kind))
        names.append(kind)
    (tmp_path / "HEIC").write_bytes(encoded_heic(picture()))
    done = subprocess.run(
        [sys.executable, "-c", CODE, *names, "HEIC"],
        capture_output=True, text=True, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("True\nTrue False\n", "")


HOST = """
import sys
import pillow_heif
from PIL import Image
pillow_heif.register_heif_opener()
from tl_catdog.data.images import decode
from tl_catdog.prediction.sources import one_source
for name in sys.argv[1:]:
    print((decode(one_source(Image.open(name)), 32) == decode(open(name, "rb").read(), 32)).all())
"""


def test_heic_pictures_that_a_host_opens_by_itself_give_the_same(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    (tmp_path / "turned").write_bytes(encoded_heic(picture(), exif=exif.tobytes()))
    hidden = picture().convert("RGBA")
    hidden.putalpha(90)
    (tmp_path / "alpha").write_bytes(encoded_heic(hidden))
    done = subprocess.run(
        [sys.executable, "-c", HOST, "turned", "alpha"],
        capture_output=True, text=True, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("True\nTrue\n", "")


def test_threads_decode_all_formats_at_once_to_the_same_bits() -> None:
    from concurrent.futures import ThreadPoolExecutor

    files = [encoded(picture(), kind) for kind in ("TIFF", "AVIF", "JPEG2000", "WEBP")]
    files.append(encoded_heic(picture()))
    expected = [decode(data, SIZE) for data in files]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda data: try_decode(data, SIZE), files * 10))
    assert not any(isinstance(one, ImageError) for one in found)
    same = [np.array_equal(np.asarray(one), expected[n % 5]) for n, one in enumerate(found)]
    assert all(same)


def test_a_file_is_read_from_its_start() -> None:
    file = opening.Counted(b"abc")
    assert isinstance(file, io.BytesIO)
    assert (file.read(1), file.read()) == (b"a", b"bc")
