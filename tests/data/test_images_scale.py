"""A camera's JPEGs are decoded at a part of their size, which leaves enough for the result."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data.test_images import SIZE, encoded, mean_difference, scene
from tl_catdog.data import images
from tl_catdog.data.images import decode


def resized_from(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return a list that takes the size of each picture that is resized from now on."""
    loaded: list[tuple[int, int]] = []

    def spy(image: Image.Image, *args: Any, **options: Any) -> Image.Image:
        loaded.append(image.size)
        return resize(image, *args, **options)

    resize = Image.Image.resize
    monkeypatch.setattr(Image.Image, "resize", spy)
    return loaded


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_at_reduced_scale_and_looks_the_same(
    monkeypatch: pytest.MonkeyPatch, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    noise = np.random.default_rng(0).integers(0, 60, (900, 1200, 3)).astype(np.uint8)
    picture = Image.fromarray(np.asarray(scene(1200, 900)) // 2 + noise)
    file = encoded(picture, "JPEG", quality=90, exif=exif)
    loaded = resized_from(monkeypatch)
    found = decode(file, SIZE)
    monkeypatch.setattr(images, "least_side", lambda size: 10**4)
    whole = decode(file, SIZE)
    small, large = loaded
    assert max(small) * 4 == max(large)
    # What is left is still several times as large as the result.
    assert min(small) >= 4 * SIZE
    assert mean_difference(found, whole) < 1


def test_a_jpeg_not_much_larger_than_the_result_is_decoded_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    side = 2 * images.least_side(SIZE) - 2  # half of one more would be enough
    file = encoded(scene(side, side), "JPEG", quality=90)
    found = decode(file, SIZE)
    monkeypatch.setattr(images, "least_side", lambda size: 10**4)
    assert np.array_equal(found, decode(file, SIZE))


@pytest.mark.parametrize(
    ("size", "side", "kept"),
    [
        (64, 511, 511),  # the video's network: four times its 64 pixels stay
        (64, 512, 256),
        (224, 895, 895),  # MobileNetV2: twice its 224
        (224, 896, 448),
        (224, 1792, 448),
        (300, 1199, 1199),
        (300, 1200, 600),
    ],
)
def test_reduced_scale_leaves_enough_of_a_picture_for_the_result(
    monkeypatch: pytest.MonkeyPatch, size: int, side: int, kept: int
) -> None:
    file = encoded(Image.new("L", (side, side), 90), "JPEG")
    loaded = resized_from(monkeypatch)
    assert decode(file, size).shape == (size, size, 3)
    assert loaded == [(kept, kept)]
