"""Answers that come late: what is said meanwhile is done as well, and what is seen stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Held, Taught, filled, lose_answers
from tests.teach.sites import picture

pytestmark = pytest.mark.slow


@pytest.fixture
def seen(browser: Any, start: Start, tmp_path: Path) -> Any:
    folder = filled(tmp_path / "pets", cats=9, dogs=2)
    _, address = start(folder)
    opened = Taught(browser.new_page(), folder).open(address)
    opened.counts(cats=9, dogs=2)
    opened.page.click('#classes button:has-text("cats")')
    opened.page.wait_for_selector('#where:has-text("cats: 9")')
    opened.page.wait_for_selector('#tile-8:not([aria-label="Not loaded yet"])')
    yield opened
    assert opened.wrong == []
    opened.page.close()


def test_pictures_selected_while_others_are_moved_stay_selected_and_are_moved_too(
    seen: Taught,
) -> None:
    page, keys = seen.page, seen.page.keyboard
    moved, said, told = (Held(page, f"**/teach/{path}") for path in ("label", "said", "state"))
    sixth = (page.get_attribute("#tile-5", "aria-label") or "").split(",")[0]
    page.click("#tile-0")
    page.click("#tile-1", modifiers=["Control"])
    page.select_option("#move-to", label="Without a class")
    moved.wait()
    page.click("#tile-2")
    page.click("#tile-3", modifiers=["Control"])
    keys.press("Delete")  # is sent after it
    page.click("#tile-4")
    moved.let_go()
    told.wait()
    assert page.inner_text("#selected") == "1 selected"
    keys.press("2")
    told.let_go()
    # What names say is asked for as some have no class now; nothing waits for that.
    seen.counts(cats=4, dogs=3)
    said.wait()
    page.wait_for_selector(f'#tile-0[aria-label^="{sixth}"]')
    page.click("#tile-0")
    keys.press("2")
    seen.counts(cats=3, dogs=4)
    said.let_go()
    assert len(seen.files("unlabelled")) == 2
    # Thumbnails of those that were removed may have been asked for before the page knew.
    seen.wrong[:] = [words for words in seen.wrong if "404" not in words]
    assert page.is_hidden("#trouble-box")


def test_a_key_pressed_twice_before_the_answer_is_meant_once(seen: Taught) -> None:
    page, keys = seen.page, seen.page.keyboard
    second = (page.get_attribute("#tile-1", "aria-label") or "").split(",")[0]
    moved, told = Held(page, "**/teach/label"), Held(page, "**/teach/pictures?*")
    page.focus("#grid")
    for _ in range(2):
        keys.press("2")
    moved.wait()
    keys.press("2")
    moved.let_go()
    told.wait()
    seen.counts(cats=8, dogs=3)
    keys.press("2")  # what is shown at this place is of before
    told.let_go()
    page.wait_for_selector(f'#tile-0[aria-label^="{second}"]')
    keys.press("2")
    seen.counts(cats=7, dogs=4)
    assert page.is_hidden("#trouble-box")


def test_the_next_class_is_typed_before_the_first_one_is_there(seen: Taught) -> None:
    page, keys = seen.page, seen.page.keyboard
    named = Held(page, "**/teach/classes", "POST")
    page.focus("#class-name")
    keys.type("birds")
    keys.press("Enter")
    named.wait()
    keys.type("fi")
    named.let_go()
    page.wait_for_selector('#classes:has-text("birds")')
    keys.type("sh")
    keys.press("Enter")
    page.wait_for_selector('#classes:has-text("fish")')
    page.fill("#class-name", "CON")
    keys.press("Enter")
    page.wait_for_selector("#trouble-box:not([hidden])")
    assert page.input_value("#class-name") == "CON"  # to be mended
    (refused,) = seen.wrong
    assert "422" in refused or "400" in refused
    seen.wrong.clear()


def test_who_looks_at_another_class_while_one_is_renamed_or_removed_stays_there(
    seen: Taught,
) -> None:
    page, keys = seen.page, seen.page.keyboard
    renamed = Held(page, "**/teach/classes/rename")
    page.click("#rename")
    page.fill("#new-name", "tigers")
    keys.press("Enter")
    renamed.wait()
    page.click('#classes button:has-text("dogs")')
    renamed.let_go()
    seen.counts(dogs=2, tigers=9)
    assert page.inner_text("#where") == "dogs: 2"
    removed = Held(page, "**/teach/classes/remove")
    page.dblclick("#remove-class")
    removed.wait()
    page.click('#classes button:has-text("tigers")')
    removed.let_go()
    seen.counts(tigers=9)
    assert page.inner_text("#where") == "tigers: 9"
    assert page.is_hidden("#trouble-box")


def test_what_came_of_a_correction_isn_t_told_of_the_next_picture(seen: Taught) -> None:
    page = seen.page
    page.wait_for_selector('#learning:has-text("all there is")')
    page.click("#tab-try")
    added = Held(page, "**/teach/pictures?class=*")
    chosen = page.locator("#try-panel input[type=file]:not(#photograph)")
    for number in (50, 51):
        chosen.set_input_files(
            {"name": f"{number}.png", "mimeType": "image/png", "buffer": picture(number)}
        )
        page.wait_for_selector(f'#try-panel img[alt$="{number}.png"]')
        page.wait_for_selector("#try-panel .answer")
        if number == 50:
            page.dblclick('#try-panel fieldset button:has-text("dogs")')
            added.wait()
    assert len(added.waiting or ()) == 1
    added.let_go()
    seen.counts(cats=9, dogs=3)
    assert "Added" not in page.inner_text("#try-panel")


def test_a_job_whose_answer_got_lost_is_begun_once_and_shown(seen: Taught) -> None:
    page = seen.page
    page.click("#tab-keep")
    page.wait_for_selector(".keeping code:has-text('tl-catdog train')")
    sent = lose_answers(page, "**/teach/runs")
    page.click(".keeping button.main")
    page.click('.jobs button:has-text("Stop it")')
    page.wait_for_selector('.jobs article:has-text("was stopped")')
    assert page.locator(".jobs article").count() == 1
    assert page.locator("#keep-panel [role=alert]").first.inner_text() == ""
    assert sent == [sent[0]] * 3
    seen.wrong[:] = [words for words in seen.wrong if "ERR_FAILED" not in words]


def test_two_clicks_begin_one_job(seen: Taught) -> None:
    page = seen.page
    page.click("#tab-keep")
    page.wait_for_selector(".keeping code:has-text('tl-catdog train')")
    saved = Held(page, "**/teach/runs", "POST")
    for _ in range(2):
        page.click(".keeping button.main")
    saved.wait()
    page.wait_for_timeout(200)
    saved.let_go()
    page.wait_for_selector(".jobs article")
    page.click('.jobs button:has-text("Stop it")')
    page.wait_for_selector('.jobs article:has-text("was stopped")')
    assert page.locator(".jobs article").count() == 1
