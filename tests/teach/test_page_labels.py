"""Labelling in a real browser by keys alone: asked, answered, undone; two tabs."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Taught, files_of, filled, lose_answers
from tests.teach.sites import picture

pytestmark = pytest.mark.slow


def test_classes_are_named_pictures_added_labelled_and_undone_by_keys(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    _, address = start("pets", "--token", "auto")
    pets = tmp_path / "pets"
    seen = Taught(browser.new_page(), pets).open(address)
    page, keys = seen.page, seen.page.keyboard
    for name in ("cats", "dogs"):
        page.fill("#class-name", name)
        keys.press("Enter")
        page.wait_for_selector(f'#classes:has-text("{name}")')
    page.set_input_files("#files", files_of(*range(6)))
    page.wait_for_selector('#unlabelled:has-text("6 without")')
    page.focus("#undo")
    keys.press("n")
    answered = [seen.press(key) for key in "1212"]
    seen.counts(cats=2, dogs=2)
    keys.press("u")
    page.wait_for_selector('#unlabelled:has-text("3 without")')
    seen.asks(answered[3])  # to be answered otherwise
    seen.counts(cats=2, dogs=1)
    keys.press("Control+Shift+z")
    seen.counts(cats=2, dogs=2)
    last = seen.asked(*answered)
    assert page.get_attribute("#picture", "src").startswith("blob:")
    keys.press("ArrowRight")
    chosen = page.inner_text("#choices .main bdi")
    page.focus("#next-title")
    keys.press("Enter")
    seen.asked(last)
    assert len(seen.files(chosen)) == 3
    skipped = seen.asked()
    keys.press(" ")
    page.wait_for_function(
        "id => document.getElementById('picture').dataset.id !== id", arg=skipped
    )
    (pets / "cats" / "9.png").write_bytes(picture(9))  # by another program
    page.wait_for_function(
        "n => Number(document.querySelector('#classes li .number').textContent) === n",
        arg=len(seen.files("cats")),
    )
    assert seen.wrong == []
    page.close()


def test_two_tabs_dont_overwrite_each_other(browser: Any, start: Start, tmp_path: Path) -> None:
    folder = filled(tmp_path / "pets", cats=2, dogs=2, unlabelled=6)
    _, address = start(folder)
    one, two = (Taught(browser.new_page(), folder).open(address) for _ in range(2))
    for seen in (one, two):  # as what is asked depends on what was learned
        seen.page.wait_for_selector('#learning:has-text("all there is")')
        seen.page.click("#tab-next")
    id = one.asked()
    assert two.asked() == id
    # The second one hears nothing of the first, as it hears late.
    two.page.route("**/teach/changes?*", lambda route: None)
    two.page.route("**/teach/pictures/*", lambda route: route.abort())
    one.press("1")
    one.counts(cats=3, dogs=2)
    two.page.unroute("**/teach/pictures/*")
    two.page.keyboard.press("2")
    two.says("Changed meanwhile")
    assert "cats" in two.page.inner_text("#trouble")
    two.counts(cats=3, dogs=2)
    two.asked(id)  # it goes on to another one
    two.press("2")
    one.counts(cats=3, dogs=3)
    # Each takes back its own.
    one.page.keyboard.press("u")
    one.counts(cats=2, dogs=3)
    one.page.close()
    two.page.close()


def test_what_is_said_while_the_server_is_gone_is_sent_once_it_is_back(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    folder = filled(tmp_path / "pets", cats=2, dogs=2, unlabelled=4)
    process, address = start(folder)
    seen = Taught(browser.new_page(), folder).open(address, "next")
    id = seen.asked()
    process.send_signal(signal.SIGKILL)
    process.wait()
    seen.page.keyboard.press("2")
    seen.page.wait_for_selector('#gone:has-text("will be sent")')
    assert len(seen.files("dogs")) == 2
    start(folder, "--port", address.rstrip("/").rpartition(":")[2])
    seen.counts(cats=2, dogs=3)
    seen.page.wait_for_selector("#gone", state="hidden")
    seen.asked(id)
    # The answer to an undo gets lost on its way: it is sent again, and done once.
    seen.press("1")
    seen.counts(cats=3, dogs=3)
    lost = lose_answers(seen.page, "**/teach/undo")
    seen.page.evaluate("document.getElementById('done').textContent = ''")
    seen.page.keyboard.press("u")
    seen.page.wait_for_selector('#done:has-text("Taken back: 1 picture: cats")')
    seen.counts(cats=2, dogs=3)
    assert lost == [lost[0]] * 3
    seen.page.keyboard.press("u")
    seen.counts(cats=2, dogs=2)
    seen.page.close()
