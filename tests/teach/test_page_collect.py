"""Collecting in a real browser: files in, classes, a grid of thousands, and back again."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Taught, files_of, filled
from tests.teach.sites import picture

pytestmark = pytest.mark.slow

PNG = "image/png"


def taught(browser: Any, start: Start, folder: Path, width: int = 1280) -> Taught:
    _, address = start(folder)
    page = browser.new_page(viewport={"width": width, "height": 800})
    return Taught(page, folder).open(address)


def test_from_an_empty_folder_pictures_come_in_every_way(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    seen = taught(browser, start, tmp_path / "pets")
    page = seen.page
    for name in ("cats", "dogs"):
        page.fill("#class-name", name)
        page.keyboard.press("Enter")
        page.wait_for_selector(f'#classes:has-text("{name}")')
    page.click('#classes button:has-text("cats")')
    page.set_input_files("#files", files_of(1, 2))  # into the class that is shown
    seen.counts(cats=2, dogs=0)
    seen.give("drop", "#classes li:nth-child(2) button", ("3.png", PNG, picture(3)))
    seen.counts(cats=2, dogs=1)
    seen.give("paste", "body", ("image.png", PNG, picture(4)))
    seen.counts(cats=3, dogs=1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in (5, 6):
            archive.writestr(f"set/dogs/{number}.png", picture(number))
        archive.writestr("set/dogs/notes.txt", "no picture")
    page.click('#others button:has-text("All pictures")')
    seen.give("drop", "#drop", ("set.zip", "application/zip", packed.getvalue()))
    seen.counts(cats=3, dogs=3)
    page.wait_for_selector('#refused:has-text("notes.txt")')
    assert page.locator("#refused").inner_text().startswith("1 file not taken")
    seen.give("drop", "#drop", ("again.png", PNG, picture(1, 48)))
    page.wait_for_selector('#done:has-text("1 were there already")')
    seen.counts(cats=3, dogs=3)
    seen.give("drop", "#drop", ("a.pdf", "application/pdf", b"%PDF"))
    seen.says("a.pdf isn't a picture.")
    assert seen.wrong == []
    page.close()


def test_classes_are_renamed_removed_and_come_back(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    seen = taught(browser, start, filled(tmp_path / "pets", cats=3, dgos=2))
    page = seen.page
    page.click('#classes button:has-text("dgos")')
    page.click("#rename")
    page.fill("#new-name", "dogs")
    page.keyboard.press("Enter")
    seen.counts(cats=3, dogs=2)
    page.wait_for_selector('#where:has-text("dogs: 2")')
    page.click("#remove-class")
    seen.counts(cats=3)
    assert len(seen.files("unlabelled")) == 2
    page.wait_for_function("() => document.activeElement.id === 'undo'")
    page.keyboard.press("Enter")
    seen.counts(cats=3, dogs=2)
    page.focus("#tab-collect")
    page.keyboard.press("Control+z")
    seen.counts(cats=3, dgos=2)
    page.keyboard.press("Control+Shift+z")
    seen.counts(cats=3, dogs=2)
    page.fill("#class-name", "a/b")
    page.keyboard.press("Enter")
    page.wait_for_selector("#trouble:not(:empty)")
    assert page.input_value("#class-name") == "a/b"  # to be mended
    page.close()


def test_of_thousands_only_those_in_view_are_in_the_page(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    seen = taught(browser, start, filled(tmp_path / "many", 8, cats=1500, dogs=2))
    page, keys = seen.page, seen.page.keyboard
    seen.counts(cats=1500, dogs=2)  # it is shown before all of it is read
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.click('#classes button:has-text("cats")')
    page.wait_for_selector("#tile-0 img[src]")
    page.focus("#grid")
    keys.press("End")
    page.wait_for_selector("#tile-1499 img[src]")
    keys.press("Home")
    page.wait_for_selector("#tile-0 img[src]")
    assert page.locator(".tile").count() < 120
    assert sum("/thumb/" in url for url in asked) < 250
    assert page.locator("#grid").get_attribute("aria-activedescendant") == "tile-0"
    assert page.locator("#tile-0").get_attribute("aria-setsize") == "1500"
    # Selected by keys, over what was never in view.
    for _ in range(2):
        keys.press("ArrowRight")
    keys.press("Shift+End")
    page.wait_for_selector('#selected:has-text("1,498 selected")')
    keys.press("2")
    seen.counts(cats=2, dogs=1500)
    keys.press("u")
    seen.counts(cats=1500, dogs=2)
    # By hand.
    page.wait_for_selector('#tile-8:not([aria-label="Not loaded yet"])')
    page.click("#tile-3")
    page.click("#tile-5", modifiers=["Shift"])
    page.click("#tile-8", modifiers=["Control"])
    page.wait_for_selector('#selected:has-text("4 selected")')
    page.select_option("#move-to", label="Without a class")
    seen.counts(cats=1496, dogs=2)
    page.click("#tile-0")
    keys.press("Delete")
    seen.counts(cats=1495, dogs=2)
    page.drag_and_drop("#tile-1", "#classes li:nth-child(2) button")
    seen.counts(cats=1494, dogs=3)
    keys.press("Escape")
    page.focus("#grid")
    # All, of which most were seen before these moves, at other places; a key needn't wait for them.
    keys.press("Control+a")
    keys.press("2")
    seen.counts(cats=0, dogs=1497)
    page.keyboard.press("u")
    seen.counts(cats=1494, dogs=3)
    page.wait_for_selector("#tile-0 img[src]")
    page.focus("#grid")
    keys.press("Enter")
    page.wait_for_selector("#large[open] img[src]")
    keys.press("Escape")
    page.wait_for_selector("#large:not([open])", state="attached")
    assert seen.wrong == []
    page.close()


def test_pictures_whose_names_say_classes_are_sorted_by_a_button_and_back(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "flat"
    folder.mkdir()
    for number in range(6):
        name = f"{('cat', 'dog')[number % 2]}.{number}.png"
        (folder / name).write_bytes(picture(number))
    seen = taught(browser, start, folder)
    page = seen.page
    page.wait_for_selector("#sorting:has-text('6 pictures')")
    assert "their names: cat (3) and dog (3)" in page.inner_text("#sorting")
    assert len(list(folder.glob("*.png"))) == 6
    page.click("#sort")
    seen.counts(cat=3, dog=3)
    assert len(list((folder / "dog").glob("*.png"))) == 3
    page.keyboard.press("u")
    page.wait_for_selector("#sorting:has-text('6 pictures')")
    assert len(list(folder.glob("*.png"))) == 6
    assert seen.wrong == []
    page.close()
