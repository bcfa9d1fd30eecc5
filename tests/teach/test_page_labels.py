"""The page in a real browser: from an empty folder to labels that are given by keys alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.sites import picture

pytestmark = pytest.mark.slow


def test_classes_are_named_pictures_added_labelled_and_undone_by_keys(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(picture(number, 64))
    _, address = start("pets", "--token", "auto")
    page, wrong = browser.new_page(), []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("response", lambda got: got.status >= 400 and wrong.append(got.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address)
    for name in ("cats", "dogs"):
        page.fill("#class-name", name)
        page.keyboard.press("Enter")
        page.wait_for_selector(f'#classes:has-text("{name}")')
    page.set_input_files("#files", [str(tmp_path / f"{number}.png") for number in range(6)])
    page.wait_for_selector('#unlabelled:has-text("6 without")')
    page.focus("#undo")
    page.wait_for_selector('#picture[alt$=".png"]')
    for key in "1212":
        before = page.get_attribute("#picture", "alt")
        page.keyboard.press(key)
        page.wait_for_selector(f'#picture:not([alt="{before}"])')
    pets = tmp_path / "pets"
    assert [len(list((pets / name).iterdir())) for name in ("cats", "dogs")] == [2, 2]
    page.keyboard.press("u")
    page.wait_for_selector('#unlabelled:has-text("3 without")')
    assert len(list((pets / "dogs").iterdir())) == 1
    assert page.get_attribute("#picture", "src").startswith("blob:")
    (pets / "cats" / "9.png").write_bytes(picture(9))  # by another program
    page.wait_for_selector('#classes li:first-child:has-text("3")')
    assert wrong == []
    page.close()
