"""Whatever way a picture is given in, the decoder gets the very picture that its file is."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from tests.conftest import paint_set
from tl_catdog.data.images import ORIENTATION, ImageSource, decode, try_decode
from tl_catdog.errors import ImageError, UsageError
from tl_catdog.prediction import sources
from tl_catdog.prediction.sources import image_sources, one_source

SIZE = 32


def scene(mode: str = "RGB", width: int = 60, height: int = 40) -> Image.Image:
    """A picture without symmetry, so that turns show."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [255 * x / (width - 1), 255 * y / (height - 1), 255 * (x > 2 * y)]
    picture = Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(channels[0].astype(np.uint8)))
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    return picture.convert(mode)


def saved(path: Path, picture: Image.Image, **options: Any) -> Path:
    picture.save(path, **options)
    return path


def turned(orientation: int) -> dict[str, Any]:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return {"exif": exif}


def large(mode: str = "RGB") -> Image.Image:
    return scene("RGB", 40 * SIZE, 24 * SIZE).convert(mode)


MADE: dict[str, tuple[str, Image.Image, dict[str, Any]]] = {
    **{f"jpeg turned {n}": ("a.jpg", scene(), turned(n)) for n in range(1, 9)},
    **{f"png turned {n}": ("a.png", scene(), turned(n)) for n in (3, 6)},
    **{f"webp turned {n}": ("a.webp", scene(), turned(n)) for n in (3, 6)},
    **{f"png {mode}": ("a.png", scene(mode), {}) for mode in ("1", "L", "P", "RGBA", "I;16")},
    "png LA": ("a.png", scene("RGBA").convert("LA"), {}),
    "png, a colour of the palette transparent": ("a.png", scene("P"), {"transparency": 3}),
    "png, a palette of opacities": ("a.png", scene("P"), {"transparency": bytes(range(256))}),
    "png, one colour transparent": ("a.png", scene(), {"transparency": (255, 0, 0)}),
    "webp, transparent": ("a.webp", scene("RGBA"), {}),
    "bmp": ("a.bmp", scene(), {}),
    "gif": ("a.gif", scene(), {"save_all": True, "append_images": [scene().rotate(180)]}),
    "gif, transparent": ("a.gif", scene("P"), {"transparency": 3}),
    "webp of two frames": ("a.webp", scene(), {"save_all": True, "append_images": [scene("L")]}),
    "png of two frames": ("a.png", scene(), {"save_all": True, "append_images": [scene("L")]}),
    "two pictures in a jpeg": (
        "a.jpg",
        scene(),
        {"format": "MPO", "save_all": True, "append_images": [scene().rotate(180)]},
    ),
    "jpeg CMYK": ("a.jpg", scene("CMYK"), {}),
    "jpeg grey": ("a.jpg", scene("L"), {}),
    # Decoded at a part of their size, which only a file can be.
    "large jpeg": ("a.jpg", large(), turned(6)),
    "large jpeg, grey": ("a.jpg", large("L"), {}),
    "large jpeg, CMYK": ("a.jpg", large("CMYK"), {}),
    "large jpeg, progressive": ("a.jpg", large(), {"progressive": True}),
}


def only(given: Any) -> ImageSource:
    (source,) = image_sources(given)
    return source


@pytest.mark.parametrize("what", MADE)
def test_each_way_of_giving_a_picture_gives_the_same_bits(what: str, tmp_path: Path) -> None:
    name, picture, options = MADE[what]
    path = saved(tmp_path / name, picture, **options)
    expected = decode(path, SIZE)
    content = path.read_bytes()
    opened = Image.open(path)
    with path.open("rb") as file:
        given = [str(path), content, bytearray(content), memoryview(content), file]
        found = [*(only(item) for item in given), only(opened), only(opened)]
    with Image.open(io.BytesIO(content)) as another:
        found.append(only(another))
    assert [bool((decode(source, SIZE) == expected).all()) for source in found] == [True] * 8


