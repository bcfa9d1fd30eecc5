"""The gallery: whole in one file, true to the review, and good to look at in a real browser."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import paint_set
from tests.review.test_label_issues import flipped_set, reviewed
from tests.support.made_up import made_up_run
from tl_catdog.review.gallery import gallery_page
from tl_catdog.review.label_issues import Review
from tl_catdog.wording import percent

COMMAND = "tl-catdog review mine --apply 'a & b.csv'"


@pytest.fixture
def found(tmp_path: Path) -> Review:
    return reviewed(made_up_run(flipped_set(tmp_path / "set"), tmp_path / "runs"), top=8)


def words(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def test_it_says_what_the_review_says(found: Review) -> None:
    html = gallery_page(found, COMMAND, 8)
    text = words(html)
    assert f"{found.likely} of 42 training labels are likely wrong" in text
    assert f"{found.wrong} of 18 pictures wrong" in text
    assert "8 of 9 wrong answers" in text
    assert "tl-catdog review mine --apply &#39;a &amp; b.csv&#39;" in text
    assert html.count('class="likely"') == found.likely
    assert html.count("data:image/jpeg;base64,") == 24
    first = found.label_issues[0]
    assert f"{first.label} {percent(first.probability)}, rather {first.suggested}?" in text
    for item in (*found.mistakes, *found.unsure):
        assert f"{item.predicted} {percent(item.probability)}" in text


def test_it_shows_the_top_and_says_how_many_the_list_has(found: Review) -> None:
    html = gallery_page(found, COMMAND, 3)
    assert html.count("<figure>") == 3 + 8 + 8
    assert "3 of 42 training pictures" in words(html)
    assert "The list has 8 of them." in words(html)


def test_it_fetches_nothing_and_runs_nothing(found: Review) -> None:
    html = gallery_page(found, COMMAND, 8)
    assert "<script" not in html
    sources = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert all(source.startswith(("data:", "#")) for source in sources)


def test_names_can_not_break_the_page(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 4, "validation": 2}, ("<b>ant", "bee"))
    for path in data.glob("*/bee/000.png"):
        path.rename(path.with_name('"><img src=x>\udcff.png'))
    html = gallery_page(reviewed(made_up_run(data, tmp_path / "runs"), top=20), COMMAND, 20)
    assert "<b>" not in html
    assert "<img src=x" not in html
    assert "&lt;b&gt;ant" in html


def test_pictures_that_are_gone_are_said_to_be(found: Review) -> None:
    (found.root / found.label_issues[0].name).unlink()
    html = gallery_page(found, COMMAND, 8)
    assert html.count("The picture isn't there any more.") == 1
    assert html.count("data:image/jpeg;base64,") == 23


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_shows_all_of_it(
    found: Review,
    browser: Any,
    artefacts: Path,
    width: int,
    tmp_path: Path,
) -> None:
    path = tmp_path / "gallery.html"
    path.write_text(gallery_page(found, COMMAND, 8), encoding="utf-8")
    view = browser.new_page(viewport={"width": width, "height": 800})
    view.goto(path.as_uri())
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    drawn = "[...document.images].every(i => i.naturalWidth > 0)"
    assert view.evaluate(drawn)
    view.screenshot(path=artefacts / f"gallery-{width}.png", full_page=True)
