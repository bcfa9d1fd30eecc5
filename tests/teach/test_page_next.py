"""What to do next in a real browser: each kind is answered by keys and by buttons, and undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Taught, filled
from tests.teach.sites import picture

pytestmark = pytest.mark.slow


def told(page: Any, kind: str, **more: object) -> None:
    """Say that the learner found something of a picture, from which no server has to learn here."""

    def answer(route: Any) -> None:
        found = route.fetch().json()
        (one,) = page.request.get(found_at).json()["pictures"][:1]
        row = {"kind": kind, "reason": f"It is {kind}.", "id": one["id"], "label": one["label"]}
        row |= {"guesses": [["dogs", 0.567]], "other": "", "seems": "", "picture": one}
        found["next"] = [] if one["kept"] else [{**row, "beside": None, **more}]
        found["kinds"][kind] = len(found["next"])
        route.fulfill(json=found)

    found_at = f"{page.url.split('#')[0]}teach/pictures?class=cats&limit=1"
    page.unroute("**/teach/next?*")
    page.route("**/teach/next?*", answer)


def test_each_kind_is_kept_changed_skipped_or_removed(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    folder = filled(tmp_path / "pets", cats=2, dogs=2)
    for number in range(11):  # more classes than keys
        (folder / f"x{number:02}").mkdir()
    (folder / "cats" / "broken.png").write_bytes(picture(1)[:60])
    (folder / "dogs" / "copy.png").write_bytes((folder / "cats" / "00001.png").read_bytes())
    _, address = start(folder)
    seen = Taught(browser.new_page(), folder).open(address, "next")
    page, keys = seen.page, seen.page.keyboard
    reason, done = page.locator("#reason"), page.locator("#done")

    # Copies, both shown: one answer is of both, and undo asks the same again.
    page.wait_for_selector('#kind option[value="copy"]', state="attached")
    page.select_option("#kind", "copy")
    page.wait_for_selector("#beside img[src]")
    assert "a copy of it in" in reason.inner_text()
    assert page.inner_text("#kind option:checked") == "copies (1)"
    for key in ["k", "x"]:
        page.wait_for_selector("#picture[data-id]")
        page.focus("#next-title")
        keys.press(key)
        page.wait_for_selector("#stand", state="hidden")
        assert "Nothing of this kind is left" in page.inner_text("#said")
        keys.press("u")
        page.wait_for_selector("#beside img[src]")
        assert done.inner_text().startswith("Taken back: 1 picture")

    # What can't be read has no class to be chosen; a button that was used stays in reach.
    page.select_option("#kind", "broken")
    page.wait_for_selector('#caption:has-text("broken.png")')
    page.wait_for_selector("#picture[data-id]", state="attached")
    assert page.locator("#choices button").count() == 0
    page.focus('#actions button:has-text("Remove")')
    keys.press("Enter")
    page.wait_for_selector("#stand", state="hidden")
    assert not (folder / "cats" / "broken.png").exists()
    assert page.evaluate("document.activeElement.id") == "next-title"
    keys.press("u")
    page.wait_for_selector('#caption:has-text("broken.png")')
    assert (folder / "cats" / "broken.png").exists()
    page.wait_for_selector("#picture[data-id]", state="attached")
    keys.press("x")
    page.wait_for_selector("#stand", state="hidden")

    # A doubt: kept by its own class, changed by Enter, which takes what it seems; a field by c.
    told(page, "doubt", seems="dogs")
    page.select_option("#kind", "")
    page.wait_for_selector('#reason:has-text("It is doubt")')
    assert page.inner_text("#guess") == "It seems to be dogs, 57 %"
    assert page.inner_text("#choices .main bdi") == "dogs"
    for key, cats in (("Enter", 1), ("1", 2), (" ", 2), ("c", 1)):
        asked = seen.asked()
        page.focus("#next-title")
        keys.press(key)
        if key == "c":
            keys.type("x05")
            keys.press("Enter")
        page.wait_for_function(
            "id => document.getElementById('picture').dataset.id !== id", arg=asked
        )
        assert len(seen.files("cats")) == cats
        assert page.evaluate("document.activeElement.id") == "next-title"
        keys.press("u")
        seen.asks(asked)
    assert len(seen.files("cats")) == 2

    # Unlike all others; and whether more would help, which is no question.
    told(page, "unlike")
    page.select_option("#kind", "copy")
    page.wait_for_selector('#next-title:has-text("Does it belong here?")')
    told(page, "enough", id="", picture=None)
    page.select_option("#kind", "")
    page.wait_for_selector('#next-title:has-text("How far it is")')
    page.click('#actions button:has-text("Keep it")')
    assert page.get_attribute("#tab-keep", "aria-selected") == "true"
    page.unroute("**/teach/next?*")
    page.click("#tab-next")
    page.wait_for_selector('#kind option[value="lacking"]', state="attached")
    page.select_option("#kind", "lacking")
    page.click('#actions button:has-text("Add pictures of")')
    assert page.evaluate("document.activeElement.id") == "choose"
    assert [told for told in seen.wrong if "422" not in told] == []  # but of the broken one
    page.close()
