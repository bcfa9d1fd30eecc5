"""The page on a phone: by touch, within its width, without https."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Taught, files_of, filled

pytestmark = pytest.mark.slow

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
SMALL = """() => [...document.querySelectorAll("button, input, select, summary, .switch")]
  .filter((node) => node.checkVisibility() && !node.matches(".switch input"))
  .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect().height])
  .filter(([, height]) => height < 44)"""
WORDS = "Few pictures, so that all are trained on. " * 5
FAILED = {
    **{"id": "1", "kind": "train", "run": "taught", "state": "failed", "seconds": 3.0},
    **{"command": "tl-catdog train", "download": False},
    "lines": [WORDS, "Error: expected pictures in dogs.", "Add some."],
}
RUNNING = {**FAILED, "id": "2", "state": "running", "lines": []}  # so it is asked again and again


def test_a_phone_adds_to_the_class_that_is_shown_labels_and_keeps_within_its_width(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    folder = filled(tmp_path / "pets", cats=1, unlabelled=2)
    (folder / ("very_long_name_" * 6)).mkdir()
    (folder / "כלבים").mkdir()
    _, address = start(folder)
    context = browser.new_context(**PHONE)
    context.add_init_script("delete Navigator.prototype.mediaDevices")  # as without https
    seen = Taught(context.new_page(), folder).open(address)
    page = seen.page
    page.tap('#classes button:has-text("כלבים")')
    photograph = "#camera input[type=file]"
    with page.expect_file_chooser():
        page.tap('#camera button:has-text("Take a photograph")')
    page.set_input_files(photograph, files_of(7))
    page.wait_for_selector('#camera p:has-text("1 photograph added to")')
    assert len(seen.files("כלבים")) == 1
    page.wait_for_selector("#tile-0 img[src]")
    page.tap("#tile-0")
    page.tap("#enlarge")  # there is no second click
    page.wait_for_selector("#large[open] img[src]")
    page.tap("#large-close")
    page.route("**/teach/jobs", lambda route: route.fulfill(json={"jobs": [RUNNING, FAILED]}))
    for tab in ("collect", "next", "try", "keep"):
        page.tap(f"#tab-{tab}")
        if tab == "next":
            seen.asked()
            within = page.locator("#choices button").first.bounding_box()
            assert within["y"] + within["height"] < 740
        if tab == "keep":
            why = '.jobs [role=alert]:has-text("Expected pictures in dogs. Add some.")'
            page.wait_for_selector(why)
            page.tap(".jobs article:has([role=alert]) summary")
            page.fill(".keeping input", "a/b")
            page.tap(".keeping button.main")
            page.wait_for_selector('#keep-panel > .bad:has-text("a/b")')
            for _ in range(2):
                with page.expect_response("**/teach/jobs"):
                    pass
            assert "a/b" in page.inner_text("#keep-panel > .bad")
        assert seen.fits(), tab
        assert page.evaluate(SMALL) == [], tab
    assert [told for told in seen.wrong if "400" not in told] == []  # but of the name
    context.close()
