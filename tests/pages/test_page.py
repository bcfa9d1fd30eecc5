"""What pages are made of: escaped texts, pictures within them, thumbnails and heatmaps."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import jinja2
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tl_catdog.data.images import Pixels
from tl_catdog.pages import page
from tl_catdog.pages.charts import new_axes, new_figure
from tl_catdog.pages.page import LARGEST, drawn, embedded, render, thumbnail, with_heatmap


def pixels(address: str | None) -> Pixels:
    """Return the picture in a data URI, which must be a JPEG."""
    assert address is not None
    head, _, data = address.partition(",")
    assert head == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    return np.asarray(image)


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> jinja2.DictLoader:
    """Templates by name, in place of the package's."""
    loader = jinja2.DictLoader({})
    monkeypatch.setattr(jinja2, "PackageLoader", lambda _: loader)
    monkeypatch.setattr(page, "_environment", page._environment.__wrapped__)
    return loader


def test_a_template_refuses_a_missing_name() -> None:
    with pytest.raises(jinja2.UndefinedError, match="undefined"):
        render("report.html.j2", made="today", summary=[])


def test_texts_are_escaped_and_markup_is_not(template: jinja2.DictLoader) -> None:
    template.mapping = {"a.html.j2": '<p title="{{ text }}">{{ text }}{{ chart }}</p>'}
    figure = new_figure(2, 1)
    new_axes(figure, "a < b")
    found = render("a.html.j2", text="""<b>"'&""", chart=drawn(figure))
    escaped = "&lt;b&gt;&#34;&#39;&amp;"
    assert found.startswith(f'<p title="{escaped}">{escaped}<svg')
    assert found.endswith("</p>")
    assert "a < b" not in found


def test_lines_of_statements_leave_nothing_behind(template: jinja2.DictLoader) -> None:
    template.mapping = {
        "a.html.j2": "<ul>\n  {% for x in items %}\n- {{ x }}\n  {% endfor %}\n</ul>"
    }
    assert render("a.html.j2", items=[1, 2]) == "<ul>\n- 1\n- 2\n</ul>"


def test_templates_word_figures_as_commands_do(template: jinja2.DictLoader) -> None:
    template.mapping = {
        "a.html.j2": "{{ percent(0.5) }}|{{ points(0.1) }}|{{ count(25000) }}|{{ duration(7) }}|"
        "{{ byte_size(4096) }}|{{ megabytes(9905920) }}|{{ percent_range(0.1, 0.2) }}|"
        "{{ estimate(0.5, 0.4, 0.6) }}|{{ points_estimate(0.1, 0, 0.2) }}"
    }
    assert render("a.html.j2").split("|") == [
        *("50.0 %", "10.0 points", "25,000", "7 s", "4.1 kB", "9.9", "10.0–20.0"),
        *("50.0 % (40.0–60.0)", "10.0 points (0.0–20.0)"),
    ]


def test_an_embedded_picture_is_of_the_same_size_and_nearly_the_same_colours() -> None:
    image = np.zeros((30, 70, 3), np.uint8)
    image[:, :35] = (220, 40, 30)
    image[:, 35:] = (20, 60, 200)
    found = pixels(embedded(image))
    assert found.shape == image.shape
    assert np.abs(found.astype(int) - image)[:, [10, 60]].max() <= 6


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((900, 300), (LARGEST, 75)),
        ((300, 900), (75, LARGEST)),
        ((LARGEST + 1, LARGEST + 1), (LARGEST, LARGEST)),
        ((LARGEST, 10), (LARGEST, 10)),
        ((20, 40), (20, 40)),
    ],
)
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_thumbnail_is_small_and_not_squeezed(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int], suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", size, (200, 30, 30)).save(path)
    found = pixels(thumbnail(path))
    assert found.shape == (*expected[::-1], 3)
    assert max(expected) <= LARGEST
    assert np.abs(found.astype(int) - (200, 30, 30)).max() <= 4


def test_a_thumbnail_stands_upright_on_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    picture.save(tmp_path / "a.png", exif=exif)
    shown = pixels(thumbnail(tmp_path / "a.png"))
    assert shown.shape == (224, 75, 3)
    assert shown.min() > 250


def test_a_picture_that_lies_on_its_side_is_turned_the_right_way(tmp_path: Path) -> None:
    picture = Image.new("RGB", (300, 100), (20, 20, 20))
    picture.paste((240, 240, 240), (0, 0, 150, 100))  # its left half, which belongs at the top
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    shown = pixels(thumbnail(tmp_path / "a.jpg"))
    assert shown[:100].mean() > 230
    assert shown[-100:].mean() < 30


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"\xff\xd8\xff\xe0 cut short"])
def test_what_is_no_picture_has_no_thumbnail(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    assert thumbnail(tmp_path / "a.jpg") is None


def test_a_named_pipe_has_no_thumbnail_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert thumbnail(tmp_path / "a.jpg") is None


def test_a_picture_cut_short_or_of_a_kind_that_is_not_taken_has_no_thumbnail(
    tmp_path: Path,
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = tmp_path / "whole.png"
    Image.fromarray(noise).save(whole)
    assert thumbnail(whole) is not None
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:3000])
    assert thumbnail(tmp_path / "cut.png") is None
    Image.fromarray(noise).save(tmp_path / "a.tiff")
    assert thumbnail(tmp_path / "a.tiff") is not None
    Image.fromarray(noise).save(tmp_path / "a.ico")
    assert thumbnail(tmp_path / "a.ico") is None
    assert thumbnail(tmp_path) is None


def test_heat_is_laid_over_the_picture() -> None:
    picture = np.full((64, 64, 3), 100, np.uint8)
    heatmap = np.zeros((4, 4), np.float32)
    heatmap[3, 3] = 1.0
    hot = with_heatmap(picture, heatmap)
    assert hot.shape == picture.shape
    assert hot[60, 60].sum() > hot[5, 5].sum() + 150
    assert embedded(hot).startswith("data:image/jpeg;base64,/9j/")


def test_the_more_heat_the_brighter_and_the_picture_shines_through() -> None:
    levels: npt.NDArray[np.float32] = np.linspace(0, 1, 6, dtype=np.float32)
    dark, bright = (np.full((8, 8, 3), value, np.uint8) for value in (0, 255))
    found = [
        [with_heatmap(picture, np.full((2, 2), level, np.float32)) for level in levels]
        for picture in (dark, bright)
    ]
    for row in found:
        assert all(item.shape == (8, 8, 3) and item.dtype == np.uint8 for item in row)
        sums = [int(item.sum()) for item in row]
        assert sums == sorted(set(sums))
    for below, above in zip(*found, strict=True):
        assert np.abs(above.astype(int) - below - 0.45 * 255).max() <= 1
    yellow = np.array(mpl.colormaps["inferno"](1.0)[:3])
    assert np.abs(found[0][-1][4, 4] - 0.55 * 255 * yellow).max() <= 1


def test_a_heatmap_keeps_its_place_on_a_picture_that_is_not_square() -> None:
    heatmap = np.zeros((2, 4), np.float32)
    heatmap[0, 3] = 1.0
    found = with_heatmap(np.zeros((40, 80, 3), np.uint8), heatmap)
    assert found.shape == (40, 80, 3)
    row, column = np.unravel_index(found.sum(axis=-1).argmax(), (40, 80))
    assert row < 20
    assert column >= 60


def test_the_package_has_the_templates_that_commands_fill() -> None:
    loader = jinja2.PackageLoader(page.__package__)
    assert {"check.html.j2", "gallery.html.j2", "report.html.j2"} <= set(loader.list_templates())
