"""Answers on the page: large, in words, sorted, removed, put back, saved; the best first."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.page_room import Open, photo, row, uploads
from tl_catdog.serve.samples import sample
from tl_catdog.spreadsheets import defused
from tl_catdog.wording import percent, probability, whole_percent

CATS = {"run": "mine", "classes": ["cats", "dogs"], "policy": None}


def focused(page: Any) -> str:
    return str(
        page.evaluate(
            "document.activeElement.getAttribute('aria-label') "
            "|| document.activeElement.id || document.activeElement.innerText"
        )
    )


def test_it_says_which_run_answers_and_how_good_it_is(see: Open) -> None:
    page = see().page
    page.wait_for_function(
        "() => document.getElementById('about').textContent.includes('cats-dogs')"
    )
    assert "98.9 % (97.1–99.6) of 351 test pictures" in page.inner_text("#about")
    assert page.inner_text("h1") == "What is it: cats or dogs?"


@pytest.mark.parametrize("width", [360, 1280])
def test_the_answer_is_large_with_its_number_and_bars_that_read(
    see: Open, width: int, artefacts: Path
) -> None:
    seen = see(width)
    page = seen.page
    seen.give("drop", [("mimi.jpg", "image/jpeg", sample("cat-1.jpg"))])
    assert seen.labels(1) == ["cats"]
    title = page.query_selector("#answers .answer")
    assert title.inner_text().split() == ["cats", "99.9", "%"]
    assert page.evaluate("node => parseFloat(getComputedStyle(node).fontSize)", title) >= 28
    bars = page.query_selector_all("#answers .bars .bar")
    assert [bar.bounding_box()["height"] >= 12 for bar in bars] == [True, True]
    whole, full = bars[0].bounding_box(), bars[0].query_selector("span").bounding_box()
    assert full["width"] / whole["width"] == pytest.approx(0.999, abs=0.01)
    lines = "nodes => nodes.map((node) => node.getClientRects().length)"
    assert page.eval_on_selector_all("#answers .number, #answers .sure", lines) == [1, 1, 1]
    assert seen.fits()
    page.screenshot(path=artefacts / f"page-{width}-answered.png", full_page=True)


def test_heat_is_a_switch_that_is_off_with_a_legend(see: Open, artefacts: Path) -> None:
    seen = see()
    page = seen.page
    page.click(".tile >> nth=2")
    seen.labels(1)
    assert page.inner_text("#answers .looks").startswith("Looks most at")
    assert not page.is_visible("img.over")
    assert not page.is_visible("#legend")
    page.check("#heat")
    photo_box = page.query_selector("img.photo").bounding_box()
    assert page.query_selector("img.over").bounding_box() == pytest.approx(photo_box, abs=1)
    assert "most" in page.inner_text("#legend")
    page.screenshot(path=artefacts / "page-1280-heat.png", full_page=True)
    page.uncheck("#heat")
    assert not page.is_visible("img.over")


def test_unsure_is_explained_for_either_reason(see: Open, artefacts: Path) -> None:
    seen = see()
    page = seen.page
    page.click(".tile >> nth=4")
    assert seen.labels(1) == ["unsure"]
    why = page.inner_text("#answers .card .why")
    assert "Too doubtful" in why
    assert "It answers from 82.8 % on" in why
    page.click("#answers summary")
    assert "Promised: 99.5 % of the answers are right" in page.inner_text("#answers .why")
    page.click("#clear")
    page.click(".tile >> nth=5")
    assert seen.labels(1) == ["unsure"]
    why = page.inner_text("#answers .card .why")
    assert "unlike those it learnt from" in why
    assert "none of cats or dogs" in why
    page.screenshot(path=artefacts / "page-1280-unsure.png", full_page=True)


def test_numbers_read_as_everywhere_else(see: Open) -> None:
    parts = [0, 1e-9, 0.00004, 0.0004, 0.0006, 0.2, 0.98449, 0.9994, 0.9996, 0.99995, 0.9999999, 1]
    said = see().page.evaluate(
        """async (parts) => {
          const {percent, probability, whole} = await import("/wording.js");
          return parts.map((part) => [percent(part), probability(part), whole(part)]);
        }""",
        parts,
    )
    assert said == [[percent(part), probability(part), whole_percent(part)] for part in parts]


def test_of_many_those_in_view_are_answered_first(see: Open) -> None:
    seen = see(about=CATS)
    page = seen.page
    asked: list[str] = []
    held: list[Any] = []

    def reply(route: Any) -> None:
        route.fulfill(json={"answers": [row(cats=0.9, dogs=0.1)]})

    def take(route: Any) -> None:
        asked.append(route.request.post_data_buffer.split(b'filename="')[1][:3].decode())
        if len(asked) <= 4:
            held.append(route)
        else:
            reply(route)

    page.route("**/predict?*", take)
    seen.choose(uploads(*range(60)))
    page.wait_for_function("() => document.querySelectorAll('.card').length === 60")
    page.wait_for_timeout(400)
    assert sorted(asked) == ["000", "001", "002", "003"]  # and no more, however many wait
    page.query_selector_all(".card")[50].scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    for route in held:
        reply(route)
    seen.labels(60)
    assert all(int(name) > 40 for name in asked[4:8]), asked[:12]
    assert len(asked) == len(set(asked)) == 60


def test_a_busy_server_is_asked_again(see: Open) -> None:
    seen = see(about=CATS, expect="503")
    tries: list[int] = []

    def reply(route: Any) -> None:
        tries.append(1)
        if len(tries) < 3:
            route.fulfill(status=503, json={"error": "too many", "hint": "Try again."})
        else:
            route.fulfill(json={"answers": [row(cats=0.9, dogs=0.1)]})

    seen.page.route("**/predict?*", reply)
    seen.choose(uploads(1))
    assert seen.labels(1) == ["cats"]
    assert len(tries) == 3


def test_a_bad_picture_and_a_server_that_is_gone_are_told(see: Open, artefacts: Path) -> None:
    seen = see(expect="ERR_FAILED")
    bad = {"name": "<b>bad</b>.jpg", "mimeType": "image/jpeg", "buffer": b"text"}
    seen.choose([bad, *uploads(1)])
    assert seen.labels(2).count("No answer") == 1
    assert "<b>bad</b>.jpg" in seen.names()
    assert "not a JPEG" in seen.page.inner_text(".failed .why")
    seen.page.screenshot(path=artefacts / "page-1280-error.png", full_page=True)
    seen.page.route("**/predict?*", lambda route: route.abort())
    seen.choose(uploads(2))
    seen.labels(3)
    assert "Is it still running?" in seen.page.inner_text("#answers")


def confident(name: str) -> dict[str, Any]:
    part = 0.5 + int(name[:3]) / 100
    found = row(cats=part, dogs=1 - part)
    if name == "030.jpg":
        found.update(answer="unsure", doubt="unlike the pictures it knows")
    return found


def test_answers_are_sorted_and_filtered(see: Open) -> None:
    seen = see(about=CATS)
    seen.answer_with(confident)
    seen.choose(uploads(20, 10))
    seen.labels(2)
    seen.choose(uploads(30, 5))
    seen.labels(4)
    assert seen.names() == ["030.jpg", "005.jpg", "020.jpg", "010.jpg"]
    seen.page.select_option("#sort", "doubt")
    assert seen.names() == ["030.jpg", "005.jpg", "010.jpg", "020.jpg"]
    seen.page.select_option("#sort", "name")
    assert seen.names() == ["005.jpg", "010.jpg", "020.jpg", "030.jpg"]
    assert seen.page.inner_text("#filter").split("\n") == ["all 4", "cats (3)", "unsure (1)"]
    seen.page.select_option("#filter", "=unsure")
    assert seen.names() == ["030.jpg"]
    seen.page.click("[aria-label='Remove 030.jpg']")
    assert len(seen.names()) == 3  # the filter went with its last picture


def test_one_is_removed_and_put_back(see: Open) -> None:
    seen = see(about=CATS)
    seen.answer_with(confident)
    seen.choose(uploads(1, 2, 3))
    seen.labels(3)
    page = seen.page
    page.click("[aria-label='Remove 002.jpg']")
    assert seen.names() == ["001.jpg", "003.jpg"]
    assert focused(page) == "Remove 003.jpg"
    page.click("#undo")
    assert seen.names() == ["001.jpg", "002.jpg", "003.jpg"]
    assert "cats" in focused(page)
    for name in ("003", "002", "001"):
        page.click(f"[aria-label='Remove {name}.jpg']")
    assert focused(page) == "undo"
    page.keyboard.press("Control+z")
    assert seen.names() == ["001.jpg"]


def test_clearing_can_be_undone_and_what_was_waiting_is_asked_then(see: Open) -> None:
    seen = see(about=CATS)
    page = seen.page
    held: list[Any] = []
    page.route("**/predict?*", lambda route: held.append(route))
    seen.choose(uploads(*range(6)))
    page.wait_for_function("() => document.querySelectorAll('#answers .card').length === 6")
    page.wait_for_timeout(1000)
    assert len(held) == 4
    page.click("#clear")
    assert focused(page) == "undo"
    assert not page.is_visible("#results")
    page.unroute("**/predict?*")
    asked = seen.answer_with(confident)
    page.click("#undo")
    seen.labels(6)
    assert sorted(asked) == [f"{n:03}.jpg" for n in range(6)]
    assert page.inner_text("#progress") == ""
    page.wait_for_function(
        "() => [...document.querySelectorAll('.photo')].every((img) => img.naturalWidth)"
    )
    assert len(page.query_selector_all(".photo")) == 6


def test_answers_are_saved_as_predict_prints_them(see: Open) -> None:
    seen = see(about=CATS)
    seen.answer_with(lambda name: confident("030.jpg" if name.startswith("=") else name))
    evil = {"name": '=HYPERLINK("x").jpg', "mimeType": "image/jpeg", "buffer": photo()}
    seen.choose([evil, *uploads(7)])
    seen.labels(2)
    with seen.page.expect_download() as download:
        seen.page.click("#csv")
    assert download.value.suggested_filename == "answers.csv"
    text = Path(download.value.path()).read_bytes().decode()
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    columns = ["path", "label", "probability", "answer", "doubt", "novelty", "error"]
    assert head == [*columns, "p:cats", "p:dogs"]
    assert rows[0][0] == defused('=HYPERLINK("x").jpg')
    assert rows[0][1:6] == [
        "cats",
        "0.800000",
        "unsure",
        "unlike the pictures it knows",
        "0.100000",
    ]
    assert rows[1] == [
        "007.jpg",
        "cats",
        "0.570000",
        "cats",
        "",
        "0.100000",
        "",
        "0.570000",
        "0.430000",
    ]
    with seen.page.expect_download() as download:
        seen.page.click("#json")
    found = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert [item["path"] for item in found] == ['=HYPERLINK("x").jpg', "007.jpg"]
    assert set(found[0]) == {
        *("path", "label", "probabilities", "error", "answer", "doubt", "novelty")
    }


def test_what_a_cell_begins_with_is_defused_as_everywhere_else(see: Open) -> None:
    cells = ["=1", "-1", "+1", "@a", "'=1", "''=1", "'a", "a", "", " =1", "\t1", "＝1", "p:=1"]
    said = see().page.evaluate(
        "async (cells) => { const {defused} = await import('/download.js');"
        " return cells.map(defused); }",
        cells,
    )
    assert said == [defused(text) for text in cells]


@pytest.mark.parametrize("count", [37, 1000])
def test_of_many_classes_five_are_shown_and_all_when_asked_for(
    see: Open, count: int, artefacts: Path
) -> None:
    names = [f"a class with quite a long name, number {n}" for n in range(count - 2)]
    names += ["Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 3, "قطة صغيرة جدا"]
    seen = see(360, about={"run": "many", "classes": names, "policy": None})
    shares = {name: (n + 1) ** 4 for n, name in enumerate(names)}
    found = row(**{name: share / sum(shares.values()) for name, share in shares.items()})
    seen.answer_with(lambda _: found)
    seen.choose(uploads(1))
    seen.labels(1)
    page = seen.page
    assert len(page.query_selector_all("#answers .bars li")) == 5
    page.click(f"text=All {count:,} classes")
    page.wait_for_selector("#answers .scroll li")
    assert len(page.query_selector_all("#answers .scroll li")) == count
    assert seen.fits()
    page.screenshot(path=artefacts / f"page-360-{count}-classes.png", full_page=True)


def test_a_run_of_other_classes_says_that_the_drawings_are_none_of_them(see: Open) -> None:
    seen = see()
    seen.page.route(
        "**/samples",
        lambda route: route.fulfill(json={"note": "None of its classes.", "samples": []}),
    )
    seen.page.reload()
    seen.page.wait_for_function("() => document.title.includes('cats-dogs')")
    assert not seen.page.is_visible("#samples")
