"""HEIC as telephones write it, and as nobody should."""

import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.support.heif_files import (
    ALPHA,
    DEPTH,
    Item,
    aux,
    box,
    coded,
    encoded_heic,
    grid,
    heic,
    image,
    imir,
    irot,
    ispe,
)
from tl_catdog.data.heif import refuse_parts
from tl_catdog.data.images import decode, try_decode
from tl_catdog.errors import ImageError

SIZE = 32


def scene(width: int = 128, height: int = 96) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    channels = [255 * x / (width - 1), 255 * y / (height - 1), 128 + 0 * x]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def differs(data: bytes, expected: Image.Image) -> float:
    return float(np.abs(decode(data, SIZE).astype(int) - decode(np.asarray(expected), SIZE)).mean())


def exif(orientation: int) -> bytes:
    data = Image.Exif()
    data[274] = orientation
    return data.tobytes()


def test_colours_grey_and_transparency_are_shown() -> None:
    assert differs(encoded_heic(scene()), scene()) < 3
    assert differs(encoded_heic(scene().convert("L")), scene().convert("L").convert("RGB")) < 3
    hidden = scene().convert("RGBA")
    hidden.putalpha(0)
    assert decode(encoded_heic(hidden), SIZE).min() > 250


def test_ten_bits_become_eight() -> None:
    import io

    import pillow_heif

    values = np.asarray(scene()).astype(np.uint16) * 257
    out = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (128, 96), values.tobytes()).save(out)
    assert differs(out.getvalue(), scene()) < 3


@pytest.mark.parametrize(
    ("properties", "turned"),
    [
        ((irot(1),), lambda p: p.transpose(Image.Transpose.ROTATE_90)),
        ((irot(2),), lambda p: p.transpose(Image.Transpose.ROTATE_180)),
        ((irot(3),), lambda p: p.transpose(Image.Transpose.ROTATE_270)),
        ((imir(0),), lambda p: p.transpose(Image.Transpose.FLIP_TOP_BOTTOM)),
        ((imir(1),), lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    ],
)
def test_boxes_turn_the_picture(
    properties: tuple[bytes, ...], turned: Callable[[Image.Image], Image.Image]
) -> None:
    assert differs(heic([image(scene(), *properties)]), turned(scene())) < 3


def test_what_exif_says_besides_turns_nothing_once_more() -> None:
    metadata = Item(b"Exif", bytes(4) + exif(6), references=((b"cdsc", (0,)),), hidden=True)
    upright = scene().transpose(Image.Transpose.ROTATE_270)
    assert differs(heic([image(scene(), irot(3)), metadata]), upright) < 3
    assert differs(heic([image(scene()), metadata]), scene()) < 3


def tiles(picture: Image.Image) -> list[Item]:
    boxes = [(x, y, x + 128, y + 96) for y in (0, 96) for x in (0, 128)]
    return [image(picture.crop(box), hidden=True) for box in boxes]


def test_a_grid_of_tiles_is_one_picture_and_turned_as_a_whole() -> None:
    joined = Item(
        b"grid", grid(2, 2, 256, 192), (ispe(256, 192), irot(1)), ((b"dimg", (0, 1, 2, 3)),)
    )
    large = scene(256, 192)
    data = heic([*tiles(large), joined], primary=4)
    assert differs(data, large.transpose(Image.Transpose.ROTATE_90)) < 3


def test_the_primary_picture_is_shown_and_no_depth_or_second_one() -> None:
    other = image(Image.new("RGB", (64, 64)))
    assert differs(heic([other, image(scene())], primary=1), scene()) < 3
    described, data = coded(Image.new("L", (128, 96)))
    for purpose, white in ((DEPTH, False), (ALPHA, True)):
        properties = (described, ispe(128, 96), aux(purpose))
        beside = Item(b"hvc1", data, properties, ((b"auxl", (0,)),))
        found = decode(heic([image(scene()), beside]), SIZE)
        assert (found.min() > 250) == white  # transparent all over


def test_a_neutral_brand_is_opened_as_well() -> None:
    assert differs(heic([image(scene())], brand=b"mif1"), scene()) < 3


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_named(part: float) -> None:
    data = encoded_heic(scene())
    with pytest.raises(ImageError, match="broken"):
        decode(data[: int(part * len(data))], SIZE)


def test_a_size_that_lies_is_refused() -> None:
    described, data = coded(scene(512, 512))
    found = try_decode(heic([Item(b"hvc1", data, (described, ispe(64, 64)))]), SIZE)
    assert isinstance(found, ImageError)
    found = try_decode(heic([Item(b"hvc1", data, (described, ispe(60_000, 60_000)))]), SIZE)
    assert isinstance(found, ImageError)


def test_tiles_of_which_little_is_shown_are_weighed_beforehand() -> None:
    described, data = coded(Image.new("RGB", (512, 512)))
    many = [Item(b"hvc1", data, (described, ispe(512, 512)), hidden=True) for _ in range(16)]
    shown = Item(b"grid", grid(4, 4, 64, 64), (ispe(64, 64),), ((b"dimg", tuple(range(16))),))
    bomb = heic([*many, shown], primary=16)
    refuse_parts(bomb, 16 * 512 * 512)
    with pytest.raises(ImageError, match=r"its parts have 4,194,304 pixels, more than 2,000,000"):
        refuse_parts(bomb, 1_000_000)


def test_loops_and_boxes_without_end_are_refused() -> None:
    loop = Item(b"iden", b"", (ispe(64, 64),), ((b"dimg", (0,)),))
    assert isinstance(try_decode(heic([loop]), SIZE), ImageError)
    data = heic([image(scene())])
    with pytest.raises(ImageError, match="boxes"):
        decode(data + box(b"free") * 11_000, SIZE)
    for at in range(0, 400, 7):
        changed = data[:at] + b"\xff" * 4 + data[at + 4 :]
        assert isinstance(try_decode(changed, SIZE), (ImageError, np.ndarray))


def test_types_and_names_that_are_no_text_are_refused_before_they_crash() -> None:
    metadata = Item(b"Exif", bytes(4) + exif(6), references=((b"cdsc", (0,)),), hidden=True)
    data = heic([image(scene()), metadata])
    for kind in (b"\x40\x45\xa0\xb8", b"\xff\xff\xff\xff"):
        with pytest.raises(ImageError, match="no text"):
            decode(data.replace(b"Exif", kind, 1), SIZE)


def test_where_the_package_is_missing_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif.as_plugin", None)
    with pytest.raises(ImageError, match="pip install pillow-heif"):
        decode(encoded_heic(scene()), SIZE)
