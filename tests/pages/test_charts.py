"""Charts as files and within pages: whole, of the size said, and harmless."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tl_catdog.pages.charts import BLUE, new_axes, new_figure, svg, write_png

HOSTILE = '</text><script>alert(1)</script> a & "b"'


def chart(title: str = "Accuracy", value: float = 2.0) -> Figure:
    figure = new_figure(3, 2)
    new_axes(figure, title, "epoch", "part").plot([0, 1, value], color=BLUE)
    return figure


def ids(text: str) -> set[str]:
    return set(re.findall(r'id="([^"]+)"', text))


def test_a_figure_has_the_size_and_its_axes_the_texts_they_are_given() -> None:
    figure = new_figure(4.5, 3)
    first = new_axes(figure, "one", "x of it", "y of it", (2, 1, 1))
    second = new_axes(figure, place=(2, 1, 2))
    assert list(figure.get_size_inches()) == [4.5, 3]
    assert first.get_title(loc="left") == "one"
    assert (first.get_xlabel(), first.get_ylabel()) == ("x of it", "y of it")
    assert (second.get_title(loc="left"), second.get_xlabel(), second.get_ylabel()) == ("", "", "")
    figure.draw_without_rendering()
    assert first.get_position().y0 > second.get_position().y1  # nothing overlaps


def test_axes_have_no_frame_above_and_at_the_right() -> None:
    spines = new_axes(new_figure(3, 2)).spines
    shown = {side: spines[side].get_visible() for side in ("top", "right", "bottom", "left")}
    assert shown == {"top": False, "right": False, "bottom": True, "left": True}


def test_the_style_stays_within_the_charts(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    svg(chart())
    write_png(chart(), tmp_path / "a.png")
    assert dict(mpl.rcParams) == before


def test_svg_is_one_element_that_holds_the_chart() -> None:
    text = svg(chart())
    assert text.startswith("<svg")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), root.get("height")) == ("216pt", "144pt")  # 72 an inch
    assert BLUE in text


def test_svg_runs_and_fetches_nothing_whatever_its_texts_say() -> None:
    text = svg(chart(HOSTILE))
    tags = {element.tag.partition("}")[2] for element in ElementTree.fromstring(text).iter()}
    assert not tags & {"script", "image", "foreignObject", "a"}
    assert "<script" not in text
    assert set(re.findall(r'href="(.)', text)) == {"#"}
    assert not re.search(r"\son\w+=", text)


def test_the_same_chart_is_the_same_text_and_references_stay_within_it() -> None:
    text = svg(chart())
    assert svg(chart()) == text
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    assert used
    assert used <= ids(text)


def test_ids_of_clippings_and_markers_that_two_charts_share_mean_the_same() -> None:
    """Pages hold many charts, and a browser takes the first element of an id."""
    small, large = (ElementTree.fromstring(svg(chart(value=value))) for value in (2.0, 5000.0))

    def definitions(root: ElementTree.Element) -> dict[str, bytes]:
        return {
            str(element.get("id")): ElementTree.tostring(element).strip()
            for defs in root.iter("{http://www.w3.org/2000/svg}defs")
            for element in defs
            if element.get("id")
        }

    one, two = definitions(small), definitions(large)
    shared = set(one) & set(two)
    assert shared
    assert {name: one[name] for name in shared} == {name: two[name] for name in shared}
    assert set(one) ^ set(two)  # the charts aren't of the same layout


def test_letters_that_the_font_lacks_do_no_harm(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg(chart("猫 and 犬"))
        write_png(chart("猫 and 犬"), tmp_path / "a.png")


@pytest.mark.parametrize(("dpi", "size"), [(None, (450, 300)), (100, (300, 200))])
def test_a_png_has_the_figure_s_size_on_white(
    tmp_path: Path, dpi: int | None, size: tuple[int, int]
) -> None:
    path = tmp_path / "chart.png"
    if dpi is None:
        write_png(chart(), path)
    else:
        write_png(chart(), path, dpi=dpi)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", size)
        assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
        colours = image.convert("RGB").getcolors(2**20)
    assert colours is not None
    assert (0x2B, 0x6C, 0xB0) in {colour for _, colour in colours}
    assert [item.name for item in tmp_path.iterdir()] == ["chart.png"]


def test_a_png_that_fails_leaves_the_old_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chart.png"
    path.write_bytes(b"old")

    def half(self: Figure, target: Path, **_: object) -> None:
        Path(target).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(OSError, match="disk full"):
        write_png(chart(), path)
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["chart.png"]
