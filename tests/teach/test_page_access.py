"""The page for everybody: axe's rules in each tab, widths, the keyboard, what is read out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Taught, filled

pytestmark = pytest.mark.slow

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
}


def test_axe_finds_nothing_in_any_tab(
    browser: Any, start: Start, tmp_path: Path, artefacts: Path
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    folder = filled(tmp_path / "pets", cats=12, dogs=12, unlabelled=4)
    (folder / "cats" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    _, address = start(folder)
    axe = Axe()
    for width, look in ((1280, "light"), (1280, "dark"), (768, "forced"), (360, "light")):
        page = browser.new_page(viewport={"width": width, "height": 800}, **LOOKS[look])
        seen = Taught(page, folder).open(address)
        page.wait_for_selector("#tile-0 img[src]")
        page.focus("#grid")
        page.keyboard.press("Shift+ArrowRight")
        page.wait_for_selector("#selection-tools")
        for tab in ("collect", "next", "try", "keep"):
            page.click(f"#tab-{tab}")
            page.wait_for_selector(f"[aria-labelledby=tab-{tab}]")
            if tab == "next":
                seen.asked()
            found = axe.run(page).response["violations"]
            told = [(item["id"], [node["html"] for node in item["nodes"]]) for item in found]
            assert told == [], (tab, width, look)
            assert seen.fits(), (tab, width, look)
            page.screenshot(path=artefacts / f"teach-{width}-{look}-{tab}.png", full_page=True)
        assert [told for told in seen.wrong if "422" not in told] == []  # but of the broken one
        page.close()


def test_the_keyboard_reaches_everything_and_readers_hear_what_is_asked(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    folder = filled(tmp_path / "pets", cats=2, dogs=2, unlabelled=3)
    _, address = start(folder)
    seen = Taught(browser.new_page(), folder).open(address)
    page, keys = seen.page, seen.page.keyboard

    def reach(wanted: str) -> None:
        for _ in range(40):
            keys.press("Tab")
            if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline == "solid", wanted
                return
        raise AssertionError(f"no way to {wanted}")

    reach("#tab-collect")
    reach("#classes button")
    reach("#class-name")
    reach("#choose")
    reach("#grid")
    page.focus("#tab-collect")
    keys.press("ArrowRight")
    assert page.get_attribute("#tab-next", "aria-selected") == "true"
    seen.asked()
    said = page.inner_text("#said")
    assert "What is it?" in said
    assert page.inner_text("#reason") in said
    reach("#kind")
    reach("#choices button")
    reach("#actions button")
    before = seen.asked()
    keys.press(" ")  # the button has the focus: it is Skip
    assert seen.asked(before) != before
    keys.press("u")
    seen.asks(before)
    page.close()
