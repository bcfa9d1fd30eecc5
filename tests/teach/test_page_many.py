"""Many pictures: what was scrolled past is let go by the page; for the server see test_app.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Taught, filled

STEP = """grid => {
  const before = grid.scrollTop;
  grid.scrollTop += grid.clientHeight;
  return grid.scrollTop > before;
}"""

pytestmark = pytest.mark.slow


def test_pictures_that_are_scrolled_past_before_they_come_are_let_go(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    _, address = start(filled(tmp_path / "many", 8, cats=400))
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    Taught(page, tmp_path / "many").open(address)
    page.route("**/teach/thumb/*", lambda route: None)  # they never come
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    grid, nodes = page.locator("#grid"), []
    for _ in range(2):
        grid.evaluate("grid => { grid.scrollTop = 0; }")
        while grid.evaluate(STEP):
            page.wait_for_timeout(110)  # so long that each is asked for
        session.send("HeapProfiler.collectGarbage")
        found = session.send("Performance.getMetrics")["metrics"]
        nodes.append(next(one["value"] for one in found if one["name"] == "Nodes"))
    assert nodes[1] < nodes[0] + 300, nodes
    page.close()


def test_pictures_that_were_loaded_ahead_are_let_go_once_they_were_asked(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    folder = filled(tmp_path / "pets", 16, cats=2, dogs=2, unlabelled=16)
    _, address = start(folder)
    seen = Taught(browser.new_page(), folder).open(address, "next")
    for number in range(12):
        seen.press("12"[number % 2])
    session = seen.page.context.new_cdp_session(seen.page)
    session.send("DOM.enable")
    images: list[Any] = []
    for _ in range(100):  # some may be on their way yet
        session.send("HeapProfiler.collectGarbage")
        found = session.send("DOM.getDetachedDomNodes")["detachedNodes"]
        images = [one for one in found if one["treeNode"]["nodeName"] == "IMG"]
        if len(images) <= 4:
            break
        seen.page.wait_for_timeout(100)
    assert len(images) <= 4  # three are loaded ahead
    seen.page.close()
