"""Decoding: every usual format and mode comes out as a viewer would show it, or is named."""

import io
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.support.hostile_bytes import chunk, png
from tl_catdog.data import images
from tl_catdog.data.images import MAX_PIXELS, decode
from tl_catdog.errors import ImageError

SIZE = 32


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def scene(width: int = 48, height: int = 36) -> Image.Image:
    """A smooth picture without symmetry, so that turns and swapped colours show."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [255 * x / (width - 1), 255 * y / (height - 1), 128 + 0 * x]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_each_format_gives_the_same_picture(kind: str, options: dict[str, object]) -> None:
    expected = decode(encoded(scene(), "PNG"), SIZE)
    found = decode(encoded(scene(), kind, **options), SIZE)
    assert found.shape == (SIZE, SIZE, 3)
    assert found.dtype == np.uint8
    assert mean_difference(found, expected) < 2.0


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_grey_gives_the_bits_that_the_same_picture_in_colours_gives(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (75, 99)).astype(np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    colours = Image.open(io.BytesIO(data)).convert("RGB")
    expected = np.asarray(colours.resize((SIZE, SIZE), Image.Resampling.BILINEAR))
    assert np.array_equal(decode(data, SIZE), expected)
    assert np.array_equal(decode(np.asarray(colours)[..., 0], SIZE), expected)


def test_grey_with_a_transparent_value_shows_white_there() -> None:
    picture = Image.new("L", (20, 20), 7)
    assert decode(encoded(picture, "PNG", transparency=7), SIZE).min() == 255


def test_gif_gives_its_first_frame() -> None:
    red, blue = (Image.new("RGB", (20, 20), colour) for colour in ("red", "blue"))
    found = decode(encoded(red, "GIF", save_all=True, append_images=[blue]), SIZE)
    assert mean_difference(found, np.full((SIZE, SIZE, 3), (255, 0, 0))) < 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(scene(), "JPEG", quality=95, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert (upright.width < upright.height) == (orientation > 4)
    assert mean_difference(decode(data, SIZE), decode(encoded(upright, "PNG"), SIZE)) < 2.0


def test_grey_has_three_equal_channels() -> None:
    grey = ImageOps.grayscale(scene())
    found = decode(encoded(grey, "PNG"), SIZE)
    assert (found[..., 0] == found[..., 1]).all()
    assert (found[..., 1] == found[..., 2]).all()
    assert found.std() > 10


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    for value in (0, 128, 129, 300 * 100, 60_000, 65_535):
        values = np.full((20, 20), value, np.uint16)
        found = decode(encoded(Image.fromarray(values), "PNG"), SIZE)
        assert np.unique(found).tolist() == [round(value / 257)]


def test_sixteen_bit_black_to_white_keeps_its_range() -> None:
    values = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = decode(encoded(Image.fromarray(values), "PNG"), SIZE)
    assert found.min() < 10
    assert found.max() > 245


def test_one_bit_and_palette_pictures() -> None:
    bits = Image.new("1", (20, 20), 1)
    assert decode(encoded(bits, "PNG"), SIZE).min() == 255
    palette = Image.new("RGB", (20, 20), (10, 200, 30)).convert("P")
    found = decode(encoded(palette, "PNG"), SIZE)
    assert mean_difference(found, np.full((SIZE, SIZE, 3), (10, 200, 30))) < 30


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_shows_white_not_the_hidden_colour(mode: str) -> None:
    hidden = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    if mode == "P":
        picture = Image.new("P", (20, 20), 0)
        picture.putpalette([255, 0, 0] * 256)
        data = encoded(picture, "PNG", transparency=0)
    else:
        data = encoded(hidden.convert(mode), "PNG")
    assert decode(data, SIZE).min() == 255


def test_cmyk_jpeg_agrees_with_tensorflow() -> None:
    import tensorflow as tf

    data = encoded(scene().convert("CMYK"), "JPEG", quality=95)
    theirs = tf.image.resize(tf.io.decode_jpeg(data, channels=3), (SIZE, SIZE), antialias=True)
    assert mean_difference(decode(data, SIZE), theirs.numpy()) < 3.0


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_resizing_agrees_with_tensorflow(kind: str) -> None:
    import tensorflow as tf

    data = encoded(scene(200, 150), kind)
    pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
    theirs = tf.image.resize(pixels, (SIZE, SIZE), antialias=True).numpy()
    assert mean_difference(decode(data, SIZE), theirs) < 2.0


def test_values_are_resized_as_the_same_picture_in_a_file_is() -> None:
    picture = scene()
    wanted = decode(encoded(picture, "PNG"), SIZE)
    values = np.asarray(picture)
    assert np.array_equal(decode(values, SIZE), wanted)
    assert np.array_equal(decode(values.astype(np.float32), SIZE), wanted)


@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 1), (40, 30, 3), (40, 30, 4)])
def test_values_may_be_grey_coloured_or_transparent(shape: tuple[int, ...]) -> None:
    found = decode(np.full(shape, 255, np.uint8), SIZE)
    assert (found == 255).all()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((3, 40, 30), np.uint8), "shape"),
        (np.zeros((0, 30, 3), np.uint8), "shape"),
        (np.zeros((4, 4), bool), "bool"),
        (np.full((4, 4, 3), 256), "256"),
        (np.full((4, 4, 3), -1.0), "-1"),
        (np.full((4, 4, 3), np.nan), "nan"),
        (np.full((4, 4, 3), 0.5), "above 1"),
        (np.ones((4, 4, 3)), "above 1"),
        (np.broadcast_to(np.uint8(9), (20_000, 8_000)), "more pixels than the 134,217,728"),
    ],
)
def test_values_of_no_picture_are_refused(values: np.ndarray, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode(values, SIZE)


def test_reads_a_path_and_bytes_alike(tmp_path: Path) -> None:
    path = tmp_path / "scene.png"
    path.write_bytes(encoded(scene(), "PNG"))
    assert (decode(path, SIZE) == decode(path.read_bytes(), SIZE)).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_an_error_not_a_grey_picture(kind: str, part: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError):
        decode(data[: int(part * len(data))], SIZE)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"just text", "not a JPEG"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "not a|broken"),
        (b"GIF89a" + bytes(3), "not a|broken"),
    ],
)
def test_what_is_no_picture_is_named_so(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode(data, SIZE)


def test_other_formats_are_named() -> None:
    with pytest.raises(ImageError, match=r"^an icon \(ICO\), which isn't read$"):
        decode(encoded(scene(), "ICO"), SIZE)


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    data = png(50_000, 50_000, 8, 2, chunk(b"IDAT", zlib.compress(bytes(9))))
    with pytest.raises(ImageError, match="pixels"):
        decode(data, SIZE)
    assert MAX_PIXELS < 50_000 * 50_000


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_may_have_so_many_pixels_and_no_more() -> None:
    def header(width: int, height: int) -> bytes:
        return png(width, height, 8, 2, chunk(b"IDAT", zlib.compress(bytes(9))))

    assert images.opened(header(16_384, 8_192)).size == (16_384, 8_192)
    with pytest.raises(ImageError, match=r"^16384×8193 pixels are more than 134,217,728 allowed"):
        images.opened(header(16_384, 8_193))
    with pytest.raises(ImageError, match="are more than"):
        decode(header(16_384, 8_193), SIZE)


def test_resizing_is_pillows_bilinear_filter_to_the_bit() -> None:
    """Runs are compared with each other, and answers with those of the training."""
    picture = scene(96, 72)
    expected = picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    assert np.array_equal(decode(encoded(picture, "PNG"), SIZE), np.asarray(expected))


def test_a_missing_file_is_named_so(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="can't be read"):
        decode(tmp_path / "none.jpg", SIZE)
    with pytest.raises(ImageError, match="can't be read"):
        decode(tmp_path, SIZE)


def test_a_name_with_a_null_byte_is_a_file_that_cant_be_read() -> None:
    with pytest.raises(ImageError, match=r"can't be read \(embedded null byte\)"):
        decode(Path("a\0b.png"), SIZE)


def test_what_couldnt_be_taken_is_told_as_a_broken_file_is() -> None:
    found = images.try_decode(ImageError("broken: cut short"), SIZE)
    assert isinstance(found, ImageError)
    assert found.message == "broken: cut short"


def test_importing_and_decoding_change_nothing_of_the_host_programs_pillow(tmp_path: Path) -> None:
    code = (
        "import warnings\n"
        "from PIL import Image, ImageFile\n"
        # Libraries that add filters of their own when they are imported.
        "import numpy, joblib, onnxruntime, scipy.stats, sklearn.linear_model\n"
        "def state():\n"
        "    return (list(warnings.filters), Image.MAX_IMAGE_PIXELS, list(Image.ID),\n"
        "            ImageFile.LOAD_TRUNCATED_IMAGES)\n"
        "Image.init()\n"
        "before = state()\n"
        "import tl_catdog.api, tl_catdog.training.trainer, tl_catdog.audit.check\n"
        "from tl_catdog.data.images import decode\n"
        "Image.new('RGB', (40, 30)).save('a.png')\n"
        "decode(open('a.png', 'rb').read(), 32)\n"
        "print([now for now, then in zip(state(), before) if now != then])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_pillows_own_lower_limit_is_an_error_of_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    data = encoded(scene(), "PNG")
    with pytest.raises(ImageError, match="pixels"):
        decode(data, 32)


def test_a_caller_may_allow_fewer_pixels() -> None:
    data = encoded(scene(48, 36), "PNG")
    assert decode(data, SIZE, max_pixels=48 * 36).shape == (SIZE, SIZE, 3)
    for source in (data, np.asarray(scene(48, 36))):
        found = images.try_decode(source, SIZE, max_pixels=48 * 36 - 1)
        assert isinstance(found, ImageError)
        assert "1,727 allowed" in found.message
