"""Colours and turns in strips: the bits of the whole, whatever its mode."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from tl_catdog.data import colours
from tl_catdog.data.colours import ORIENTATION, UPRIGHT, orientation, squeezed, to_rgb

MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "YCbCr", "I;16", "I", "F", "RGBX")


def picture(mode: str, width: int = 120, height: int = 90) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 4)).astype(np.uint8)
    layers = Image.fromarray(noise)
    if mode in ("I;16", "I", "F"):
        deep = noise[..., 0].astype(np.uint16) * 257
        kinds = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
        return Image.fromarray(deep.astype(kinds[mode]))
    return layers.convert("RGB").quantize(40) if mode == "P" else layers.convert(mode)


def by_hand(image: Image.Image) -> Image.Image:
    """What is shown, as it was computed of the whole before there were strips."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        eight = np.clip(np.rint(values / 257.0), 0, 255).astype(np.uint8)
        return Image.fromarray(eight).convert("RGB")
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        page = Image.new("RGBA", layers.size, (255, 255, 255, 255))
        return Image.alpha_composite(page, layers).convert("RGB")
    return image.convert("RGB")


@pytest.fixture
def small_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colours, "WHOLE", 500)
    monkeypatch.setattr(colours, "STRIP", 500)


@pytest.mark.usefixtures("small_strips")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [7, 32, 100])
def test_strips_give_the_bits_of_the_whole(mode: str, size: int) -> None:
    for sides in ((120, 90), (90, 120), (301, 20), (20, 301), (64, 64), (100, 100)):
        image = picture(mode, *sides)
        for turned in range(1, 9):
            turn = UPRIGHT.get(turned)
            upright = by_hand(image if turn is None else image.transpose(turn))
            expected = upright.resize((size, size), Image.Resampling.BILINEAR)
            found = squeezed(image, size, turned)
            assert np.array_equal(found, np.asarray(expected)), (sides, turned)
        assert np.array_equal(np.asarray(to_rgb(image)), np.asarray(by_hand(image)))


@pytest.mark.usefixtures("small_strips")
def test_transparency_besides_the_alpha_channel_is_white_in_every_strip() -> None:
    for mode, hidden in (("P", 3), ("P", bytes(range(40))), ("L", 7), ("RGB", (1, 2, 3))):
        image = picture(mode)
        image.info["transparency"] = hidden
        assert np.array_equal(np.asarray(to_rgb(image)), np.asarray(by_hand(image)))


def test_all_16_bit_values_round_as_their_quotients_do() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    found = np.asarray(to_rgb(Image.fromarray(values)))[..., 0]
    assert np.array_equal(found, np.rint(values / 257).astype(np.uint8))


def test_colours_times_opacity_are_divided_by_it() -> None:
    half = Image.new("RGBA", (9, 9), (200, 100, 0, 128))
    expected = np.asarray(to_rgb(half)).astype(int)
    assert np.abs(np.asarray(to_rgb(half.convert("RGBa"))) - expected).max() <= 1
    grey = Image.new("LA", (9, 9), (200, 128))
    expected = np.asarray(to_rgb(grey)).astype(int)
    assert np.abs(np.asarray(to_rgb(grey.convert("La"))) - expected).max() <= 1


def test_lab_is_shown_in_its_colours() -> None:
    red = Image.new("LAB", (9, 9), (136, 208, 195))  # of (255, 0, 0), a and b from 128
    assert np.abs(np.asarray(to_rgb(red))[4, 4].astype(int) - (255, 0, 0)).max() <= 12


def opened_again(value: object, kind: str = "JPEG") -> Image.Image:
    exif = Image.Exif()
    exif[ORIENTATION] = value
    out = io.BytesIO()
    Image.new("RGB", (9, 8)).save(out, kind, exif=exif)
    return Image.open(out)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_is_the_one_that_pillow_reads(kind: str) -> None:
    for value in (*range(10), 255):
        image = opened_again(value, kind)
        assert orientation(image) == image.getexif().get(ORIENTATION, 1) == value


def test_the_orientation_may_stand_in_xmp_alone() -> None:
    for value in ('tiff:Orientation="6"', "<tiff:Orientation>6</tiff:Orientation>"):
        out = io.BytesIO()
        Image.new("RGB", (9, 8)).save(out, "JPEG", xmp=f"<x {value}/>".encode())
        image = Image.open(out)
        assert orientation(image) == image.getexif().get(ORIENTATION) == 6


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"II", b"MM\0*\0\0\0\x08\xff\xff", bytes(99)])
def test_exif_data_that_ends_early_turns_nothing(exif: bytes) -> None:
    image = Image.new("RGB", (9, 8))
    image.info["exif"] = exif
    assert orientation(image) == 1


def test_only_one_tag_of_exif_data_is_read() -> None:
    """Each of 5,000 tags says that all of the data is its value: 300 MB, if that is believed."""
    count = 5000
    tags = b"".join(struct.pack("<HHII", 4000 + n, 7, 60_000, 8) for n in range(count))
    turned = struct.pack("<HHIHH", ORIENTATION, 3, 1, 6, 0)
    image = Image.new("RGB", (9, 8))
    image.info["exif"] = b"II*\0" + struct.pack("<IH", 8, count + 1) + turned + tags
    assert orientation(image) == 6