@pytest.mark.parametrize("what", [name for name in MADE if "large" not in name])
def test_a_picture_whose_pixels_were_read_is_the_same_to_the_bit(what: str, tmp_path: Path) -> None:
    name, picture, options = MADE[what]
    path = saved(tmp_path / name, picture, **options)
    read = Image.open(path)
    read.load()
    assert (decode(only(read), SIZE) == decode(path, SIZE)).all()


def test_a_large_jpeg_whose_pixels_were_read_is_nearly_the_same(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", large())
    read = Image.open(path)
    read.load()
    difference = decode(only(read), SIZE).astype(int) - decode(path, SIZE)
    assert abs(difference).max() <= 8
    assert abs(difference).mean() < 0.5


def test_what_a_program_did_to_an_opened_picture_counts(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", large(), **turned(6))
    told_otherwise = Image.open(path)
    told_otherwise.getexif()[ORIENTATION] = 1
    upright = saved(tmp_path / "upright.png", Image.open(path), exif=b"")
    assert np.abs(decode(only(told_otherwise), SIZE) - decode(upright, SIZE).astype(int)).max() < 9
    drafted = Image.open(path)
    drafted.draft("L", (8, 8))
    assert isinstance(only(drafted), np.ndarray)
    drawn = Image.open(path)
    ImageDraw.Draw(drawn).rectangle((0, 0, *drawn.size), fill="white")
    assert (decode(only(drawn), SIZE) == 255).all()
    by_hand = ImageOps.exif_transpose(Image.open(path))
    assert np.asarray(only(by_hand)).shape == np.asarray(by_hand).shape


def test_another_frame_is_taken_where_a_program_went_to_it(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), value) for value in (0, 255)]
    gif = Image.open(saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:]))
    gif.seek(1)
    assert (decode(only(gif), SIZE) == 255).all()


def test_whole_numbers_are_8_or_16_bit_grey_and_fractions_must_be_0_to_255() -> None:
    grey = scene("L")
    expected = decode(np.asarray(grey), SIZE)
    wide = Image.fromarray(np.asarray(grey).astype(np.int32) * 257)
    for picture in (grey.convert("I"), wide, grey.convert("F")):
        assert (decode(only(picture), SIZE) == expected).all()
    for values in (np.asarray(grey) / 255, np.asarray(grey) * 300.0, np.asarray(grey) - 9.0):
        picture = Image.fromarray(values.astype(np.float32))
        assert "values 0 to 255 were expected" in error_of(only(picture))
    assert "0 to 255" in error_of(only(Image.fromarray(np.full((4, 4), 70000, np.int32))))


def error_of(source: ImageSource) -> str:
    found = try_decode(source, SIZE)
    assert isinstance(found, ImageError)
    return found.message


def test_bad_pictures_among_others_are_told_apart(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene())
    cut = path.read_bytes()[:-200]
    given: list[Any] = [Image.open(io.BytesIO(cut)), io.BytesIO(cut), Image.new("L", (0, 0)), path]
    found = [try_decode(source, SIZE) for source in image_sources(given)]
    assert [isinstance(item, ImageError) for item in found] == [True, True, True, False]


def test_a_file_is_read_from_where_it_stands_and_stays_open(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene())
    joined = io.BytesIO(b"header" + path.read_bytes())
    joined.seek(6)
    assert (decode(only(joined), SIZE) == decode(path, SIZE)).all()
    assert not joined.closed
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "a.png")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, archive.open("a.png") as file:
        assert (decode(only(file), SIZE) == decode(path, SIZE)).all()


def test_a_file_may_give_its_bytes_in_parts_and_may_be_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "a.jpg", scene())

    class Drops(io.BytesIO):
        """As pipes and connections do, whatever is asked for."""

        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or -1, 300))

    content = path.read_bytes()
    assert only(Drops(content)) == content
    assert only(Image.open(Drops(content))) == content
    monkeypatch.setattr(sources, "MAX_BYTES", len(content) - 1)
    for given in (io.BytesIO(content), Image.open(path)):
        assert "more bytes than" in error_of(only(given))


