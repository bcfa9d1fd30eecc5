"""The figure says what it shows, at any size of maps, with any number and names of classes."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from tests.explain.conftest import step
from tl_catdog.explain.activations import Block
from tl_catdog.explain.explanation import Explanation
from tl_catdog.explain.figure import FAINT, MOST_CLASSES, explain_figure, mosaic
from tl_catdog.explain.occlusion import Occlusion, covered
from tl_catdog.pages.charts import BLUE, GREY, write_png
from tl_catdog.wording import percent


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def titled(figure: Figure, start: str) -> Axes:
    (found,) = (axes for axes in figure.axes if axes.get_title(loc="left").startswith(start))
    return found


def test_it_says_what_it_shows(explanation: Explanation, tmp_path: Path) -> None:
    figure = explain_figure(explanation, "dog.jpg")
    shown = words(figure)
    for part in (
        "dog.jpg: dog, 99.8 %  (run mine)",
        "block1_convolution 16×16×32 → ReLU → max-pooling 8×8×32",
        "max-pooling\n8×8×32",
        "as the network sees it, 16×16×3",
        "32 filters 3×3×3",
        "Grad-CAM:\nwhere it sees dog",
        "61.0 % dog",
        "the upper left",
        "0.2 %",
    ):
        assert part in shown
    write_png(figure, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as picture:
        assert picture.width == 1500
        assert picture.height > picture.width


def test_a_class_that_nothing_speaks_for_has_no_spot(
    explanation: Explanation, tmp_path: Path
) -> None:
    occlusion = replace(explanation.occlusion, at_peak=None)
    blind = replace(
        explanation,
        target="cat",
        peak=None,
        heatmap=np.zeros((4, 4), np.float32),
        occlusion=occlusion,
    )
    shown = words(explain_figure(blind, "dog.jpg"))
    assert "Nothing in the picture speaks for cat." in shown
    assert "covered where it looks most" not in shown
    write_png(explain_figure(blind, "dog.jpg"), tmp_path / "figure.png")


def test_maps_of_one_pixel_many_classes_and_odd_names_are_drawn(
    explanation: Explanation, tmp_path: Path
) -> None:
    names = ["a$b$", "_{x}", "猫", "dog", *(f"class {n} with a long name" for n in range(9))]
    odd = replace(
        explanation,
        probabilities=dict.fromkeys(names, 1 / len(names)),
        target="a$b$",
        activations=replace(explanation.activations, blocks=(Block((step("ReLU", 1, 3),)),)),
        heatmap=np.ones((1, 1), np.float32),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # would reach the user's terminal
        write_png(explain_figure(odd, "$\\frac{x.jpg"), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_each_map_is_white_at_zero_and_deepest_where_it_is_greatest(
    explanation: Explanation,
) -> None:
    figure = explain_figure(explanation, "dog.jpg")
    (block,) = explanation.activations.blocks
    start = figure.axes.index(titled(figure, "block1_convolution"))
    for number, layer in enumerate(block.steps):
        axes = figure.axes[start + 2 * number]  # its label has axes of its own
        (image,) = axes.get_images()
        assert image.get_clim() == (-1, 1)
        assert image.cmap(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.04)  # white
        assert image.cmap(1.0)[0] > image.cmap(1.0)[2]  # red is positive
        shown: npt.NDArray[np.float64] = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
        side = shown.shape[0]
        for place, values in enumerate(layer.maps):
            gap = max(1, side // 16)
            drawn = shown[:, place * (side + gap) : place * (side + gap) + side]
            assert np.nanmax(np.abs(drawn)) == pytest.approx(1)
            times = side // values.shape[0]
            expected = values / np.abs(values).max()
            np.testing.assert_allclose(drawn[::times, ::times], expected, atol=1e-6)


def test_the_heatmap_lies_over_the_whole_picture_with_its_peak_marked(
    explanation: Explanation,
) -> None:
    axes = titled(explain_figure(explanation, "dog.jpg"), "Grad-CAM")
    picture, heatmap = axes.get_images()
    np.testing.assert_array_equal(picture.get_array(), explanation.sharp)
    np.testing.assert_array_equal(heatmap.get_array(), explanation.heatmap)
    assert list(picture.get_extent()) == list(heatmap.get_extent()) == [0, 1, 1, 0]
    np.testing.assert_allclose(np.asarray(heatmap.get_alpha()), 0.7 * explanation.heatmap)
    for mark in axes.collections:
        assert np.asarray(mark.get_offsets()).tolist() == [[0.1, 0.2]]


@pytest.mark.parametrize(("lost", "limit"), [(3.0, 3.0), (-3.0, 3.0), (0.01, FAINT)])
def test_occlusion_is_red_where_it_takes_and_pale_where_it_does_little(
    explanation: Explanation, lost: float, limit: float
) -> None:
    after = np.full((3, 3), 0.5)
    after[0, 2] = 1 / (1 + np.exp(lost))
    found = replace(explanation, occlusion=Occlusion(0.25, 0.5, after, None))
    axes = titled(explain_figure(found, "dog.jpg"), "occlusion, red takes")
    assert f"{percent(after.min())} dog at the least" in axes.get_title(loc="left")
    _, overlay = axes.get_images()
    values = np.asarray(overlay.get_array())
    assert values[0, 2] == pytest.approx(lost)
    assert overlay.get_clim() == pytest.approx((-limit, limit))
    strength = np.asarray(overlay.get_alpha())
    assert strength[0, 2] == pytest.approx(0.75 * abs(lost) / limit)
    assert strength[2, 0] == pytest.approx(0, abs=1e-9)
    assert list(overlay.get_extent()) == [0, 1, 1, 0]
    red, _, blue = overlay.cmap(1.0)[:3]
    assert red > blue


def test_what_is_covered_is_the_square_at_the_peak(explanation: Explanation) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    found = replace(explanation, sharp=pixels)
    (image,) = titled(explain_figure(found, "dog.jpg"), "covered where it looks").get_images()
    assert explanation.peak is not None
    expected = covered(pixels, explanation.peak, 0.25)
    np.testing.assert_array_equal(image.get_array(), expected)


def test_the_most_probable_classes_come_first_and_the_answer_is_blue(
    explanation: Explanation,
) -> None:
    chances = {f"kind{n}": (n + 1) / 55 for n in range(10)}
    found = replace(explanation, probabilities=chances, label="kind9", target="kind9")
    axes = titled(explain_figure(found, "dog.jpg"), "the answer")
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [f"kind{n}" for n in range(9, 9 - MOST_CLASSES, -1)]
    bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
    assert [bar.get_width() for bar in bars] == pytest.approx([chances[name] for name in names])
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [BLUE] + [GREY] * (MOST_CLASSES - 1)
    assert axes.texts[0].get_text() == "18.2 %"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # downwards


def test_small_pictures_stand_side_by_side() -> None:
    sheet = mosaic(np.arange(3.0)[:, None, None] * np.ones((3, 64, 64)), columns=2)
    assert sheet.shape == (64 + 4 + 64, 64 + 4 + 64)
    assert sheet[0, 0] == 0
    assert sheet[0, -1] == 1
    assert sheet[-1, 0] == 2
    assert np.isnan(sheet[-1, -1])
    assert np.isnan(sheet[65, 0])
