"""The figure says what it shows, at any size of maps, with any number and names of classes."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from tl_catdog.explain.activations import Activations, Block, Step
from tl_catdog.explain.explanation import Explanation
from tl_catdog.explain.figure import explain_figure, mosaic
from tl_catdog.explain.location import Location
from tl_catdog.explain.occlusion import Occlusion
from tl_catdog.pages.charts import write_png

RNG = np.random.default_rng(0)


def step(does: str, side: int, count: int = 8) -> Step:
    maps = RNG.normal(size=(count, side, side)).astype(np.float32)
    return Step(f"block1_{does}", does, (side, side, 32), tuple(range(count)), maps)


@pytest.fixture
def explanation() -> Explanation:
    after = RNG.uniform(0.5, 1, (5, 5))
    return Explanation(
        run="mine",
        path=Path("dog.jpg"),
        label="dog",
        probabilities={"cat": 0.002, "dog": 0.998},
        target="dog",
        pixels=np.full((16, 16, 3), 90, np.uint8),
        sharp=np.full((64, 64, 3), 90, np.uint8),
        activations=Activations(
            "block1_conv",
            RNG.uniform(0, 1, (32, 3, 3, 3)).astype(np.float32),
            (Block((step("convolution", 16), step("ReLU", 16), step("max-pooling", 8))),),
        ),
        heatmap=np.eye(4, dtype=np.float32),
        peak=Location(0.1, 0.2),
        occlusion=Occlusion(0.25, 0.998, after, 0.61),
    )


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


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


def test_the_sentences_give_the_figures(explanation: Explanation) -> None:
    assert explanation.covering.startswith(
        "Covering the spot where it looks most (25 % of the side) takes dog from 99.8 % to 61.0 %"
    )
    assert "of 25 places" in explanation.covering
    assert "10 % of the width from the left, 20 % of the height from the top" in explanation.looks


def test_a_class_that_nothing_speaks_for_has_no_spot(
    explanation: Explanation, tmp_path: Path
) -> None:
    occlusion = replace(explanation.occlusion, at_peak=None)
    blind = replace(
        explanation, target="cat", peak=None, heatmap=np.zeros((4, 4)), occlusion=occlusion
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


def test_small_pictures_stand_side_by_side() -> None:
    sheet = mosaic(np.arange(3.0)[:, None, None] * np.ones((3, 64, 64)), columns=2)
    assert sheet.shape == (64 + 4 + 64, 64 + 4 + 64)
    assert sheet[0, 0] == 0
    assert sheet[0, -1] == 1
    assert sheet[-1, 0] == 2
    assert np.isnan(sheet[-1, -1])
    assert np.isnan(sheet[65, 0])