def test_an_opened_picture_can_still_be_read_afterwards(tmp_path: Path) -> None:
    file = io.BytesIO(saved(tmp_path / "a.jpg", large()).read_bytes())
    picture = Image.open(file)
    at = file.tell()
    only(picture)
    assert file.tell() == at
    assert picture.tile
    picture.load()


def test_what_an_iterator_lends_is_taken_before_it_goes_on(tmp_path: Path) -> None:
    paths = [saved(tmp_path / f"{n}.{kind}", scene()) for n in range(2) for kind in ("png", "jpg")]

    def pictures() -> Iterator[Image.Image]:
        for path in paths:
            with Image.open(path) as picture:
                yield picture

    def rows() -> Iterator[np.ndarray]:
        buffer = np.zeros((4, 4), np.uint8)
        for value in range(3):
            buffer[:] = value
            yield buffer

    assert [try_decode(item, SIZE).shape for item in list(image_sources(pictures()))] == (  # type: ignore[union-attr]
        [(SIZE, SIZE, 3)] * 4
    )
    assert [decode(item, SIZE).max() for item in list(image_sources(rows()))] == [0, 1, 2]


def test_threads_may_give_the_same_unread_picture(tmp_path: Path) -> None:
    picture = Image.open(saved(tmp_path / "a.png", scene("RGB", 900, 700)))
    found: list[ImageSource] = []
    threads = [threading.Thread(target=lambda: found.append(only(picture))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bool((np.asarray(item) == np.asarray(picture)).all()) for item in found] == [True] * 8


class Tensor:
    """As other libraries' are: NumPy can make an array of it, and it can be gone through."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.values

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self.values)


IMAGE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (b"encoded", 1),
        (bytearray(b"encoded"), 1),
        (memoryview(b"encoded"), 1),
        (io.BytesIO(b"a\nb\nc"), 1),
        (Image.new("L", (4, 4)), 1),
        ("a.jpg", 1),
        (Path("a.jpg"), 1),
        (IMAGE, 1),
        (IMAGE[..., 0], 1),
        (Tensor(IMAGE), 1),
        ([IMAGE, b"encoded", "a.jpg", Image.new("L", (4, 4)), io.BytesIO(b"a"), Tensor(IMAGE)], 6),
        (np.stack([IMAGE] * 5), 5),
        (Tensor(np.stack([IMAGE] * 5)), 5),
        (np.array(["a.jpg", "b.jpg"]), 2),
        (np.array([Path("a.jpg"), Path("b.jpg")]), 2),
        (iter([b"a", b"b"]), 2),
        ([], 0),
    ],
)
def test_pictures_may_be_given_one_or_many(given: Any, count: int) -> None:
    assert len(list(image_sources(given))) == count


def test_a_folder_stands_for_all_pictures_below_it_in_order(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 2})
    (root / "notes.txt").touch()
    expected = [root / "ant/000.png", root / "ant/001.png", root / "bee/000.png"]
    expected.append(root / "bee/001.png")
    assert list(image_sources(root)) == expected
    assert list(image_sources(str(root))) == expected
    assert list(image_sources([root / "bee", "x.jpg", root / "ant"])) == [
        *expected[2:],
        Path("x.jpg"),
        *expected[:2],
    ]


def test_a_single_picture_is_no_folder_and_not_several(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found the folder"):
        one_source(tmp_path)
    for several in (np.stack([IMAGE] * 2), ["a.jpg"], iter(["a.jpg"])):
        with pytest.raises(UsageError, match="found several"):
            one_source(several)  # type: ignore[arg-type]
    assert one_source("a.jpg") == Path("a.jpg")
    assert isinstance(one_source(Image.new("L", (4, 4))), np.ndarray)
