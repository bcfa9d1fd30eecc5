"""Keep: what an earlier server began is shown, and a training that was killed goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.teach.conftest import Start
from tests.teach.page_room import Taught, filled
from tl_catdog.runs.unfinished import Begun, write_begun
from tl_catdog.runs.writer import RunWriter
from tl_catdog.teach.child import END
from tl_catdog.teach.records import Record, Records

pytestmark = pytest.mark.slow


def test_what_an_earlier_server_began_is_there_and_goes_on(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    folder = filled(tmp_path / "pets", cats=2, dogs=2)
    writer = RunWriter(tmp_path / "models", "half")
    write_begun(writer.path, Begun({}, str(folder), False, "/", {}, {}))
    writer._lock.release()  # as by a kill
    (folder / ".teach").mkdir()
    records = Records(folder / ".teach/jobs")
    number = records.begin(
        Record("train", "half", ("train", "--run", "half"), "", str(tmp_path), 5.0)
    )
    records.log(number).write_text("epoch 3 of 9\n")
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports/mine.html").write_text("<p>report</p>")
    number = records.begin(Record("report", "mine", ("report", "mine"), "", str(tmp_path), 6.0))
    (records.folder / f"{number}{END}").write_text("0")
    _, address = start(folder)
    seen = Taught(browser.new_page(), folder).open(address, "keep")
    page = seen.page
    seen.says("half failed")
    assert page.text_content("article:last-child pre") == "epoch 3 of 9"
    with page.expect_download() as saved:
        page.click("text=Save the report")
    assert Path(saved.value.path()).read_text() == "<p>report</p>"
    page.click("button[aria-label='Go on with half']")
    page.wait_for_selector("article[data-id='3']")
    assert page.text_content("article[data-id='3'] code") == "tl-catdog train --resume half"
    assert seen.wrong == []
