"""Contact sheets show what they say: the right classes, and what training makes of pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import paint_set
from tl_catdog import runtime
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.pages.charts import write_png
from tl_catdog.pages.contact_sheet import Sheet, augmented_sheet, contact_sheet, count_for


@pytest.fixture
def pictures(tmp_path: Path) -> ImageSet:
    return load_set(paint_set(tmp_path / "set", {"train": 6, "validation": 3}))


def images(sheet: Sheet) -> list[np.ndarray]:
    return [
        np.asarray(image.get_array()) for axes in sheet.figure.axes for image in axes.get_images()
    ]


def headings(sheet: Sheet) -> list[str]:
    found = [axes.get_title(loc="left") for axes in sheet.figure.axes]
    return [text for text in found if text]


def test_each_class_has_its_row_of_its_own_pictures(pictures: ImageSet, tmp_path: Path) -> None:
    sheet = contact_sheet(pictures, count=4, seed=0, split=None)
    assert headings(sheet) == ["ant: 9 pictures", "bee: 9 pictures"]
    shown = images(sheet)
    assert len(shown) == len(sheet.shown) == 8
    assert all(pixels[..., 0].mean() > pixels[..., 2].mean() for pixels in shown[:4])
    assert all(pixels[..., 0].mean() < pixels[..., 2].mean() for pixels in shown[4:])
    assert [name.split("/")[1] for name in sheet.shown] == ["ant"] * 4 + ["bee"] * 4
    write_png(sheet.figure, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 10_000


def test_headings_count_the_pictures_of_the_split(pictures: ImageSet) -> None:
    sheet = contact_sheet(pictures, count=1, seed=0, split="validation")
    assert headings(sheet) == ["ant: 3 pictures", "bee: 3 pictures"]
    assert sheet.figure.get_suptitle() == "set, validation"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("exactly18chars.png", "exactly18chars.png"),
        ("nineteen-chars1.png", "…neteen-chars1.png"),
        ("a tab\tand more.png", "a tab?and more.png"),
    ],
)
def test_a_long_name_is_shown_by_its_end(pictures: ImageSet, name: str, shown: str) -> None:
    (pictures.root / "train" / "ant" / "000.png").rename(pictures.root / "train" / "ant" / name)
    sheet = contact_sheet(load_set(pictures.root), count=9, seed=0, split="train")
    texts = {text.get_text() for axes in sheet.figure.axes for text in axes.texts}
    assert shown in texts
    assert len(shown) <= 18


def test_the_seed_and_the_split_choose(pictures: ImageSet) -> None:
    def names(**options: object) -> tuple[str, ...]:
        return contact_sheet(pictures, **{"count": 3, "seed": 0, "split": None, **options}).shown  # type: ignore[arg-type]

    assert names() == names()
    assert any(names(seed=seed) != names() for seed in (1, 2, 3))
    assert all(name.startswith("validation/") for name in names(split="validation"))
    with pytest.raises(UsageError, match="expected one of the splits"):
        names(split="holiday")


def test_what_cannot_be_read_is_named_and_replaced(pictures: ImageSet) -> None:
    for path in sorted(pictures.root.glob("train/ant/*"))[:5]:
        path.write_bytes(b"broken")
    sheet = contact_sheet(pictures, count=9, seed=0, split=None)
    assert len(sheet.skipped) == 5
    assert len(sheet.shown) == 4 + 9
    for path in pictures.root.glob("*/*/*"):
        path.write_bytes(b"broken")
    with pytest.raises(CatdogError, match="found none"):
        contact_sheet(pictures, count=2, seed=0, split=None)


@pytest.mark.parametrize(("recipe", "side"), [("light", 32), ("strong", 48)])
def test_augmented_versions_are_those_of_the_pipeline(
    pictures: ImageSet, recipe: str, side: int
) -> None:
    import tensorflow as tf

    from tl_catdog.data.augment import Augmenter
    from tl_catdog.data.images import decode

    sheet = augmented_sheet(
        pictures, count=1, seed=3, split=None, recipe=recipe, image_size=32, versions=2
    )
    shown = images(sheet)
    assert len(shown) == 6
    runtime.make_deterministic(3)
    plain = decode(pictures.root / sheet.shown[0], side)
    np.testing.assert_array_equal(shown[0], plain)
    batch = tf.repeat(tf.cast(plain, tf.float32)[None], 2, axis=0)
    expected = np.rint(Augmenter(recipe, 32, 3)(batch).numpy())
    np.testing.assert_array_equal(np.stack(shown[1:3]), expected)
    assert np.abs(shown[1].astype(int) - shown[2]).mean() > 1


@pytest.mark.parametrize(("classes", "count"), [(2, 8), (30, 8), (31, 7), (89, 2), (500, 1)])
def test_the_more_classes_the_fewer_pictures_of_each(classes: int, count: int) -> None:
    assert count_for(classes, 8) == count
    assert count_for(classes, 1) == 1


def test_many_classes_share_rows_each_under_its_own_heading(tmp_path: Path) -> None:
    examples = []
    for i in range(70):
        path = tmp_path / f"class {i:02}" / "one.png"
        path.parent.mkdir()
        Image.new("RGB", (8, 8), (3 * i, 0, 0)).save(path)
        name = path.relative_to(tmp_path).as_posix()
        examples.append(Example(path, name, path.parent.name, "train", f"{i}"))
    names = tuple(item.label for item in examples)
    images = ImageSet(tmp_path, "class folders", names, tuple(examples), {})
    sheet = contact_sheet(images, count=1, seed=0, split=None)
    headings = [axes.get_title(loc="left") for axes in sheet.figure.axes]
    shown = [heading for heading in headings if heading]
    assert [heading[:8] for heading in shown] == list(names)
    assert all(len(heading) <= 16 for heading in shown)
    grid = sheet.figure.axes[0].get_gridspec()
    assert grid is not None
    assert (grid.nrows, grid.ncols) == (9, 8)
    assert len(sheet.shown) == 70
